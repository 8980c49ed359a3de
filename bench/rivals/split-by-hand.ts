import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { cpuSide } from '../cpu-tasks.ts';
import type { WorkName } from '../cpu-work.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import type { Share } from './cpu-worker.ts';

/** The work cut into equal shares beforehand, one message to each raw worker. */
export const cpuTasks =
  (works: readonly WorkName[]): OpenSide =>
  async ({ threads }) => {
    const tally = new Tally();
    const workers = Array.from({ length: threads }, () => new Worker(new URL('./cpu-worker.js', import.meta.url)));
    await Promise.all(workers.map((worker) => once(worker, 'online')));
    return cpuSide('raw workers', threads, works, {
      note: 'every thread’s share in one message',
      work: async (work, count) => {
        const answers = workers.map((worker) => once(worker, 'message'));
        for (const [first, worker] of workers.entries()) {
          worker.postMessage({ work, first, step: threads, count } satisfies Share);
        }
        await Promise.all(answers);
      },
      totals: () => tally.read(),
      close: async () => {
        await Promise.all(workers.map((worker) => worker.terminate()));
      },
    });
  };
