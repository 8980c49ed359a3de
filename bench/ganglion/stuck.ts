import { Worker } from 'node:worker_threads';
import { burstSide } from '../bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { SPIN } from '../thread-data.ts';
import { openBus } from './bus.ts';

const SPINNER = new URL('../handlers/spin.js', import.meta.url);
const NO_DEADLINE = 0;

interface Spinner {
  /** What is pending on the bus for its sake. */
  readonly pending: number;
  close(): Promise<void>;
}

/**
 * The throughput of a bus while a busy loop keeps a core: in a handler of the bus, or in a thread beside a bus that has
 * one thread less. Either way the same cores are left, so that the bus's own doing is what differs.
 */
function besideSpinner(where: 'handler' | 'plain thread'): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const flag = new Int32Array(new SharedArrayBuffer(8));
    SPIN.set(flag.buffer);
    const bus = await openBus({
      maxConcurrentHandlers: where === 'handler' ? threads : threads - 1,
      handlerTimeoutMs: NO_DEADLINE,
    });
    const spinner: Spinner =
      where === 'handler' ? await spinOnBus() : spinBeside(new Worker(SPINNER, { workerData: 'spin' }));
    if (Atomics.load(flag, 0) === 0) await untilSpinning();

    async function spinOnBus(): Promise<Spinner> {
      bus.subscribe(SPINNER, 'spin');
      await bus.ready();
      bus.emit('spin', {});
      return { pending: 1, close: async () => {} };
    }
    function spinBeside(worker: Worker): Spinner {
      return {
        pending: 0,
        close: async () => {
          await worker.terminate();
        },
      };
    }
    async function untilSpinning(): Promise<void> {
      while (Atomics.load(flag, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }

    return burstSide(`a bus beside a ${where} in a busy loop`, {
      burst: async (count) => {
        for (let i = 0; i < count; i++) bus.emit(EVENT_TYPE, orderAt(i));
        // waitForPending would wait for the stuck one, too.
        while (bus.getPendingCount() > spinner.pending) await new Promise((resolve) => setImmediate(resolve));
      },
      totals: () => {
        const { failed, dropped, pending } = bus.getStats();
        if (failed + dropped !== 0 || pending !== spinner.pending) {
          throw new Error(`the bus's account: failed=${failed} dropped=${dropped} pending=${pending}`);
        }
        return tally.read();
      },
      close: async () => {
        Atomics.store(flag, 1, 1);
        await spinner.close();
        await bus.shutdown();
      },
    });
  };
}

export const stuck: OpenSide = besideSpinner('handler');
export const oneFewer: OpenSide = besideSpinner('plain thread');
