import type { EventBus } from '../../src/index.ts';
import { bodyAt, sizedBodies } from '../bodies.ts';
import { type BurstSide, burstSide, sizedBurstSide } from '../bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide, Side } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { ADD_UP, accounted, openBus, settle } from './bus.ts';

type Send = (bus: EventBus, i: number) => void;

const payload: Send = (bus, i) => {
  bus.emit(EVENT_TYPE, orderAt(i));
};
const NOTHING = {};
const body: Send = (bus, i) => {
  bus.emit(EVENT_TYPE, NOTHING, { body: bodyAt(i) });
};

/** `emit` for each event of a burst, then `waitForPending`. */
function bursts(handlers: readonly URL[], of: (side: BurstSide) => Side, send: Send = payload): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const bus = await openBus({ maxConcurrentHandlers: threads }, ...handlers);
    return of({
      burst: async (count) => {
        for (let i = 0; i < count; i++) send(bus, i);
        await settle(bus);
      },
      ...accounted(bus, tally),
    });
  };
}

const NAME = 'ganglion';
const BODY = new URL('../handlers/body.js', import.meta.url);
const TRIVIAL = new URL('../handlers/trivial.js', import.meta.url);

export const throughput: OpenSide = bursts([ADD_UP], (side) => burstSide(NAME, side));
export const bySize = (sizes: readonly number[]): OpenSide =>
  bursts([ADD_UP], (side) => sizedBurstSide(NAME, sizes, side));
export const bodies = (sizes: readonly number[]): OpenSide =>
  bursts([BODY], (side) => sizedBurstSide(NAME, sizes, side, sizedBodies), body);
export const trivial: OpenSide = bursts([TRIVIAL], (side) => burstSide(NAME, side, { sumOf: (count) => count }));
/** One subscription of its own for each of so many handlers. */
export const fanOut = (handlers: number): OpenSide =>
  bursts(
    Array.from({ length: handlers }, () => ADD_UP),
    (side) => burstSide(NAME, side, { handlers }),
  );
