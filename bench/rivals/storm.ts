import type { Piscina } from 'piscina';
import { nowMs } from '../clock.ts';
import type { OpenSide } from '../scenario.ts';
import { deadlineMs, Storm } from '../storm.ts';
import { openPiscina } from './piscina.ts';

const LOOK_MS = 5;

/**
 * `piscina.run()` with a signal, which ends the thread. Its deadline would count the time in the queue and take well
 * tasks with it; so the signal is raised by a mark that the task makes when it begins, as a careful user would do it.
 */
export const piscina: OpenSide = async (setup) => {
  const board = new Storm();
  const deadline = deadlineMs(setup);
  const pool: Piscina = openPiscina(new URL('./storm-task.js', import.meta.url), setup.threads, {
    atomics: 'sync',
    tasks: 1,
  });
  return board.side('piscina', setup, true, {
    note: 'atomics sync, 1 task per worker, a signal that is raised by when the task began',
    send: async (event) => {
      const abort = new AbortController();
      let timer = setTimeout(look, deadline);
      function look(): void {
        // Its answer is on the way.
        if (board.isDone(event.i)) return;
        const began = board.beganAt(event.i);
        const left = began === 0 ? LOOK_MS : began + deadline - nowMs();
        if (left > 0) timer = setTimeout(look, Math.max(1, left));
        else abort.abort();
      }
      try {
        await pool.run(event, { signal: abort.signal });
        return false;
      } catch (error) {
        if (event.hangs && abort.signal.aborted) return true;
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => pool.destroy(),
  });
};
