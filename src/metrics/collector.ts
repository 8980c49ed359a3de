import { messageOf } from '../codec.ts';
import { Check } from '../options/check.ts';
import { type BusStats, FailureReason } from '../types.ts';
import { Warnings } from '../warn.ts';
import type { MetricsBackend, MetricTags } from './backend.ts';
import { InMemoryMetrics } from './in-memory.ts';
import { LogHistogram } from './log-histogram.ts';

export interface MetricsCollectorOptions {
  /** Sent with every figure, such as a name for this bus. @default none */
  tags?: Readonly<Record<string, string>>;
  /** Event types, and handlers, that are told apart; what comes beyond counts as `other`. @default 1_000 */
  maxSeries?: number;
}

export interface HandlerStats {
  total_calls: number;
  success_count: number;
  /** Without timeouts. */
  failure_count: number;
  timeout_count: number;
  /** Running time in milliseconds, off by 2.2 % at most. */
  p50_ms: number;
  p99_ms: number;
}

export interface MetricsSnapshot {
  /** By event type. */
  events_emitted: Record<string, number>;
  /** By overflow policy. */
  events_dropped: Record<string, number>;
  total_events_emitted: number;
  /** By handler name. */
  handler_stats: Record<string, HandlerStats>;
}

interface TypeEntry {
  count: number;
  readonly add: (value: number) => void;
}

class HandlerEntry {
  success = 0;
  failure = 0;
  timeout = 0;
  readonly durations: LogHistogram = new LogHistogram();
  readonly failures: Map<string, (value: number) => void> = new Map();
  readonly duration: (ms: number) => void;
  readonly queueTime: (ms: number) => void;
  readonly tags: MetricTags;

  constructor(tags: MetricTags, duration: (ms: number) => void, queueTime: (ms: number) => void) {
    this.tags = tags;
    this.duration = duration;
    this.queueTime = queueTime;
  }
}

/** Gauges go to a backend that does not ask for them every so often. */
const GAUGE_INTERVAL_MS = 10_000;
const OTHER = 'other';
const METHODS: readonly (keyof MetricsBackend)[] = ['increment', 'gauge', 'histogram', 'timing'];

/**
 * Gathers the figures of a bus (`new EventBus({ metrics })`), keeps a summary of its own, and hands them to a backend.
 * Memory is bounded, whatever event types and handlers there are.
 */
export class MetricsCollector {
  readonly backend: MetricsBackend;
  readonly #tags: MetricTags;
  readonly #maxSeries: number;
  readonly #types = new Map<string, TypeEntry>();
  readonly #dropped = new Map<string, TypeEntry>();
  readonly #handlers = new Map<string, HandlerEntry>();
  #emitted = 0;
  #backendErrors = 0;
  readonly #warnings = new Warnings();

  /** Throws ConfigError. @default backend new InMemoryMetrics() */
  constructor(backend: MetricsBackend = new InMemoryMetrics(), options?: MetricsCollectorOptions) {
    const check = new Check();
    check.methods('backend', backend, METHODS, `a metrics backend with the methods ${METHODS.join(', ')}`);
    const given = check.options('options', options, 'MetricsCollector', ['tags', 'maxSeries']);
    const tags = check.object('tags', given.tags) ? Object.entries(given.tags as object) : [];
    for (const [tag, value] of tags) if (typeof value !== 'string') check.fail(`tags.${tag}`, value, 'a string');
    this.#maxSeries = check.integer('maxSeries', given.maxSeries, 1_000, 1, Number.MAX_SAFE_INTEGER);
    check.done();
    this.backend = backend;
    this.#tags = Object.fromEntries(tags) as MetricTags;
  }

  /** How often the backend threw. */
  get backendErrors(): number {
    return this.#backendErrors;
  }

  eventEmitted(eventType: string): void {
    this.#emitted++;
    const entry = this.#types.get(eventType) ?? this.#entry(this.#types, eventType, 'events_emitted', 'event_type');
    entry.count++;
    entry.add(1);
  }

  eventDropped(policy: string): void {
    const entry = this.#dropped.get(policy) ?? this.#entry(this.#dropped, policy, 'events_dropped', 'policy');
    entry.count++;
    entry.add(1);
  }

  /** Refused by a validator or schema, or let pass by one that is not strict. */
  eventInvalid(): void {
    this.#guarded(() => this.backend.increment('events_invalid', 1, this.#tags));
  }

