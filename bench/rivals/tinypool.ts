import { Tinypool } from 'tinypool';
import { TASKS, type TaskPool, type TaskPools } from './task-pool.ts';

const open =
  (useAtomics: boolean, tasks: number) =>
  async ({ threads }: { threads: number }): Promise<TaskPool> => {
    const pool = new Tinypool({
      filename: TASKS.href,
      runtime: 'worker_threads',
      minThreads: threads,
      maxThreads: threads,
      isolateWorkers: false,
      useAtomics,
      concurrentTasksPerWorker: tasks,
    });
    return { run: (name, input) => pool.run(input, { name }), close: () => pool.destroy() };
  };

/** For tasks that take long, or of which one waits for the next. */
export const plain: TaskPools = { 'with atomics': open(true, 1), 'without atomics': open(false, 1) };
/** For many small tasks. */
export const eager: TaskPools = {
  ...plain,
  'with atomics, 16 tasks per worker': open(true, 16),
  'without atomics, 16 tasks per worker': open(false, 16),
};
