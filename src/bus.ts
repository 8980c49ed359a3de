import type { Writable } from 'node:stream';
import type { AuditQuery } from './audit/query.ts';
import { BusEngine } from './bus/engine.ts';
import { Ingest, openWritable } from './bus/ingest.ts';
import { type ListenHost, openStream, waitFor } from './bus/listen.ts';
import { planSubscription } from './bus/subscription.ts';
import type { DeadLetterQueue } from './dead-letters/queue.ts';
import { WaitingReceipt } from './delivery/receipt.ts';
import { resolveEmitSignal } from './emit-options.ts';
import { BusClosedError } from './errors.ts';
import type { BusEvent } from './event.ts';
import type { EventName, EventOf, EventsShape, PatternOf } from './event-types.ts';
import { resolveIngestOptions } from './options/ingest.ts';
import { resolveStreamOptions, resolveTimeLimit, resolveWaitForOptions } from './options/listen.ts';
import type {
  BusStats,
  EmitOptions,
  EmitResult,
  EventBusOptions,
  EventMap,
  EventStream,
  EventStreamOptions,
  HandlerModule,
  HealthReport,
  IngestOptions,
  IngestReport,
  InlineHandler,
  ShutdownReport,
  SubscribeOptions,
  WaitForOptions,
  WritableMap,
} from './types.ts';

