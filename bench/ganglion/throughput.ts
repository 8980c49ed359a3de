import { burstSide } from '../bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { checkAccount, openBus } from './bus.ts';

/** `emit` for each event of a burst, then `waitForPending`. */
export const open: OpenSide = async ({ threads }) => {
  const tally = new Tally();
  const bus = await openBus({ maxConcurrentHandlers: threads });
  return burstSide('ganglion', {
    burst: async (count) => {
      for (let i = 0; i < count; i++) bus.emit(EVENT_TYPE, orderAt(i));
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
