import { FixedQueue, Piscina } from 'piscina';
import type { TaskPool, TaskPools } from './task-pool.ts';
import { TASKS } from './task-pool.ts';

/** Piscina's three ways to hand a task over; `tasks`: how many a thread may have at a time. */
export interface PoolSettings {
  readonly atomics: 'sync' | 'async' | 'disabled';
  readonly tasks: number;
}

export function settingsName({ atomics, tasks }: PoolSettings): string {
  return `atomics ${atomics}, ${tasks} task${tasks === 1 ? '' : 's'} per worker`;
}

/** With the settings its documentation gives for speed: a fixed number of threads, the fast queue, no timing. */
export function openPiscina(module: URL, threads: number, { atomics, tasks }: PoolSettings): Piscina {
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

const ATOMICS: readonly PoolSettings['atomics'][] = ['sync', 'async', 'disabled'];

/** All its settings with one of these numbers of tasks that a thread may have. */
export function settings(...tasks: number[]): PoolSettings[] {
  return ATOMICS.flatMap((atomics) => tasks.map((each) => ({ atomics, tasks: each })));
}

function pools(all: readonly PoolSettings[]): TaskPools {
  const open =
    (one: PoolSettings) =>
    async ({ threads }: { threads: number }): Promise<TaskPool> => {
      const pool = openPiscina(TASKS, threads, one);
      // One object per task name, so that the pool sees the same ones again.
      const options: Record<string, { name: string }> = {};
      return {
        run: (task, input, move) => {
          if (move !== undefined) return pool.run(input, { name: task, transferList: [...move] as never });
          options[task] ??= { name: task };
          return pool.run(input, options[task]);
        },
        close: () => pool.destroy(),
      };
    };
  return Object.fromEntries(all.map((one) => [settingsName(one), open(one)]));
}

/** For many small tasks. */
export const eager: TaskPools = pools(settings(1, 16));
/** For tasks that take long, or of which one waits for the next. */
export const plain: TaskPools = pools(settings(1));