/** An event bus: emit on this thread, handle here and on a pool of threads. */
export class EventBus<Events extends EventsShape<Events> = EventMap, Inputs extends EventsShape<Inputs> = Events>
  implements AsyncDisposable
{
  /** Never there at run time: by it types find the event map of a bus. */
  declare readonly '~events'?: Events;
  readonly #engine: BusEngine;
  #shutdown: Promise<ShutdownReport> | undefined;

  /** Throws ConfigError, which names every fault of the options, and AuditLockedError. */
  constructor(options?: EventBusOptions<Events, Inputs>) {
    this.#engine = new BusEngine(this, options);
  }

  /** The queue that the bus was given. */
  get deadLetterQueue(): DeadLetterQueue | undefined {
    return this.#engine.options.deadLetterQueue;
  }

  /** Threads up, every handler module imported, the audit log open. Rejects with HandlerLoadError, ThreadStartError, AuditOpenError. */
  async ready(): Promise<void> {
    await this.#engine.ready();
  }

  /**
   * Calls `handler` for every event whose type matches one of the patterns: exact names, `chat.*` (any depth below
   * `chat.`), `*` (all but the bus's own `system.*`), picomatch globs. Returns the subscription's id.
   * Throws InvalidPatternError, ConfigError, BusClosedError, ThreadStartError, and the reason of a signal that has aborted
   * before; then nothing was subscribed.
   */
  subscribe<const P extends PatternOf<Events>>(
    handler: InlineHandler<EventOf<Events, P>, Inputs> | HandlerModule,
    eventTypes: P | readonly P[],
    options?: SubscribeOptions,
  ): string {
    return this.#subscribe(handler, eventTypes, options, false);
  }

  /** As `subscribe`, and ends with the first event that matches. Exactly one is handled, however many are emitted at once. */
  once<const P extends PatternOf<Events>>(
    handler: InlineHandler<EventOf<Events, P>, Inputs> | HandlerModule,
    eventTypes: P | readonly P[],
    options?: SubscribeOptions,
  ): string {
    return this.#subscribe(handler, eventTypes, options, true);
  }

  /**
   * The first event to come that matches, as an ordinary subscription sees it. Rejects with WaitTimeoutError, the signal's
   * reason, BusClosedError, or what the filter throws.
   */
  async waitFor<const P extends PatternOf<Events>>(
    eventTypes: P | readonly P[],
    options?: WaitForOptions<EventOf<Events, P>>,
  ): Promise<EventOf<Events, P>> {
    const resolved = resolveWaitForOptions(options as WaitForOptions | undefined);
    return waitFor(this.#listenHost(eventTypes), resolved) as Promise<EventOf<Events, P>>;
  }

  /**
   * Events from this call on, for `for await`. Bounded: see EventStreamOptions. Throws ConfigError, InvalidPatternError,
   * BusClosedError, and the reason of a signal that has aborted before.
   */
  events<const P extends PatternOf<Events>>(
    eventTypes: P | readonly P[],
    options?: EventStreamOptions,
  ): EventStream<EventOf<Events, P>> {
    const stream: EventStream<unknown> = openStream(this.#listenHost(eventTypes), resolveStreamOptions(options));
    return stream as EventStream<EventOf<Events, P>>;
  }

  /** False when there is no such subscription. Events emitted before still go to it. */
  unsubscribe(subscriptionId: string): boolean {
    return this.#engine.unsubscribe(subscriptionId);
  }

  /**
   * Returns the event's id, or '' when the overflow policy `drop` dropped it. Never throws a handler's error.
   * Throws InvalidEventError, SerializationError, BackpressureError, BusClosedError.
   */
  emit<T extends EventName<Inputs>>(eventType: T, payload: Inputs[T], options?: EmitOptions): string {
    return this.#engine.entrance.emit(eventType, payload, options, false);
  }

  /** As `emit`, and resolves when every handler has settled; a handler's failure is in the outcomes. Abort rejects; the handlers go on. */
  emitAndWait<T extends EventName<Inputs>>(
    eventType: T,
    payload: Inputs[T],
    options?: EmitOptions & { signal?: AbortSignal },
  ): Promise<EmitResult> {
    const receipt = new WaitingReceipt();
    try {
      const signal = resolveEmitSignal(options);
      if (signal !== undefined) receipt.rejectOn(signal);
      const eventId = this.#engine.entrance.emit(eventType, payload, options, false, receipt);
      if (eventId === '') receipt.refused();
    } catch (error) {
      receipt.threw(error);
    }
    return receipt.promise;
  }

  /** Waits for room whatever the overflow policy, without blocking the thread. Abort rejects, and nothing was emitted. */
  async emitAsync<T extends EventName<Inputs>>(
    eventType: T,
    payload: Inputs[T],
    options?: EmitOptions & { signal?: AbortSignal },
  ): Promise<string> {
    return this.#engine.entrance.emitAsync(eventType, payload, options);
  }

  /**
   * Emits one event per line of NDJSON (`ndjson: true`: text or bytes), or per payload object. Waits for room under every
   * overflow policy, unless told not to, and resolves when all of them have settled. With an `eventType` a line is a
   * payload; without one it is an event's line as `BusEvent.toJsonl` writes it, which keeps its id, time, source and
   * correlation id, and the bus's own records in a log are skipped. A line goes to the threads as it is, and is parsed there,
   * unless something on this thread needs to read it: a handler that is a function, validation, schemas, the audit log.
   * A malformed line is counted and told to `onMalformed`, never fatal; one that a thread finds counts as a failed event.
   * Rejects with the source's error, the signal's reason, ConfigError, BusClosedError.
   */
  async ingest(source: AsyncIterable<unknown> | Iterable<unknown>, options: IngestOptions): Promise<IngestReport> {
    return new Ingest(this.#engine.entrance.ingestHost(), resolveIngestOptions(options)).run(source);
  }

  /**
   * A Writable in object mode: each chunk is the payload of an event of this type, or what the function makes of it. A
   * write is done when its event is accepted, so `pipeline` and `write` feel the bus's back-pressure. What emit throws
   * ends the stream. Throws ConfigError. @default highWaterMark 16 chunks
   */
  writable(target: EventName<Inputs> | WritableMap, options?: { highWaterMark?: number }): Writable {
    return openWritable(this.#engine.entrance.ingestHost(), target, options);
  }

  /** Accepted events whose handlers have not all settled. */
  getPendingCount(): number {
    return this.#engine.pending();
  }

  /** True when nothing was pending before the time was over. Rejects with ConfigError. @default timeoutMs 30_000 */
  async waitForPending(options?: { timeoutMs?: number }): Promise<boolean> {
    return this.#engine.settled(resolveTimeLimit('waitForPending', options));
  }

  /** Events of the audit log, newest first, redacted as they were written; none without a log. Throws ConfigError, InvalidPatternError, AuditOpenError. */
  async getEvents(query?: AuditQuery): Promise<BusEvent[]> {
    return (await this.#engine.audit?.read(query)) ?? [];
  }

  /**
   * Removes what the audit log holds, rotated files too. False: there is no log, or not all could be removed. Rejects with
   * BusClosedError after a shutdown.
   */
  async clearLog(): Promise<boolean> {
    return (await this.#engine.audit?.clear()) ?? false;
  }

  /** No I/O, cheap enough to poll. */
  getStats(): BusStats {
    return this.#engine.stats();
  }

  /** Is the bus fit for work? No I/O, cheap enough to poll. */
  health(): HealthReport {
    return this.#engine.health();
  }

  /**
   * Lets pending events finish within the time limit, ends the threads, and says what became of the rest. Idempotent.
   * Rejects with ConfigError, and then nothing has ended. @default timeoutMs 30_000
   */
  shutdown(options?: { timeoutMs?: number }): Promise<ShutdownReport> {
    if (this.#shutdown === undefined) {
      try {
        this.#shutdown = this.#engine.close(resolveTimeLimit('shutdown', options));
      } catch (error) {
        return Promise.reject(error as Error);
      }
    }
    return this.#shutdown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #subscribe(
    handler: unknown,
    eventTypes: string | readonly string[],
    options: SubscribeOptions | undefined,
    once: boolean,
  ): string {
    if (this.#engine.phase !== 'open') throw new BusClosedError('subscribe');
    const { options: bus } = this.#engine;
    return this.#engine.subscribe(
      planSubscription(handler as InlineHandler | HandlerModule, eventTypes, options, bus),
      once,
    );
  }

  #listenHost(eventTypes: string | readonly string[]): ListenHost {
    return {
      clock: this.#engine.clock,
      eventTypes,
      closers: this.#engine.closers,
      subscribe: (handler, name) =>
        (this as AnyEventBus).subscribe(handler as InlineHandler<unknown>, eventTypes, { name, timeoutMs: 0 }),
      unsubscribe: (id) => this.unsubscribe(id),
    };
  }
}

/** A bus of whatever events, for code that takes each. */
// biome-ignore lint/suspicious/noExplicitAny: handlers take events and emit gives them, so no map is wider than all others.
export type AnyEventBus = EventBus<any, any>;
