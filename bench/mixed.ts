import { taskAt } from './cpu-tasks.ts';
import { type CpuTask, WORK } from './cpu-work.ts';
import { orderAt } from './events.ts';
import { atPercentile, type LatencyHistogram } from './latency.ts';
import type { TimedOrder } from './latency-side.ts';
import { sendOpenLoop } from './open-loop.ts';
import type { Figures, Setup, Side } from './scenario.ts';
import { checkTotals, type Totals } from './tally.ts';

/** Fast events per second, and one slow one after so many of them: half of a thread's time with 10 ms each. */
export const FAST_RATE = 2000;
const SLOW_EVERY = 40;

export interface MixedSide {
  fast(order: TimedOrder): void;
  /** About 10 ms. */
  slow(task: CpuTask): void;
  pending(): number;
  /** Of fast and slow ones together. */
  totals(): Totals;
  close(): Promise<void>;
}

/** What becomes of fast events while slow ones of the same program keep a thread busy half the time. */
export function mixedSide(name: string, setup: Setup, histogram: LatencyHistogram, side: MixedSide): Side {
  const task = taskAt('burn', 1);
  const burned = WORK.burn.run(task.input);
  let sent = 0;
  let sum = 0;
  const send = (i: number, at: number): void => {
    if (i % SLOW_EVERY === 0) {
      side.slow(task);
      sum += burned;
      sent++;
    }
    const order = orderAt(i);
    side.fast({ ...order, at });
    sum += order.amount;
    sent++;
  };
  return {
    async run(ms: number): Promise<Figures> {
      histogram.reset();
      const count = await sendOpenLoop({ rate: setup.rate ?? FAST_RATE, ms, send });
      while (side.pending() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      if (histogram.count !== count) throw new Error(`${name}: ${histogram.count} latencies of ${count} events`);
      checkTotals(name, side.totals(), { count: sent, sum });
      const latencyUs = histogram.percentilesUs();
      return {
        latencyUs,
        p50Ms: atPercentile(latencyUs, 50) / 1000,
        p90Ms: atPercentile(latencyUs, 90) / 1000,
        p99Ms: atPercentile(latencyUs, 99) / 1000,
      };
    },
    close: () => side.close(),
  };
}
