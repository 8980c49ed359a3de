import { performance } from 'node:perf_hooks';
import { burn } from './burn.ts';
import type { Figures, Side } from './scenario.ts';
import { checkTotals, type Totals } from './tally.ts';

export interface CpuSide {
  /** Runs `burn` for the seeds from … to-1 on all threads. */
  work(from: number, to: number): Promise<void>;
  totals(): Totals;
  close(): Promise<void>;
}

const SUM_OF_FEW = 8;

/** The same tasks on every side, `perThread` for each thread. */
export function cpuSide(name: string, threads: number, side: CpuSide): Side {
  // What a task makes is known once for all: the sum is checked against it in every repetition.
  const known: number[] = [];
  let sent = 0;
  let sum = 0;
  const result = (seed: number): number => {
    known[seed] ??= burn(seed);
    return known[seed];
  };
  return {
    async run(ms: number): Promise<Figures> {
      const tasks = threads * Math.max(2, Math.round(ms / 10));
      const start = performance.now();
      await side.work(0, tasks);
      const elapsed = performance.now() - start;
      sent += tasks;
      // Few different seeds, so that checking costs little.
      for (let i = 0; i < tasks; i++) sum += result(i % SUM_OF_FEW);
      checkTotals(name, side.totals(), { count: sent, sum });
      return { tasksPerSecond: (tasks / elapsed) * 1000 };
    },
    close: () => side.close(),
  };
}

export function seedOf(task: number): number {
  return task % SUM_OF_FEW;
}
