import { burstSide } from '../bursts.ts';
import { type Order, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';

/** The floor: the encoding and decoding alone, on one thread, with nothing in between. */
export const open: OpenSide = async () => {
  let count = 0;
  let sum = 0;
  return burstSide('the same thread', {
    burst: async (events) => {
      for (let i = 0; i < events; i++) {
        sum += (JSON.parse(JSON.stringify(orderAt(i))) as Order).amount;
        count++;
      }
    },
    totals: () => ({ count, sum }),
    close: async () => {},
  });
};
