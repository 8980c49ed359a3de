// The whole contract on one page, longer than other files: who looks for an option finds it beside its likes.
import type { ResourceLimits } from 'node:worker_threads';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AuditStats } from './audit/log.ts';
import type { SealPayload } from './audit-format.ts';
import type { DeadLetterQueue } from './dead-letters/queue.ts';
import type { BusEvent } from './event.ts';
import type { EventName } from './event-types.ts';
import type { MetricsCollector, MetricsSnapshot } from './metrics/collector.ts';
import type { Redactor } from './redact/redactor.ts';
import type { SerializedError } from './serialized-error.ts';
import type { Validator } from './validation.ts';

/** What an event carries: a plain object, encoded once as JSON when it is emitted. */
export type Payload = Record<string, unknown>;

/** Event types and their payloads; the default takes every name and every payload. */
export type EventMap = Record<string, Payload>;

/** What happens to an event that finds `maxPendingEvents` others unsettled. */
export const OverflowPolicy = {
  DROP: 'drop',
  DROP_OLDEST: 'dropOldest',
  RAISE: 'raise',
  BLOCK: 'block',
} as const;
export type OverflowPolicy = (typeof OverflowPolicy)[keyof typeof OverflowPolicy];

/** Why a delivery failed. */
export const FailureReason = {
  HANDLER_ERROR: 'handler_error',
  HANDLER_TIMEOUT: 'handler_timeout',
  ALL_HANDLERS_FAILED: 'all_handlers_failed',
  VALIDATION_ERROR: 'validation_error',
  SERIALIZATION_ERROR: 'serialization_error',
  WORKER_EXIT: 'worker_exit',
  HANDLER_LOAD_ERROR: 'handler_load_error',
  HANDLER_QUARANTINED: 'handler_quarantined',
  DROPPED: 'dropped',
  SHUTDOWN: 'shutdown',
} as const;
export type FailureReason = (typeof FailureReason)[keyof typeof FailureReason];

export interface EmitOptions {
  /** Who emitted it; null in the event when not given. */
  source?: string;
  /** Wins over the scope that `withCorrelation` opened. */
  correlationId?: string;
  /** Binary payload, handed to handlers as bytes; never JSON, never audited. Copied at emit. */
  body?: Uint8Array;
  /** Events with one key reach a subscription in order. */
  orderingKey?: string;
}

export interface SubscribeOptions {
  /** Higher first. @default 100 */
  priority?: number;
  /** Shown in stats, dead letters and spans. @default the function's name or the module's basename */
  name?: string;
  /** Overrides the bus's `handlerTimeoutMs`. 0 or Infinity: none. */
  timeoutMs?: number;
  /** Abort unsubscribes. */
  signal?: AbortSignal;
  /** A delivery that had started when its thread was ended for another's fault runs again as the next attempt; false: it fails as `worker_exit`. @default true */
  redeliver?: boolean;
  /**
   * At most so many deliveries at a time over all threads. 1: never beside itself, in emission order. A delivery that waits
   * to be tried again is not counted and others go ahead of it; use an ordering key where they must not.
   * @default no limit
   */
  concurrency?: number;
  /** A failed delivery is tried again before it fails for good. @default none */
  retry?: RetryOptions;
  /** Deliveries fail fast as `handler_quarantined` after repeated hard kills, crashes or load failures; false: never. */
  circuitBreaker?: CircuitBreakerOptions | false;
  /**
   * 'hold': later events of an ordering key wait behind a dead one until its dead letter is retried with success, removed
   * or evicted. Needs the bus's `deadLetterQueue`. 'free': they go on. @default 'free'
   */
  dlqOrder?: 'free' | 'hold';
  /** With `dlqOrder: 'hold'`: so many deliveries wait behind dead ones; further ones fail as `dropped`. @default 1_000 */
  maxHeld?: number;
}

/** A waiting retry holds no thread and no slot of the ring, and its event is pending meanwhile. */
export interface RetryOptions {
  /** Attempts in all, the first one included; from 1. */
  attempts: number;
  /** Milliseconds before the second attempt; 0: at once. @default 100 */
  backoffMs?: number;
  /** Each further wait is so many times as long as the one before; from 1. @default 2 */
  factor?: number;
  /** Milliseconds; no wait is longer. @default 30_000 */
  maxBackoffMs?: number;
  /** Each wait is a random part of its length, from half of it up. @default true */
  jitter?: boolean;
}

/** So many hard failures within a window open it; after a pause one delivery goes as a trial and decides. */
export interface CircuitBreakerOptions {
  /** @default 5 */
  failures?: number;
  /** Milliseconds. @default 10_000 */
  windowMs?: number;
  /** Milliseconds. @default 30_000 */
  pauseMs?: number;
}

