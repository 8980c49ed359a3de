import { burstSide } from '../bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { checkAccount, openBus } from './bus.ts';

/** Bursts of events whose keys, if there are any, take turns. */
function bursts(name: string, keys: readonly ({ readonly orderingKey: string } | undefined)[]): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const bus = await openBus({ maxConcurrentHandlers: threads });
    return burstSide(name, {
      burst: async (count) => {
        for (let i = 0; i < count; i++) bus.emit(EVENT_TYPE, orderAt(i), keys[i % keys.length]);
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
}

export const unordered: OpenSide = bursts('unordered', [undefined]);
export const ordered: OpenSide = bursts(
  'a thousand keys',
  Array.from({ length: 1_000 }, (_, i) => ({ orderingKey: `customer-${i}` })),
);