  /** `startedAt` and the like are one clock's milliseconds; 0: the handler never started. */
  handlerSettled(
    handlerName: string,
    reason: FailureReason | undefined,
    emittedAt: number,
    startedAt: number,
    endedAt: number,
  ): void {
    // An event that was dropped is no failure of its handlers.
    if (reason === FailureReason.DROPPED) return;
    const entry = this.#handlers.get(handlerName) ?? this.#handler(handlerName);
    if (reason === undefined) entry.success++;
    else {
      if (reason === FailureReason.HANDLER_TIMEOUT) entry.timeout++;
      else entry.failure++;
      let add = entry.failures.get(reason);
      if (add === undefined) {
        add = this.#bind('increment', 'handler_failures', { ...entry.tags, reason });
        entry.failures.set(reason, add);
      }
      add(1);
    }
    if (startedAt === 0) return;
    const ms = Math.max(0, endedAt - startedAt);
    entry.durations.record(ms);
    entry.duration(ms);
    entry.queueTime(Math.max(0, startedAt - emittedAt));
  }

  getSnapshot(): MetricsSnapshot {
    const handlers: [string, HandlerStats][] = [];
    for (const [name, { success, failure, timeout, durations }] of this.#handlers) {
      handlers.push([
        name,
        {
          total_calls: success + failure + timeout,
          success_count: success,
          failure_count: failure,
          timeout_count: timeout,
          p50_ms: durations.quantile(0.5),
          p99_ms: durations.quantile(0.99),
        },
      ]);
    }
    // fromEntries defines properties: an event type `__proto__` is a key like any other.
    return {
      events_emitted: Object.fromEntries([...this.#types].map(([type, { count }]) => [type, count])),
      events_dropped: Object.fromEntries([...this.#dropped].map(([policy, { count }]) => [policy, count])),
      total_events_emitted: this.#emitted,
      handler_stats: Object.fromEntries(handlers),
    };
  }

  /** Keeps the gauges of a bus up to date; returns a function that sends them a last time and stops. Called by the bus. */
  attach(readStats: () => BusStats): () => void {
    let last: Record<string, number> = {};
    const collect = (): void =>
      this.#guarded(() => {
        const totals = this.#sendGauges(readStats());
        for (const [name, total] of Object.entries(totals)) {
          const more = total - (last[name] ?? 0);
          if (more > 0) this.backend.increment(name, more, this.#tags);
        }
        last = totals;
      });
    let stop: (() => void) | undefined;
    if (this.backend.observe === undefined) {
      const timer = setInterval(collect, GAUGE_INTERVAL_MS);
      timer.unref();
      stop = () => clearInterval(timer);
    } else this.#guarded(() => (stop = this.backend.observe!(collect)));
    return () => {
      collect();
      this.#guarded(() => stop?.());
    };
  }

  /** Returns the totals that only grow, of which the backend gets the difference. */
  #sendGauges(stats: BusStats): Record<string, number> {
    const gauge = (name: string, value: number, tags: MetricTags = this.#tags): void =>
      this.backend.gauge(name, value, tags);
    gauge('pending_events', stats.pending);
    gauge('ring_used_bytes', stats.ring.bytes_used);
    const { live, busy, spare, zombies, restarts } = stats.threads;
    for (const [state, count] of Object.entries({ live, busy, spare, zombies })) {
      gauge('threads', count, { ...this.#tags, state });
    }
    const { dlq, audit } = stats;
    if (dlq !== undefined) gauge('dead_letters', dlq.size);
    if (audit !== undefined) gauge('audit_lag_events', audit.lag_events);
    return {
      events_completed: stats.completed,
      events_failed: stats.failed,
      thread_restarts: restarts,
      ...(audit && { audit_lines: audit.lines }),
    };
  }

  #entry(entries: Map<string, TypeEntry>, value: string, name: string, tag: string): TypeEntry {
    const shown = entries.size < this.#maxSeries ? value : OTHER;
    let entry = entries.get(shown);
    if (entry === undefined) {
      entry = { count: 0, add: this.#bind('increment', name, { ...this.#tags, [tag]: shown }) };
      entries.set(shown, entry);
    }
    return entry;
  }

  #handler(name: string): HandlerEntry {
    const shown = this.#handlers.size < this.#maxSeries ? name : OTHER;
    let entry = this.#handlers.get(shown);
    if (entry === undefined) {
      const tags = { ...this.#tags, handler: shown };
      entry = new HandlerEntry(
        tags,
        this.#bind('timing', 'handler_duration', tags),
        this.#bind('timing', 'handler_queue_time', tags),
      );
      this.#handlers.set(shown, entry);
    }
    return entry;
  }

  #bind(kind: 'increment' | 'timing', name: string, tags: MetricTags): (value: number) => void {
    const { backend } = this;
    let bound: ((value: number) => void) | undefined;
    this.#guarded(() => {
      bound = backend.bind?.(kind, name, tags);
    });
    const send = bound ?? ((value: number) => backend[kind](name, value, tags));
    return (value) => {
      try {
        send(value);
      } catch (error) {
        this.#failed(error);
      }
    };
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#backendErrors++;
    this.#warnings.once(
      'GANGLION_METRICS_BACKEND',
      'backend',
      `a metrics backend throws, and what it was told is lost: ${messageOf(error)}. backendErrors counts how often`,
    );
  }
}