export interface IngestOptions {
  /** Of every event. Without it each line is an event's own, with `event_type` and `payload`. @default none */
  eventType?: string;
  /** The source is text or bytes with one JSON object per line; false: it is payload objects. @default false */
  ndjson?: boolean;
  source?: string;
  correlationId?: string;
  orderingKey?: string;
  /** A line that holds no JSON object, or that the bus's checks refuse. What it throws ends the ingestion. */
  onMalformed?: (malformed: MalformedLine) => void;
  /** A longer line is malformed, and not kept in memory. @default 16_777_216 */
  maxLineBytes?: number;
  /** Payloads of events that have not settled; beyond it the source waits. @default 67_108_864 */
  maxPendingBytes?: number;
  /** `policy`: at `maxPendingEvents` the source does not wait, the bus's overflow policy decides as for `emit`. @default 'wait' */
  whenFull?: 'wait' | 'policy';
  /** Abort rejects; what was emitted stays emitted. */
  signal?: AbortSignal;
  /** Abort ends the reading as the source's end does: what was emitted is awaited and reported. */
  stopSignal?: AbortSignal;
}

export interface MalformedLine {
  /** Empty for a line that is too long. */
  text: string;
  /** From 1; blank lines count. */
  line: number;
  error: Error;
}

export interface IngestReport {
  /** Lines that are not blank, or payload objects. */
  lines: number;
  /** Events that were accepted, were what they should be, and were not displaced. */
  emitted: number;
  /** Of those: at least one handler failed. */
  failed: number;
  malformed: number;
  /** Refused or displaced by the overflow policy. */
  dropped: number;
  /** Lines of a log that are the bus's own records. */
  skipped: number;
  /** Events that no subscription matched. */
  unhandled: number;
  bytes: number;
}

/** The event that a chunk becomes; undefined: none. */
export type WritableMap = (
  // biome-ignore lint/suspicious/noExplicitAny: what the stream before it gives.
  chunk: any,
) => { eventType: string; payload: Payload; options?: EmitOptions } | undefined;

export interface DeadLetterQueueOptions {
  /** Entries; beyond it the oldest is evicted, and counted. @default 10_000 */
  maxSize?: number;
  /** A JSONL file that keeps the entries over a restart. One queue at a time can have it. @default none */
  path?: string | URL;
  /** What goes to the file is redacted; such an entry, read back, can't be retried. @default that of the bus */
  redactor?: { redactLine(line: string): string; redact(value: unknown): unknown };
  /** The file gets events unredacted, whoever has a redactor, so that they can be retried after a restart. @default false */
  storeRaw?: boolean;
}

/** One attempt of a delivery that failed. */
export interface FailedAttemptInfo {
  /** Milliseconds since the epoch. */
  at: number;
  reason: FailureReason;
  error: SerializedError;
  threadId: number;
}

/** A dead letter: one event that failed in one subscription, or that was not accepted (`subscriptionId` null). */
export interface FailedEvent {
  id: string;
  event: BusEvent;
  /** Of the latest failure. */
  reason: FailureReason;
  error: SerializedError;
  /** Null: the event was not accepted, as for `validation_error` and `serialization_error`. */
  subscriptionId: string | null;
  handlerName: string | null;
  /** Of the first failure, in milliseconds since the epoch. */
  timestamp: number;
  /** Retries that were asked for and have ended. */
  retryCount: number;
  /** The failed attempts, oldest first; of more than 100 the first one and the latest. */
  attempts: FailedAttemptInfo[];
  orderingKey: string | null;
  /** Read from a file that holds less than was emitted (redacted, or without its body): it can't be retried as it is. */
  incomplete: boolean;
}

export interface DeadLetterStats {
  size: number;
  maxSize: number;
  /** Entries that had to go for newer ones. */
  evicted: number;
  /** Entries; `all_handlers_failed` counts events whose handlers, two or more, have all failed. */
  byReason: Partial<Record<FailureReason, number>>;
  byEventType: Record<string, number>;
  /** Milliseconds since the epoch; null when empty. */
  oldestTimestamp: number | null;
  newestTimestamp: number | null;
  /** With `path` only. */
  file?: {
    path: string;
    /** Lines that could not be read when the file was opened. */
    damagedLines: number;
    /** Writes that failed; the file is written anew as soon as that works. */
    errors: number;
  };
}

/** What a handler module's `setup` gets. */
export interface SetupContext {
  /** Node's id of the thread that the module is set up on. */
  readonly threadId: number;
}

/** Runs on the main thread. */
export type InlineHandler<Event = BusEvent, Events = EventMap> = (
  event: Event,
  context: HandlerContext<Events>,
) => unknown;

/** Runs in the pool: the module's default export, or the one that is named. A relative string is resolved from the working directory. */
export type HandlerModule = URL | { module: URL | string; export?: string };

