// What every pool of the rivals runs in its threads: the same work that ganglion's handlers do.
import type { Order } from '../events.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();

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
