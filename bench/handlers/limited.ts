import { LIMITED } from '../thread-data.ts';

const done = new Int32Array(LIMITED.get());

/** The handler of the subscription that may have a limit: counts apart from the others. */
export default function limited(): void {
  Atomics.add(done, 0, 1);
}
