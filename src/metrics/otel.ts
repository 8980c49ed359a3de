import type { Counter, Gauge, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import { ConfigError } from '../errors.ts';
import { Check } from '../options/check.ts';
import { otelApi } from '../otel-api.ts';
import type { MetricsBackend, MetricTags } from './backend.ts';

export interface OtelMetricsOptions {
  /** @default the global meter provider's meter `ganglion` */
  meter?: Meter;
  /** Stands before every name. @default 'ganglion.' */
  prefix?: string;
}

type Reading = readonly [value: number, tags: MetricTags | undefined];

/**
 * Hands figures to an OpenTelemetry meter; without a registered SDK every call is a no-op. Timings become histograms in
 * seconds, the gauges of a bus observable ones. Cardinality is bounded by the SDK's own limit.
 */
export class OtelMetrics implements MetricsBackend {
  readonly #meter: Meter;
  readonly #prefix: string;
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #gauges = new Map<string, Gauge>();
  /** What a collection that is running has said. */
  #collecting: Map<string, Reading[]> | undefined;

  /** Throws ConfigError for wrong options, and when neither a meter is given nor @opentelemetry/api is installed. */
  constructor(options?: OtelMetricsOptions) {
    const check = new Check();
    const given = check.options('options', options, 'OtelMetrics', ['meter', 'prefix']);
    const { prefix = 'ganglion.' } = given;
    if (typeof prefix !== 'string') check.fail('prefix', prefix, 'a string');
    check.methods('meter', given.meter, ['createCounter', 'createHistogram'], 'an OpenTelemetry Meter');
    check.done();
    const meter = (given.meter as Meter | undefined) ?? otelApi()?.metrics.getMeter('ganglion');
    if (meter === undefined)
      throw new ConfigError(
        'OtelMetrics was given no meter, and the package @opentelemetry/api is not there: npm install @opentelemetry/api',
      );
    this.#meter = meter;
    this.#prefix = prefix as string;
  }

  increment(name: string, value = 1, tags?: MetricTags): void {
    this.#counter(name).add(value, tags);
  }

  gauge(name: string, value: number, tags?: MetricTags): void {
    if (this.#collecting !== undefined) {
      const values = this.#collecting.get(name);
      if (values === undefined) this.#collecting.set(name, [[value, tags]]);
      else values.push([value, tags]);
      return;
    }
    let gauge = this.#gauges.get(name);
    if (gauge === undefined) {
      gauge = this.#meter.createGauge(this.#prefix + name);
      this.#gauges.set(name, gauge);
    }
    gauge.record(value, tags);
  }

  histogram(name: string, value: number, tags?: MetricTags): void {
    this.#histogram(name).record(value, tags);
  }

  timing(name: string, ms: number, tags?: MetricTags): void {
    this.#histogram(name, 's').record(ms / 1000, tags);
  }

  bind(kind: 'increment' | 'timing', name: string, tags: MetricTags): (value: number) => void {
    if (kind === 'timing') {
      const histogram = this.#histogram(name, 's');
      return (ms) => histogram.record(ms / 1000, tags);
    }
    const counter = this.#counter(name);
    return (value) => counter.add(value, tags);
  }

  observe(collect: () => void): () => void {
    const gauges = new Map<string, ObservableGauge>();
    // Observable instruments are named before they are read, so a first collection says which there are.
    for (const name of this.#run(collect).keys()) {
      gauges.set(name, this.#meter.createObservableGauge(this.#prefix + name));
    }
    const callback: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
      for (const [name, values] of this.#run(collect)) {
        const gauge = gauges.get(name);
        if (gauge !== undefined) for (const [value, tags] of values) result.observe(gauge, value, tags);
      }
    };
    const observables = [...gauges.values()];
    this.#meter.addBatchObservableCallback(callback, observables);
    return () => this.#meter.removeBatchObservableCallback(callback, observables);
  }

  #run(collect: () => void): Map<string, Reading[]> {
    const values = new Map<string, Reading[]>();
    this.#collecting = values;
    try {
      collect();
    } finally {
      this.#collecting = undefined;
    }
    return values;
  }

  #counter(name: string): Counter {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = this.#meter.createCounter(this.#prefix + name);
      this.#counters.set(name, counter);
    }
    return counter;
  }

  #histogram(name: string, unit?: string): Histogram {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = this.#meter.createHistogram(this.#prefix + name, unit === undefined ? {} : { unit });
      this.#histograms.set(name, histogram);
    }
    return histogram;
  }
}
