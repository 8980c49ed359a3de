import { Check } from '../options/check.ts';
import { type MetricsBackend, type MetricTags, tagsKey } from './backend.ts';

export interface PrometheusMetricsOptions {
  /** Stands before every name. @default 'ganglion_' */
  prefix?: string;
  /** Upper bounds of histogram buckets, in seconds, ascending. @default 0.001 to 60, 15 of them */
  buckets?: readonly number[];
}

const DEFAULT_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
/** Series of one name; what comes beyond them is added up in one whose labels all say `other`. */
const MAX_SERIES = 1_000;
const MAX_FAMILIES = 1_000;

const HELP: ReadonlyMap<string, string> = new Map(
  Object.entries({
    events_emitted: 'Events emitted, those included that an overflow policy dropped.',
    events_dropped: 'Events dropped by an overflow policy.',
    events_completed: 'Events of which every handler succeeded.',
    events_failed: 'Events of which at least one handler failed.',
    events_invalid: 'Events that a validator or a schema refused or, not being strict, let pass.',
    handler_duration: 'Running time of handlers.',
    handler_queue_time: "Time from emit to a handler's start.",
    handler_failures: 'Deliveries that failed.',
    pending_events: 'Events accepted whose handlers have not all settled.',
    ring_used_bytes: 'Bytes of the dispatch ring in use.',
    threads: 'Handler threads by state.',
    thread_restarts: 'Handler threads replaced after a kill or a crash.',
    dead_letters: 'Dead letters held.',
    audit_lines: 'Lines written to the audit log.',
    audit_lag_events: 'Events accepted and not yet written to the audit log.',
  }),
);

type FamilyType = 'counter' | 'gauge' | 'histogram';

interface Series {
  readonly labels: string;
  value: number;
  /** Of a histogram: per bucket, not cumulated; the last one is +Inf. */
  readonly counts: Float64Array | undefined;
}

interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly series: Map<string, Series>;
}

/** Prometheus text exposition, version 0.0.4, without any dependency: serve `render()` with `contentType`. */
export class PrometheusMetrics implements MetricsBackend {
  readonly contentType: string = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #prefix: string;
  readonly #buckets: readonly number[];
  readonly #families = new Map<string, Family>();
  readonly #collects = new Set<() => void>();

