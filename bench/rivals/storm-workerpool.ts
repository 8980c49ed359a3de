import { fileURLToPath } from 'node:url';
import { pool as openPool, Promise as PoolPromise } from 'workerpool';
import type { OpenSide } from '../scenario.ts';
import { deadlineMs, Storm } from '../storm.ts';

const WORKER: string = fileURLToPath(new URL('./storm-workerpool-worker.js', import.meta.url));

/**
 * Its own `timeout`, which ends the thread. It counts from when the task is given to a thread, also to one that is still
 * starting. What was ended before it began is called again, and may yet have run before its thread was gone.
 */
export const workerpool: OpenSide = async (setup) => {
  const board = new Storm();
  const { threads } = setup;
  const deadline = deadlineMs(setup);
  const pool = openPool(WORKER, { workerType: 'thread', minWorkers: threads, maxWorkers: threads });
  return board.side('workerpool', setup, true, {
    note: 'its own timeout; what it ended before it began is called again, at least once',
    atLeastOnce: true,
    send: async (event) => {
      for (;;) {
        try {
          await pool.exec('storm', [event]).timeout(deadline);
          return false;
        } catch (error) {
          if (!(error instanceof PoolPromise.TimeoutError)) throw error;
          if (board.beganAt(event.i) !== 0) return !board.isDone(event.i);
        }
      }
    },
    close: async () => {
      await pool.terminate(true);
    },
  });
};
