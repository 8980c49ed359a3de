import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { bestOf } from '../best-of.ts';
import { BURST, burstSide } from '../bursts.ts';
import { orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';

const WORKER = new URL('./post-message-worker.js', import.meta.url);

/** A message to a worker and one back for each event, `width` of them under way. */
function postMessages(width: number, form: 'clone' | 'text'): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const workers = Array.from({ length: threads }, () => new Worker(WORKER));
    await Promise.all(workers.map((worker) => once(worker, 'online')));
    const burst = (count: number): Promise<void> =>
      new Promise((resolve) => {
        let next = 0;
        let settled = 0;
        const send = (worker: Worker): void => {
          const order = orderAt(next++);
          worker.postMessage(form === 'clone' ? order : JSON.stringify(order));
        };
        for (const worker of workers) {
          worker.removeAllListeners('message');
          worker.on('message', () => {
            if (++settled === count) resolve();
            // The worker that has answered gets the next one: the faster thread does more.
            else if (next < count) send(worker);
          });
        }
        while (next < Math.min(count, width)) send(workers[next % threads]!);
      });
    return burstSide('postMessage', {
      burst,
      totals: () => tally.read(),
      close: async () => {
        await Promise.all(workers.map((worker) => worker.terminate()));
      },
    });
  };
}

const variants: Record<string, OpenSide> = {};
for (const width of [64, 1024, BURST]) {
  for (const form of ['clone', 'text'] as const) {
    variants[`${width === BURST ? 'all at once' : `${width} in flight`}, ${form}`] = postMessages(width, form);
  }
}

export const open: OpenSide = bestOf(variants, 'eventsPerSecond', true);
