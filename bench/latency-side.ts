import { type Order, orderAt } from './events.ts';
import { atPercentile, type LatencyHistogram } from './latency.ts';
import { sendFullLoad, sendOpenLoop } from './open-loop.ts';
import type { Figures, Setup, Side } from './scenario.ts';
import { checkTotals, type Totals } from './tally.ts';

/** Loads as percent of what a side can do. */
export const LOADS = [10, 50, 80, 95] as const;
/** … and one that is the same for all sides, events per second. */
export const SAME_RATE = 10_000;

/** In flight at most while a side's capacity is found out. */
const WIDTH = 4096;

/** An order that knows when it was due. */
export interface TimedOrder extends Order {
  readonly at: number;
}

export interface LatencySide {
  readonly note?: string;
  /** Parts of its capacity that it is measured at, in percent; none where no row needs them. Default all. */
  readonly loads?: readonly number[];
  /** Nobody waits for what comes of it. */
  send(order: TimedOrder): void;
  pending(): number;
  totals(): Totals;
  close(): Promise<void>;
}

/**
 * Latency from when an event was due to the end of its handler, as the handler sees it. The first run finds out the
 * capacity, by the same generator at full load; later runs are parts of it.
 */
export function latencySide(name: string, setup: Setup, histogram: LatencyHistogram, side: LatencySide): Side {
  const { loads = LOADS } = side;
  let capacity = 0;
  let sent = 0;
  let sum = 0;
  const send = (i: number, at: number): void => {
    const order = orderAt(i);
    side.send({ ...order, at });
    sent++;
    sum += order.amount;
  };
  const settle = async (): Promise<void> => {
    while (side.pending() > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  async function load(rate: number, ms: number): Promise<number[]> {
    histogram.reset();
    const count = await sendOpenLoop({ rate, ms, send });
    await settle();
    if (histogram.count !== count) throw new Error(`${name}: ${histogram.count} latencies of ${count} events`);
    return histogram.percentilesUs();
  }
  return {
    ...(side.note === undefined ? {} : { note: side.note }),
    async run(ms: number): Promise<Figures> {
      if (capacity === 0) {
        await sendFullLoad({ ms: ms / 2, send, pending: () => side.pending(), width: WIDTH });
        capacity = await sendFullLoad({ ms: ms / 2, send, pending: () => side.pending(), width: WIDTH });
      }
      const figures: Record<string, number | readonly number[]> = { capacity };
      // So that one load takes as long on every side.
      const share = ms / (LOADS.length + 1);
      const keep = (key: string, values: readonly number[]): void => {
        figures[`latencyUs ${key}`] = values;
        figures[`p50Us ${key}`] = atPercentile(values, 50);
        figures[`p99Us ${key}`] = atPercentile(values, 99);
      };
      for (const percent of loads) keep(`${percent}%`, await load((capacity * percent) / 100, share));
      keep('same', await load(setup.rate ?? SAME_RATE, share));
      checkTotals(name, side.totals(), { count: sent, sum });
      return figures;
    },
    close: () => side.close(),
  };
}
