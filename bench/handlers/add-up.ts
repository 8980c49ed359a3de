import type { BusEvent } from '../../src/worker.ts';
import type { Order } from '../events.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();

/** The trivial handler: it reads one field, so that the payload is really decoded. */
export default function addUp(event: BusEvent): void {
  tally.add((event.payload as Order).amount);
}
