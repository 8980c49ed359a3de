import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { nowMs } from './clock.ts';
import { PERCENTILES } from './results.ts';

const KEY = 'ganglion bench latency';
const FIGURES = 3;

/** Made on the main thread before its threads, which record into the same one: Node shares a histogram that it clones. */
export class LatencyHistogram {
  readonly #histogram: RecordableHistogram = createHistogram({ figures: FIGURES });

  constructor() {
    setEnvironmentData(KEY, this.#histogram as never);
  }

  get count(): number {
    return this.#histogram.count;
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Microseconds at each of `PERCENTILES`. */
  percentilesUs(): number[] {
    const { min, max } = this.#histogram;
    return PERCENTILES.map((p) => (p === 0 ? min : p === 100 ? max : this.#histogram.percentile(p)) / 1000);
  }
}

/** A thread's recorder. */
export class LatencyRecorder {
  readonly #histogram: RecordableHistogram = getEnvironmentData(KEY) as unknown as RecordableHistogram;

  /** What has become of an event that was due at this time. */
  record(intendedMs: number): void {
    this.#histogram.record(Math.max(1, Math.round((nowMs() - intendedMs) * 1e6)));
  }
}

/** One of the values that `percentilesUs` returns. */
export function atPercentile(values: readonly number[], p: number): number {
  const value = values[PERCENTILES.indexOf(p)];
  if (value === undefined) throw new Error(`percentile ${p} is not kept`);
  return value;
}
