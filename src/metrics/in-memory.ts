import { type MetricsBackend, type MetricTags, tagsKey } from './backend.ts';
import { LogHistogram } from './log-histogram.ts';

export interface HistogramSummary {
  count: number;
  sum: number;
  min: number;
  max: number;
  p50: number;
  p99: number;
}

/** Series of one name; what comes beyond them is added up under no tags. */
const MAX_SERIES = 1_000;

interface Cell {
  value: number;
}

/** Keeps everything in this process, to be read by the program itself or by its tests. Memory is bounded. */
export class InMemoryMetrics implements MetricsBackend {
  readonly #counters = new Map<string, Map<string, Cell>>();
  readonly #gauges = new Map<string, Map<string, Cell>>();
  readonly #histograms = new Map<string, Map<string, LogHistogram>>();
  readonly #collects = new Set<() => void>();

  increment(name: string, value = 1, tags?: MetricTags): void {
    this.#counter(name, tags).value += value;
  }

  gauge(name: string, value: number, tags?: MetricTags): void {
    series(this.#gauges, name, tags, () => ({ value: 0 })).value = value;
  }

  histogram(name: string, value: number, tags?: MetricTags): void {
    this.#histogram(name, tags).record(value);
  }

  timing(name: string, ms: number, tags?: MetricTags): void {
    this.#histogram(name, tags).record(ms);
  }

  bind(kind: 'increment' | 'timing', name: string, tags: MetricTags): (value: number) => void {
    if (kind === 'timing') {
      const histogram = this.#histogram(name, tags);
      return (ms) => histogram.record(ms);
    }
    const cell = this.#counter(name, tags);
    return (value) => {
      cell.value += value;
    };
  }

  observe(collect: () => void): () => void {
    this.#collects.add(collect);
    return () => void this.#collects.delete(collect);
  }

  /** 0 for one that nobody has incremented. Without tags: the sum over all of them. */
  getCounter(name: string, tags?: MetricTags): number {
    this.#collect();
    const found = this.#counters.get(name);
    if (tags !== undefined) return found?.get(tagsKey(tags))?.value ?? 0;
    let sum = 0;
    for (const { value } of found?.values() ?? []) sum += value;
    return sum;
  }

  getGauge(name: string, tags?: MetricTags): number | undefined {
    this.#collect();
    return this.#gauges.get(name)?.get(tagsKey(tags))?.value;
  }

  /** Of a histogram or of timings, these in milliseconds. Quantiles are off by 2.2 % at most. */
  getHistogram(name: string, tags?: MetricTags): HistogramSummary | undefined {
    const found = this.#histograms.get(name)?.get(tagsKey(tags));
    if (found === undefined || found.count === 0) return undefined;
    const { count, sum, min, max } = found;
    return { count, sum, min, max, p50: found.quantile(0.5), p99: found.quantile(0.99) };
  }

  /** A bus's gauges, and counters such as `events_completed`, are brought up to date when somebody reads. */
  #collect(): void {
    for (const collect of this.#collects) collect();
  }

  #counter(name: string, tags: MetricTags | undefined): Cell {
    return series(this.#counters, name, tags, () => ({ value: 0 }));
  }

  #histogram(name: string, tags: MetricTags | undefined): LogHistogram {
    return series(this.#histograms, name, tags, () => new LogHistogram());
  }
}

function series<T>(
  families: Map<string, Map<string, T>>,
  name: string,
  tags: MetricTags | undefined,
  make: () => T,
): T {
  let family = families.get(name);
  if (family === undefined) {
    // More names than any program has: they are made of something that varies.
    if (families.size >= MAX_SERIES) return make();
    family = new Map();
    families.set(name, family);
  }
  let key = tagsKey(tags);
  if (!family.has(key) && family.size >= MAX_SERIES) key = '';
  let one = family.get(key);
  if (one === undefined) {
    one = make();
    family.set(key, one);
  }
  return one;
}
