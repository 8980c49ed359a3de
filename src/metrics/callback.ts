import { inspect } from 'node:util';
import { ConfigError } from '../errors.ts';
import type { MetricKind, MetricsBackend, MetricTags } from './backend.ts';

/** `value` of a `timing` is in milliseconds. */
export type MetricsCallback = (type: MetricKind, name: string, value: number, tags: MetricTags) => void;

const NO_TAGS: MetricTags = Object.freeze({});

/** Hands every figure to a function as it arises. */
export class CallbackMetrics implements MetricsBackend {
  readonly #callback: MetricsCallback;

  /** Throws ConfigError when `callback` is no function. */
  constructor(callback: MetricsCallback) {
    if (typeof callback !== 'function') {
      throw new ConfigError(`CallbackMetrics takes a function, got ${inspect(callback, { depth: 0 })}`);
    }
    this.#callback = callback;
  }

  increment(name: string, value = 1, tags: MetricTags = NO_TAGS): void {
    this.#callback('increment', name, value, tags);
  }

  gauge(name: string, value: number, tags: MetricTags = NO_TAGS): void {
    this.#callback('gauge', name, value, tags);
  }

  histogram(name: string, value: number, tags: MetricTags = NO_TAGS): void {
    this.#callback('histogram', name, value, tags);
  }

  timing(name: string, ms: number, tags: MetricTags = NO_TAGS): void {
    this.#callback('timing', name, ms, tags);
  }
}