export interface HandlerContext<Events = EventMap> {
  /** Aborted at the deadline and when a shutdown gives up. */
  readonly signal: AbortSignal;
  /** 1 on first delivery. */
  readonly attempt: number;
  /** Node's thread id; 0 on the main thread. */
  readonly threadId: number;
  readonly subscriptionId: string;
  /** Milliseconds to the deadline, never below 0; Infinity without one. Synchronous and cheap, works inside a busy loop. */
  readonly remainingMs: () => number;
  /** Emits on the bus this event came from, also out of a worker. Inherits the event's correlation id. Returns the event id. */
  readonly emit: <T extends EventName<Events>>(eventType: T, payload: Events[T], options?: EmitOptions) => string;
}

export interface HandlerOutcome {
  subscriptionId: string;
  handlerName: string;
  ok: boolean;
  /** What the handler returned, as JSON carries it, or a Uint8Array. */
  value?: unknown;
  error?: Error;
  reason?: FailureReason;
  attempt: number;
  /** Running time in milliseconds, to the settlement. */
  durationMs: number;
  /** From emit to the handler's start, in milliseconds. */
  queueMs: number;
  threadId: number;
}

export interface EmitResult {
  /** '' when the overflow policy dropped the event. */
  eventId: string;
  accepted: boolean;
  /** Accepted, and every handler succeeded. */
  ok: boolean;
  /** In priority order. */
  outcomes: HandlerOutcome[];
}

export interface ShutdownReport {
  /** Events that settled during the shutdown. */
  drained: number;
  /** Deliveries unsettled at the time limit. */
  abandoned: number;
  /** Threads terminated in the middle of a handler. */
  killed: number;
  auditFlushed: boolean;
  durationMs: number;
}

/** A schema per event type, of any library that follows Standard Schema (zod, valibot, arktype, …). */
export type SchemaMap<Events = EventMap, Inputs = Events> = {
  // biome-ignore lint/suspicious/noExplicitAny: the other side of a schema may be anything; events are its output.
  readonly [K in keyof Events]?: StandardSchemaV1<any, Events[K]>;
} & {
  // biome-ignore lint/suspicious/noExplicitAny: what emit takes is its input.
  readonly [K in keyof Inputs]?: StandardSchemaV1<Inputs[K], any>;
};

export interface EventBusOptions<Events = EventMap, Inputs = Events> {
  /** Handler threads. They start with the first handler module. @default os.availableParallelism() */
  maxConcurrentHandlers?: number;
  /** Warm threads that replace a killed one at once and take no events before. @default 1 */
  spareThreads?: number;
  /** Async deliveries in flight beside each other on one thread. @default 8 */
  asyncPerThread?: number;
  /** From the handler's start. 0 or Infinity: none. @default 30_000 */
  handlerTimeoutMs?: number;
  /** Accepted and unsettled events; Infinity: no limit. @default 100_000 */
  maxPendingEvents?: number;
  /** @default 'raise' */
  overflowPolicy?: OverflowPolicy;
  /** How long policy `block` waits for room before BackpressureError. @default 30_000 */
  blockTimeoutMs?: number;
  /** Import and setup of a handler module. @default 30_000 */
  loadTimeoutMs?: number;
  /** A handler thread is replaced, between events, after so many. @default Infinity: never */
  recycleAfterEvents?: number;
  /** … or when its JavaScript heap, garbage that was not collected included, has grown to so many bytes. @default Infinity: never */
  recycleAboveHeapBytes?: number;
  /** The dispatch ring: powers of two, at least 16 slots and 65_536 bytes. @default { slots: 16_384, bytes: 8_388_608 } */
  ring?: { slots?: number; bytes?: number };
  /** Of handler threads, as `new Worker` takes them. */
  resourceLimits?: ResourceLimits;
  execArgv?: string[];
  env?: NodeJS.ProcessEnv;
  /**
   * For a program that is bundled whole: the folder, by file URL or path, that holds a copy of the package's dist/standalone,
   * from which threads are started. ConfigError when it holds none. @default the package's own files
   */
  workersUrl?: URL | string;
  /** Write every event to the audit log. True without `eventLogPath` is a ConfigError. @default true exactly when `eventLogPath` is given */
  enableAudit?: boolean;
  /** The audit log's file, JSON lines of mode 0600. One bus at a time: AuditLockedError. @default none */
  eventLogPath?: string | URL;
  /** The file is rotated before it would grow beyond this. @default no rotation */
  maxLogSizeBytes?: number;
  /** Rotated files kept. @default 5 */
  maxLogFiles?: number;
  /** When what was written is forced to the disk. @default 'rotate' */
  auditFsync?: 'none' | 'rotate' | 'batch';
  /** What the audit log, and the file of the dead letters, may not hold. @default none: nothing is redacted */
  redactor?: Redactor;
  /** Seal the log by a running hash, each so many lines; true: 1_000. @default false */
  auditSeal?: boolean | number;
  /** Gets each seal. A log cut off at its end can only be told by a seal that is kept elsewhere. @default none */
  onSeal?: (seal: SealPayload) => void;
  /** Gathers figures of events and handlers. @default none */
  metrics?: MetricsCollector;
  /** Every event is checked before it is emitted. @default true exactly when a validator is given */
  validateEvents?: boolean;
  /** Checks names, sources and payloads. @default new EventValidator(), where events are validated */
  validator?: Validator;
  /** Checks payloads by event type, and types `emit` and `subscribe`. What a schema puts out is what is emitted. @default none */
  schemas?: SchemaMap<Events, Inputs>;
  /**
   * Writes payloads by code that is compiled from schemas which offer JSON Schema; compared with JSON.stringify on a sample.
   * Measured, flat payloads are written 1.5 to 3.7 times as fast; lists of 50 objects 1.2 times as fast on Node 20, and at
   * 0.4 times the speed on Node 26. So it is for those who know their payloads. @default false
   */
  compileSchemas?: boolean;
  /** OpenTelemetry spans; true: also for an SDK that is registered later. @default true exactly when an SDK is registered by now */
  tracing?: boolean;
  /** Keeps what has failed, one entry per event and subscription. @default none: failures are counted and reported only */
  deadLetterQueue?: DeadLetterQueue;
}

