import type { Order } from '../events.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();

/** A Piscina task that gets its event as a structured clone. */
export function clone(order: Order): void {
  tally.add(order.amount);
}

/** … as JSON text. */
export function text(json: string): void {
  tally.add((JSON.parse(json) as Order).amount);
}
