import { workerData } from 'node:worker_threads';
import { SPIN } from '../thread-data.ts';

const flag = new Int32Array(SPIN.get());

/** A busy loop until it is told to stop, which the thread's event loop could not do. */
export default function spin(): void {
  Atomics.store(flag, 0, 1);
  while (Atomics.load(flag, 1) === 0);
}

if (workerData === 'spin') spin();
