import type { BusEvent } from '../../src/worker.ts';
import { amountOf } from '../bodies.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();

/** Looks at the event's bytes. */
export default function body(event: BusEvent): void {
  tally.add(amountOf(event.body!));
}
