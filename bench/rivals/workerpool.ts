import { fileURLToPath } from 'node:url';
import { pool as openPool } from 'workerpool';
import type { TaskPool, TaskPools } from './task-pool.ts';

const WORKER: string = fileURLToPath(new URL('./workerpool-worker.js', import.meta.url));

/** A fixed number of worker threads; it has no other setting that concerns speed. */
const open = async ({ threads }: { threads: number }): Promise<TaskPool> => {
  const pool = openPool(WORKER, { workerType: 'thread', minWorkers: threads, maxWorkers: threads });
  return {
    run: async (task, input) => pool.exec(task, [input]),
    close: async () => pool.terminate(true),
  };
};

export const plain: TaskPools = { 'worker threads': open };
