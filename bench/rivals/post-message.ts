import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { bestAlong, most } from '../best-of.ts';
import { bodyAt, sizedBodies } from '../bodies.ts';
import { BURST, type BurstSide, burstSide, sizedBurstSide } from '../bursts.ts';
import { orderAt } from '../events.ts';
import { LatencyHistogram } from '../latency.ts';
import { latencySide } from '../latency-side.ts';
import { roundTripSide } from '../round-trips.ts';
import type { OpenSide, Side } from '../scenario.ts';
import { Tally } from '../tally.ts';

const WORKER = new URL('./post-message-worker.js', import.meta.url);
const WIDTHS: Readonly<Record<string, number>> = { 'all at once': BURST, '64 in flight': 64, '1024 in flight': 1024 };
type Post = (worker: Worker, i: number) => void;
type Forms = Readonly<Record<string, Post>>;
const FORMS: Forms = {
  text: (worker, i) => worker.postMessage(JSON.stringify(orderAt(i))),
  clone: (worker, i) => worker.postMessage(orderAt(i)),
};
const BODY_FORMS: Forms = {
  copied: (worker, i) => worker.postMessage(bodyAt(i)),
  moved: (worker, i) => {
    const own = bodyAt(i).slice();
    worker.postMessage(own, [own.buffer]);
  },
};

async function openWorkers(threads: number, task: string): Promise<Worker[]> {
  const workers = Array.from({ length: threads }, () => new Worker(WORKER, { workerData: task }));
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  return workers;
}

/** A message to a worker and one back for each event, `width` of them under way. */
function postMessages(task: (form: string) => string, burst: (side: BurstSide) => Side, forms = FORMS): OpenSide {
  const open =
    ([inFlight, how]: readonly string[]): OpenSide =>
    async ({ threads }) => {
      const tally = new Tally();
      const post = forms[how!]!;
      const width = WIDTHS[inFlight!]!;
      const workers = await openWorkers(threads, task(how!));
      return burst({
        burst: (count) =>
          new Promise((resolve) => {
            let next = 0;
            let settled = 0;
            for (const worker of workers) {
              worker.removeAllListeners('message');
              worker.on('message', () => {
                if (++settled === count) resolve();
                // The worker that has answered gets the next one: the faster thread does more.
                else if (next < count) post(worker, next++);
              });
            }
            while (next < Math.min(count, width)) {
              post(workers[next % threads]!, next);
              next++;
            }
          }),
        totals: () => tally.read(),
        close: async () => {
          await Promise.all(workers.map((worker) => worker.terminate()));
        },
      });
    };
  return bestAlong([Object.keys(WIDTHS), Object.keys(forms)], open, most('eventsPerSecond'));
}

const NAME = 'postMessage';

export const throughput: OpenSide = postMessages(
  (form) => form,
  (side) => burstSide(NAME, side),
);
export const trivial: OpenSide = postMessages(
  () => 'trivial',
  (side) => burstSide(NAME, side, { sumOf: (count) => count }),
);
export const bySize = (sizes: readonly number[]): OpenSide =>
  postMessages(
    (form) => form,
    (side) => sizedBurstSide(NAME, sizes, side),
  );

export const bodies = (sizes: readonly number[]): OpenSide =>
  postMessages(
    () => 'body',
    (side) => sizedBurstSide(NAME, sizes, side, sizedBodies),
    BODY_FORMS,
  );

/** To one worker and back, one event at a time. */
export const roundTrips =
  (restMs: number): OpenSide =>
  async () => {
    const tally = new Tally();
    const [worker] = await openWorkers(1, 'clone');
    return roundTripSide(NAME, restMs, {
      note: 'one worker, clone',
      trip: (i) => {
        const answered = once(worker!, 'message');
        worker!.postMessage(orderAt(i));
        return answered;
      },
      totals: () => tally.read(),
      close: async () => {
        await worker!.terminate();
      },
    });
  };

/** Round robin, which is all that a sender who does not wait can do. */
export const latency: OpenSide = async (setup) => {
  const tally = new Tally();
  const histogram = new LatencyHistogram();
  const workers = await openWorkers(setup.threads, 'timed');
  let sent = 0;
  let settled = 0;
  for (const worker of workers) worker.on('message', () => settled++);
  return latencySide(NAME, setup, histogram, {
    note: 'workers in turn, clone',
    loads: [],
    send: (order) => workers[sent++ % workers.length]!.postMessage(order),
    pending: () => sent - settled,
    totals: () => tally.read(),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  });
};
