import { FixedQueue, Piscina } from 'piscina';

/** Piscina's three ways to hand a task over; `tasks`: how many a thread may have at a time. */
export interface PoolSettings {
  readonly atomics: 'sync' | 'async' | 'disabled';
  readonly tasks: number;
}

export function settingsName({ atomics, tasks }: PoolSettings): string {
  return `atomics ${atomics}, ${tasks} tasks per worker`;
}

/** With the settings its documentation gives for speed: a fixed number of threads, the fast queue, no timing. */
export function openPool(module: URL, threads: number, { atomics, tasks }: PoolSettings): Piscina {
  return new Piscina({
    filename: module.href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: tasks,
    taskQueue: new FixedQueue(),
    recordTiming: false,
    workerHistogram: false,
    atomics,
  });
}

export const ATOMICS: readonly PoolSettings['atomics'][] = ['sync', 'async', 'disabled'];
