import { EVENT_TYPE, orderAt } from '../events.ts';
import { roundTripSide } from '../round-trips.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { accounted, openBus } from './bus.ts';

/** `emitAndWait`, one at a time. */
export function roundTrips(restMs: number): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const bus = await openBus({ maxConcurrentHandlers: threads });
    return roundTripSide('emitAndWait', restMs, {
      trip: async (i) => {
        const { ok } = await bus.emitAndWait(EVENT_TYPE, orderAt(i));
        if (!ok) throw new Error(`event ${i} failed`);
      },
      ...accounted(bus, tally),
    });
  };
}
