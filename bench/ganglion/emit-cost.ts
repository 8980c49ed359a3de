import { EMIT_BURST, emitSide } from '../emit-bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { checkAccount, openBus } from './bus.ts';

/** Time inside `emit` alone, with a handler module subscribed. */
export const open: OpenSide = async ({ threads }) => {
  const tally = new Tally();
  const bus = await openBus({ maxConcurrentHandlers: threads });
  return emitSide('ganglion', {
    emit: () => {
      for (let i = 0; i < EMIT_BURST; i++) bus.emit(EVENT_TYPE, orderAt(i));
    },
    settle: async () => {
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
