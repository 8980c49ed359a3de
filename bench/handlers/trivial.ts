import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();

/** Looks at nothing, so that the payload is not decoded. */
export default function trivial(): void {
  tally.add(1);
}
