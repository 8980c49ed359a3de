import type { RecordableHistogram } from 'node:perf_hooks';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import type { BatchLayout } from './rivals/batch-memory.ts';

/** What the main thread puts up for the threads that it starts from then on. */
class ThreadData<T extends object> {
  readonly #key: string;

  constructor(name: string) {
    this.#key = `ganglion bench ${name}`;
  }

  set(value: T): void {
    setEnvironmentData(this.#key, value);
  }

  /** Throws on a thread that was started before there was any. */
  get(): T {
    const value = getEnvironmentData(this.#key) as T | undefined;
    if (value === undefined) throw new Error(`${this.#key} was not there when this thread started`);
    return value;
  }
}

export const TALLY: ThreadData<SharedArrayBuffer> = new ThreadData('tally');
export const LATENCY: ThreadData<RecordableHistogram> = new ThreadData('latency');
export const STORM: ThreadData<SharedArrayBuffer> = new ThreadData('storm');
export const BATCHES: ThreadData<BatchLayout> = new ThreadData('batches');
export const GAUGE_MEMORY: ThreadData<SharedArrayBuffer> = new ThreadData('gauge');
/** Float64: when the handler that overruns its deadline began. */
export const STARTED: ThreadData<SharedArrayBuffer> = new ThreadData('started');
/** Int32: whether the busy loop runs; whether it is to stop. */
export const SPIN: ThreadData<SharedArrayBuffer> = new ThreadData('spin');
/** Int32: what the subscription with a limit has handled. */
export const LIMITED: ThreadData<SharedArrayBuffer> = new ThreadData('limited');
