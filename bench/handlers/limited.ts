import { getEnvironmentData } from 'node:worker_threads';

const done = new Int32Array(getEnvironmentData('ganglion bench limited') as SharedArrayBuffer);

/** The handler of the subscription that may have a limit: counts apart from the others. */
export default function limited(): void {
  Atomics.add(done, 0, 1);
}
