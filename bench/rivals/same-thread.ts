import { amountOf, bodyAt, sizedBodies } from '../bodies.ts';
import { type BurstSide, burstSide, sizedBurstSide } from '../bursts.ts';
import { type Order, orderAt } from '../events.ts';
import type { OpenSide, Side } from '../scenario.ts';

/** The floor: the encoding and decoding alone, on one thread, with nothing in between. */
function floor(handle: (json: string) => number, of: (side: BurstSide) => Side, handlers = 1): OpenSide {
  return async () => {
    let count = 0;
    let sum = 0;
    return of({
      burst: async (events) => {
        for (let i = 0; i < events; i++) {
          const json = JSON.stringify(orderAt(i));
          for (let n = 0; n < handlers; n++) sum += handle(json);
          count += handlers;
        }
      },
      totals: () => ({ count, sum }),
      close: async () => {},
    });
  };
}

const NAME = 'the same thread';
const parsed = (json: string): number => (JSON.parse(json) as Order).amount;

export const throughput: OpenSide = floor(parsed, (side) => burstSide(NAME, side));
export const bySize = (sizes: readonly number[]): OpenSide =>
  floor(parsed, (side) => sizedBurstSide(NAME, sizes, side));
/** Encoding alone, for a handler that looks at nothing. */
export const trivial: OpenSide = floor(
  (json) => (json === '' ? 0 : 1),
  (side) => burstSide(NAME, side, { sumOf: (count) => count }),
);
/** Encoded once, decoded for each handler. */
export const fanOut = (handlers: number): OpenSide =>
  floor(parsed, (side) => burstSide(NAME, side, { handlers }), handlers);

/** A copy of the bytes. */
export const bodies =
  (sizes: readonly number[]): OpenSide =>
  async () => {
    let count = 0;
    let sum = 0;
    const side = {
      burst: async (events: number) => {
        for (let i = 0; i < events; i++) {
          sum += amountOf(bodyAt(i).slice());
          count++;
        }
      },
      totals: () => ({ count, sum }),
      close: async () => {},
    };
    return sizedBurstSide(NAME, sizes, side, sizedBodies);
  };
