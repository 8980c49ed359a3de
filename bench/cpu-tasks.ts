import { performance } from 'node:perf_hooks';
import { type CpuTask, WORK, type WorkName } from './cpu-work.ts';
import type { Figures, Side } from './scenario.ts';
import { checkTotals, type Totals } from './tally.ts';

export interface CpuSide {
  readonly note?: string;
  /** Does the tasks 0 … count-1 of this work on all threads, all handed over at once. */
  work(work: WorkName, count: number): Promise<void>;
  totals(): Totals;
  close(): Promise<void>;
}

/** The same tasks on every side, as many for each thread as fit the time. */
export function cpuSide(name: string, threads: number, works: readonly WorkName[], side: CpuSide): Side {
  const known = new Map(works.map((work) => [work, new Known(work)]));
  let sent = 0;
  let sum = 0;
  return {
    ...(side.note === undefined ? {} : { note: side.note }),
    async run(ms: number): Promise<Figures> {
      const figures: Record<string, number> = {};
      for (const [work, { msPerTask, sumOf }] of known) {
        const count = threads * Math.max(2, Math.round(ms / works.length / msPerTask));
        const start = performance.now();
        await side.work(work, count);
        figures[`tasksPerSecond ${work}`] = (count / (performance.now() - start)) * 1000;
        sent += count;
        sum += sumOf(count);
      }
      checkTotals(name, side.totals(), { count: sent, sum });
      return figures;
    },
    close: () => side.close(),
  };
}

/** What the tasks of a work make, found out on the main thread once, and how long one takes there. */
class Known {
  readonly msPerTask: number;
  readonly sumOf: (count: number) => number;

  constructor(work: WorkName) {
    const { distinct, run } = WORK[work];
    run(0);
    const start = performance.now();
    const results = Array.from({ length: distinct }, (_, i) => run(i));
    this.msPerTask = Math.max(0.001, (performance.now() - start) / distinct);
    this.sumOf = (count) => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += results[i % distinct]!;
      return sum;
    };
  }
}

export function taskAt(work: WorkName, i: number): CpuTask {
  return { work, input: i % WORK[work].distinct };
}