  /** Throws ConfigError. */
  constructor(options?: PrometheusMetricsOptions) {
    const check = new Check();
    const given = check.options('options', options, 'PrometheusMetrics', ['prefix', 'buckets']);
    const { prefix = 'ganglion_', buckets = DEFAULT_BUCKETS } = given as PrometheusMetricsOptions;
    if (typeof prefix !== 'string' || !/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix))
      check.fail('prefix', prefix, "the start of a metric's name");
    const ascending =
      Array.isArray(buckets) &&
      buckets.every((b: unknown, i) => typeof b === 'number' && Number.isFinite(b) && (i === 0 || b > buckets[i - 1]!));
    if (!ascending || buckets.length === 0) check.fail('buckets', buckets, 'finite numbers in ascending order');
    check.done();
    this.#prefix = prefix;
    this.#buckets = [...buckets];
  }

  increment(name: string, value = 1, tags?: MetricTags): void {
    this.#add(this.#counter(name, tags), value);
  }

  gauge(name: string, value: number, tags?: MetricTags): void {
    this.#series('gauge', name, name, tags).value = value;
  }

  histogram(name: string, value: number, tags?: MetricTags): void {
    this.#record(this.#series('histogram', name, name, tags), value);
  }

  timing(name: string, ms: number, tags?: MetricTags): void {
    this.#record(this.#series('histogram', `${name}_seconds`, name, tags), ms / 1000);
  }

  bind(kind: 'increment' | 'timing', name: string, tags: MetricTags): (value: number) => void {
    if (kind === 'timing') {
      const series = this.#series('histogram', `${name}_seconds`, name, tags);
      return (ms) => this.#record(series, ms / 1000);
    }
    const series = this.#counter(name, tags);
    return (value) => this.#add(series, value);
  }

  observe(collect: () => void): () => void {
    this.#collects.add(collect);
    return () => void this.#collects.delete(collect);
  }

  /** Everything there is, in the order of its first appearance. */
  render(): string {
    for (const collect of this.#collects) collect();
    let text = '';
    for (const { name, type, help, series } of this.#families.values()) {
      text += `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${type}\n`;
      for (const one of series.values()) {
        text += one.counts === undefined ? sample(name, one.labels, one.value) : this.#renderHistogram(name, one);
      }
    }
    return text;
  }

  #renderHistogram(name: string, { labels, counts, value }: Series): string {
    let text = '';
    let total = 0;
    for (const [i, count] of counts!.entries()) {
      total += count;
      const bound = i < this.#buckets.length ? number(this.#buckets[i]!) : '+Inf';
      text += sample(`${name}_bucket`, `${labels}${labels === '' ? '' : ','}le="${bound}"`, total);
    }
    return text + sample(`${name}_sum`, labels, value) + sample(`${name}_count`, labels, total);
  }

  #add(series: Series, value: number): void {
    if (!(value >= 0)) throw new RangeError(`a counter can't be increased by ${value}`);
    series.value += value;
  }

  #record(series: Series, value: number): void {
    if (Number.isNaN(value)) return;
    let at = 0;
    while (at < this.#buckets.length && value > this.#buckets[at]!) at++;
    series.counts![at]!++;
    series.value += value;
  }

  #counter(name: string, tags: MetricTags | undefined): Series {
    return this.#series('counter', name.endsWith('_total') ? name : `${name}_total`, name, tags);
  }

  #series(type: FamilyType, name: string, plainName: string, tags: MetricTags | undefined): Series {
    const full = metricName(name.startsWith(this.#prefix) ? name : this.#prefix + name);
    let family = this.#families.get(full);
    if (family === undefined) {
      if (this.#families.size >= MAX_FAMILIES) throw new RangeError(`more than ${MAX_FAMILIES} metrics`);
      family = { name: full, type, help: HELP.get(plainName) ?? plainName, series: new Map() };
      this.#families.set(full, family);
    }
    if (family.type !== type) throw new TypeError(`${full} is a ${family.type}, it can't be a ${type} as well`);
    let key = tagsKey(tags);
    let own = tags ?? {};
    if (!family.series.has(key) && family.series.size >= MAX_SERIES) {
      own = Object.fromEntries(Object.keys(own).map((tag) => [tag, 'other']));
      key = tagsKey(own);
    }
    let series = family.series.get(key);
    if (series === undefined) {
      const counts = type === 'histogram' ? new Float64Array(this.#buckets.length + 1) : undefined;
      series = { labels: labelText(own, type), value: 0, counts };
      family.series.set(key, series);
    }
    return series;
  }
}

function sample(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${number(value)}\n` : `${name}{${labels}} ${number(value)}\n`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Number.isNaN(value) ? 'NaN' : String(value);
}

function metricName(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_:]/g, '_');
  return /^[a-zA-Z_:]/.test(clean) ? clean : `_${clean}`;
}

function labelText(tags: MetricTags, type: FamilyType): string {
  const labels = new Map<string, string>();
  for (const [tag, value] of Object.entries(tags)) {
    let name = tag.replace(/[^a-zA-Z0-9_]/g, '_');
    // `le` is the bucket's own, and names that begin with two underscores are Prometheus's.
    if (!/^[a-zA-Z_]/.test(name) || name.startsWith('__') || (name === 'le' && type === 'histogram')) {
      name = `tag_${name}`;
    }
    labels.set(name, String(value).replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"'));
  }
  return [...labels].map(([name, value]) => `${name}="${value}"`).join(',');
}
