import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { cpuSide } from '../cpu-tasks.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';

/** The work cut into equal shares beforehand, one message to each raw worker. */
export const open: OpenSide = async ({ threads }) => {
  const tally = new Tally();
  const workers = Array.from({ length: threads }, () => new Worker(new URL('./burn-worker.js', import.meta.url)));
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  return cpuSide('raw workers', threads, {
    work: async (from, to) => {
      const share = (to - from) / threads;
      const answers = workers.map((worker) => once(worker, 'message'));
      for (const [i, worker] of workers.entries())
        worker.postMessage({ from: from + i * share, to: from + (i + 1) * share });
      await Promise.all(answers);
    },
    totals: () => tally.read(),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  });
};
