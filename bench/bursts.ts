import { performance } from 'node:perf_hooks';
import { expectedSum } from './events.ts';
import type { Figures, Side } from './scenario.ts';
import { checkTotals, type Totals } from './tally.ts';

/** Events in flight at most, on every side: half of ganglion's dispatch ring, as much as rivals take without trouble. */
export const BURST = 8192;
const LEAD_IN = 1024;

export interface BurstSide {
  readonly note?: string;
  /** Sends events 0 … count-1 and resolves when all of them have been handled. */
  burst(count: number): Promise<void>;
  totals(): Totals;
  close(): Promise<void>;
}

/**
 * Throughput in bursts, each awaited whole: a program that has a batch of things to tell and then waits for them.
 * A lead-in that is not measured wakes the threads up and says how large a burst fits the time.
 */
export function burstSide(name: string, side: BurstSide): Side {
  let sent = 0;
  let sum = 0;
  const send = async (count: number): Promise<void> => {
    await side.burst(count);
    sent += count;
    sum += expectedSum(count);
  };
  return {
    ...(side.note === undefined ? {} : { note: side.note }),
    async run(ms: number): Promise<Figures> {
      const leadIn = performance.now();
      await send(LEAD_IN);
      const perEvent = (performance.now() - leadIn) / LEAD_IN;
      const fitting = Math.floor(ms / perEvent / LEAD_IN) * LEAD_IN;
      const count = Math.min(BURST, Math.max(LEAD_IN, fitting));
      const cpu = process.cpuUsage();
      const start = performance.now();
      let events = 0;
      let elapsed = 0;
      while (elapsed < ms) {
        await send(count);
        events += count;
        elapsed = performance.now() - start;
      }
      const { user, system } = process.cpuUsage(cpu);
      checkTotals(name, side.totals(), { count: sent, sum });
      return { eventsPerSecond: (events / elapsed) * 1000, cpuUsPerEvent: (user + system) / events };
    },
    close: () => side.close(),
  };
}