export interface WaitForOptions<Event = BusEvent> {
  /** WaitTimeoutError after this; Infinity: never. @default 30_000 */
  timeoutMs?: number;
  /** Abort rejects with its reason. */
  signal?: AbortSignal;
  /** Only an event that it accepts counts. What it throws rejects. @default each */
  filter?: (event: Event) => boolean;
}

export interface EventStreamOptions {
  /** Abort ends the iteration with its reason, and leaves out what was buffered. */
  signal?: AbortSignal;
  /** Events kept for a consumer that is behind. @default 1_024 */
  bufferSize?: number;
  /**
   * When the buffer is full: `dropOldest` leaves the oldest one out and counts it in `dropped`; `wait` loses nothing, the
   * event stays pending until there is room, and so is seen by `maxPendingEvents` and awaited by `shutdown`.
   * @default 'dropOldest'
   */
  whenFull?: 'dropOldest' | 'wait';
}

/** Events as they come; ends with the bus, with its signal, or when the loop over it ends. */
export interface EventStream<Event = BusEvent> extends AsyncIterableIterator<Event, undefined>, AsyncDisposable {
  /** Events left out because the buffer was full. */
  readonly dropped: number;
  next(): Promise<IteratorResult<Event, undefined>>;
  return(): Promise<IteratorResult<Event, undefined>>;
  [Symbol.asyncIterator](): EventStream<Event>;
}

export interface HealthCheck {
  name: 'bus' | 'threads' | 'modules' | 'ring' | 'pending' | 'quarantine' | 'audit';
  /** `degraded`: it works, and somebody should look at it. */
  status: 'ok' | 'degraded' | 'failed';
  /** What was found, in one sentence. */
  diagnosis: string;
}

export interface HealthReport {
  /** The worst of all checks. */
  status: HealthCheck['status'];
  checks: HealthCheck[];
}

export interface BusStats {
  active_subscriptions: number;
  total_subscriptions: number;
  audit_enabled: boolean;
  max_concurrent_handlers: number;
  event_types_subscribed: number;
  /** With what the log held at opening; that of a log above 32 MiB is counted in the background, about a second for a gigabyte. */
  total_events_logged: number;
  log_file_size: number;
  validation_enabled: boolean;
  metrics_enabled: boolean;
  /** Of the collector that the bus was given. */
  metrics?: MetricsSnapshot;
  /** Events that failed their validation, also those that may pass. */
  validation_failures: number;
  /** Every `emit` that did not throw. */
  emitted: number;
  /** Every handler succeeded, or there was none. */
  completed: number;
  /** At least one handler failed. */
  failed: number;
  /** Refused or displaced by the overflow policy. */
  dropped: number;
  pending: number;
  /** Deliveries that wait for their next attempt; their events are pending. */
  retrying: number;
  /** Deliveries that wait behind a dead letter of their ordering key; their events are pending. */
  held: number;
  /** Subscriptions whose circuit breaker is open. */
  quarantined: number;
  /** Of the bus's dead letter queue. */
  dlq?: DeadLetterStats;
  /** Of the audit log, where there is one. */
  audit?: AuditStats;
  ring: { slots: number; used: number; bytes_used: number };
  threads: {
    /** Taking events; spares don't count. */
    live: number;
    /** With a delivery in flight. */
    busy: number;
    spare: number;
    /** Replaced after a kill or crash. */
    restarts: number;
    /** Ended, but still in native code that can't be interrupted. */
    zombies: number;
  };
}
