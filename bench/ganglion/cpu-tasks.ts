import { cpuSide, seedOf } from '../cpu-tasks.ts';
import { EVENT_TYPE } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { checkAccount, openBus } from './bus.ts';

/** One event per task, all emitted at once. */
export const open: OpenSide = async ({ threads }) => {
  const tally = new Tally();
  const bus = await openBus({ maxConcurrentHandlers: threads }, new URL('../handlers/burn.js', import.meta.url));
  return cpuSide('ganglion', threads, {
    work: async (from, to) => {
      for (let task = from; task < to; task++) bus.emit(EVENT_TYPE, { seed: seedOf(task) });
      if (!(await bus.waitForPending())) throw new Error('waitForPending gave up');
    },
    totals: () => {
      checkAccount(bus);
      return tally.read();
    },
    close: async () => {
      await bus.shutdown();
    },
  });
};
