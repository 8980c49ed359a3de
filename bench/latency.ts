import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { nowMs } from './clock.ts';
import { PERCENTILES } from './results.ts';
import { LATENCY } from './thread-data.ts';

const FIGURES = 3;

/** Made on the main thread before its threads, which record into the same one: Node shares a histogram that it clones. */
export class LatencyHistogram {
  readonly #histogram: RecordableHistogram = createHistogram({ figures: FIGURES });

  constructor() {
    LATENCY.set(this.#histogram);
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

/** A thread's recorder, which most of those who could use it don't. */
export class LatencyRecorder {
  #histogram: RecordableHistogram | undefined;

  /** What has become of an event that was due at this time. */
  record(intendedMs: number): void {
    this.#histogram ??= LATENCY.get();
    this.#histogram.record(Math.max(1, Math.round((nowMs() - intendedMs) * 1e6)));
  }
}

/** One of the values that `percentilesUs` returns. */
export function atPercentile(values: readonly number[], p: number): number {
  const value = values[PERCENTILES.indexOf(p)];
  if (value === undefined) throw new Error(`percentile ${p} is not kept`);
  return value;
}
