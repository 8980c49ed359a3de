import type { BusEvent } from '../../src/worker.ts';
import { LatencyRecorder } from '../latency.ts';
import type { TimedOrder } from '../latency-side.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();
const latency = new LatencyRecorder();

/** Adds up, and notes how long after it was due that was done. */
export default function timed(event: BusEvent): void {
  const { amount, at } = event.payload as TimedOrder;
  tally.add(amount);
  latency.record(at);
}
