import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';
import type { TaskPool, TaskPools } from './task-pool.ts';

const WORKER: string = fileURLToPath(new URL('./poolifier-worker.js', import.meta.url));

const open =
  (queue: number | undefined) =>
  async ({ threads }: { threads: number }): Promise<TaskPool> => {
    const pool = new FixedThreadPool<unknown, unknown>(threads, WORKER, {
      ...(queue === undefined
        ? { enableTasksQueue: false }
        : { enableTasksQueue: true, tasksQueueOptions: { concurrency: queue, tasksFinishedTimeout: 100 } }),
      errorHandler: (error) => {
        throw error;
      },
    });
    return {
      run: (task, input) => pool.execute(input, task),
      // Its promise stays open for ever where a thread has ended before it looks, and it leaves threads behind.
      close: async () => {
        const workers = pool.workerNodes.map(({ worker }) => worker);
        const exited = workers.map((worker) => once(worker, 'exit'));
        await Promise.race([pool.destroy(), Promise.all(exited)]);
        await Promise.all(workers.map((worker) => worker.terminate()));
      },
    };
  };

/** Its benchmark of pools runs without the queue; with it the pool balances by what threads have left to do. */
export const plain: TaskPools = {
  'no tasks queue': open(undefined),
  'tasks queue, 1 at a time': open(1),
  'tasks queue, 16 at a time': open(16),
};
