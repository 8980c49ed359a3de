import { performance } from 'node:perf_hooks';
import { expectedSum } from './events.ts';
import type { Figures, Side } from './scenario.ts';
import { median } from './statistics.ts';
import { checkTotals, type Totals } from './tally.ts';

/** Fits the dispatch ring, and is a round of the housekeeping that emit does on the way. */
export const EMIT_BURST = 256;

export interface EmitSide {
  /** The part that is timed: events 0 … EMIT_BURST-1 go out. */
  emit(): void;
  /** The part that is not. */
  settle(): Promise<void>;
  totals(): Totals;
  close(): Promise<void>;
}

/**
 * What the emitting thread pays for an event. The median of many short bursts leaves out those in which the thread was
 * off its core; the threads that handle the events run meanwhile, as they would.
 */
export function emitSide(name: string, side: EmitSide): Side {
  let bursts = 0;
  return {
    async run(ms: number): Promise<Figures> {
      const samples: number[] = [];
      const end = performance.now() + ms;
      do {
        const start = performance.now();
        side.emit();
        samples.push(((performance.now() - start) * 1000) / EMIT_BURST);
        await side.settle();
        bursts++;
      } while (performance.now() < end);
      checkTotals(name, side.totals(), { count: bursts * EMIT_BURST, sum: expectedSum(EMIT_BURST) * bursts });
      return { usPerEvent: median(samples) };
    },
    close: () => side.close(),
  };
}
