import type { BusEvent } from '../../src/worker.ts';
import { burn } from '../burn.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();

/** About 10 ms of work. */
export default function burnOne(event: BusEvent): void {
  tally.add(burn(event.payload.seed as number));
}
