import type { BusEvent } from '../../src/worker.ts';
import { type CpuTask, WORK } from '../cpu-work.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();

/** Does the work that the event names. */
export default function cpu(event: BusEvent): void {
  const { work, input } = event.payload as CpuTask;
  tally.add(WORK[work].run(input));
}
