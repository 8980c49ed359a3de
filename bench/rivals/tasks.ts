// What every pool of the rivals runs in its threads: the same work that ganglion's handlers do.
import { amountOf } from '../bodies.ts';
import { type CpuTask, WORK } from '../cpu-work.ts';
import type { Order } from '../events.ts';
import { LatencyRecorder } from '../latency.ts';
import type { TimedOrder } from '../latency-side.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();
const latency = new LatencyRecorder();

/** The event as a structured clone. */
export function clone(order: Order): void {
  tally.add(order.amount);
}

/** … as JSON text. */
export function text(json: string): void {
  tally.add((JSON.parse(json) as Order).amount);
}

/** Looks at nothing. */
export function trivial(_event: unknown): void {
  tally.add(1);
}

/** Notes how long after it was due it was done. */
export function timed({ amount, at }: TimedOrder): void {
  tally.add(amount);
  latency.record(at);
}

/** Does what it is asked for. */
export function cpu({ work, input }: CpuTask): void {
  tally.add(WORK[work].run(input));
}

/** Bytes. */
export function body(bytes: Uint8Array): void {
  tally.add(amountOf(bytes));
}
