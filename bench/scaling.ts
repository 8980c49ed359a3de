import { availableParallelism } from 'node:os';
import type { Figures, OpenSide, Setup, Side } from './scenario.ts';

/** On larger machines these are enough to see where the line bends. */
const MOST_STEPS = 16;

/** 1, 2, 3 … as far as there are cores; all of them where they are few. */
export function threadSteps({ threads }: Pick<Setup, 'threads'>): number[] {
  const most = Math.max(threads, availableParallelism());
  const step = Math.max(1, Math.ceil(most / MOST_STEPS));
  const steps = Array.from({ length: Math.floor(most / step) }, (_, i) => (i + 1) * step);
  return [...new Set([1, ...steps, most])];
}

/**
 * The same side for each of these numbers, opened anew (or once, with `keep`, where that takes long and an idle one is
 * in nobody's way), warmed up and measured: two figures that are arrays, the
 * numbers and what `figure` was with each. Their last is also a figure by itself, and so is its growth from the first.
 */
export function series(
  axis: string,
  figure: string,
  steps: (setup: Setup) => readonly number[],
  open: (step: number, setup: Setup) => Promise<Side>,
  { keep = false }: { readonly keep?: boolean } = {},
): OpenSide {
  return async (setup) => {
    const kept = new Map<number, Side>();
    return {
      async run(ms: number): Promise<Figures> {
        const all = steps(setup);
        const values: number[] = [];
        for (const step of all) {
          const side = kept.get(step) ?? (await open(step, setup));
          if (keep) kept.set(step, side);
          try {
            await side.run(ms / all.length / 2);
            values.push(Number((await side.run(ms / all.length / 2))[figure]));
          } finally {
            if (!keep) await side.close();
          }
        }
        const last = values.at(-1)!;
        return { [axis]: [...all], [figure]: values, first: values[0]!, last, growth: last / values[0]! };
      },
      async close(): Promise<void> {
        for (const side of kept.values()) await side.close();
      },
    };
  };
}
