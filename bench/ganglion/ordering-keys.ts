import { burstSide } from '../bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { accounted, openBus, settle } from './bus.ts';

/** Bursts of events whose keys, if there are any, take turns. */
function bursts(name: string, keys: readonly ({ readonly orderingKey: string } | undefined)[]): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const bus = await openBus({ maxConcurrentHandlers: threads });
    return burstSide(name, {
      burst: async (count) => {
        for (let i = 0; i < count; i++) bus.emit(EVENT_TYPE, orderAt(i), keys[i % keys.length]);
        await settle(bus);
      },
      ...accounted(bus, tally),
    });
  };
}

export const unordered: OpenSide = bursts('unordered', [undefined]);
export const ordered: OpenSide = bursts(
  'a thousand keys',
  Array.from({ length: 1_000 }, (_, i) => ({ orderingKey: `customer-${i}` })),
);
