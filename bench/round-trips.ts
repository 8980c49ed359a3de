import { nowMs } from './clock.ts';
import { expectedSum } from './events.ts';
import type { Figures, Side } from './scenario.ts';
import { median } from './statistics.ts';
import { checkTotals, type Totals } from './tally.ts';

export interface RoundTripSide {
  readonly note?: string;
  /** Sends event number i and resolves when it has been handled. */
  trip(i: number): Promise<unknown>;
  totals(): Totals;
  close(): Promise<void>;
}

/** Round trips one at a time, with `restMs` between two for the threads to fall asleep; 0: none. */
export function roundTripSide(name: string, restMs: number, side: RoundTripSide): Side {
  let sent = 0;
  return {
    ...(side.note === undefined ? {} : { note: side.note }),
    async run(ms: number): Promise<Figures> {
      const samples: number[] = [];
      const end = nowMs() + ms;
      do {
        if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
        const start = nowMs();
        await side.trip(sent++);
        samples.push((nowMs() - start) * 1000);
      } while (nowMs() < end);
      checkTotals(name, side.totals(), { count: sent, sum: expectedSum(sent) });
      return { p50Us: median(samples) };
    },
    close: () => side.close(),
  };
}
