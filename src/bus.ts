import type { Writable } from 'node:stream';
import type { AuditQuery } from './audit/reader.ts';
import { allOutcomesOf } from './bus/all-outcomes.ts';
import { AuditTrail } from './bus/audit-trail.ts';
import { type Checks, createChecks } from './bus/checks.ts';
import { DeadEvents } from './bus/dead-events.ts';
import type { EventLine } from './bus/event-line.ts';
import { healthOf } from './bus/health.ts';
import { Ingest, type IngestHost, openWritable } from './bus/ingest.ts';
import { type ListenHost, openStream, waitFor } from './bus/listen.ts';
import { observe } from './bus/observe.ts';
import type { BusObserver } from './bus/observer.ts';
import { Outcomes } from './bus/outcomes.ts';
import { Room } from './bus/room.ts';
import { Settling, timeLimit } from './bus/settling.ts';
import { planSubscription } from './bus/subscription.ts';
import { SystemEvents } from './bus/system-events.ts';
import { seamOf, type TestSeam } from './bus/test-seam.ts';
import { type Clock, MAX_TIMER_MS, monotonicMs, REAL_CLOCK } from './clock.ts';
import { encodeEvent, encodeHead, messageOf } from './codec.ts';
import { currentScope } from './correlation.ts';
import type { DeadLetter } from './dead-letters/letter.ts';
import type { DeadLetterQueue } from './dead-letters/queue.ts';
import { Flow } from './delivery/flow.ts';
import { Ledger } from './delivery/ledger.ts';
import {
  Delivery,
  failure,
  type Ingestion,
  type Outcome,
  PendingEvent,
  type Receipt,
  type Subscription,
} from './delivery/pending.ts';
import { WaitingReceipt } from './delivery/receipt.ts';
import { resolveEmitOptions } from './emit-options.ts';
import { BusClosedError, SerializationError, ShutdownError, ValidationError } from './errors.ts';
import { type BusEvent, checkEventType } from './event.ts';
import { nextEventId } from './event-id.ts';
import type { EventName, EventOf, EventsShape, PatternOf } from './event-types.ts';
import { InlineRunner } from './inline.ts';
import { type ResolvedOptions, resolveBusOptions, resolveIngestOptions } from './options.ts';
import { HandlerPool } from './pool/handler-pool.ts';
import type { PoolModule } from './pool/modules.ts';
import type { WorkerEmit } from './protocol.ts';
import { Routes } from './routes.ts';
import {
  type BusStats,
  type EmitOptions,
  type EmitResult,
  type EventBusOptions,
  type EventMap,
  type EventStream,
  type EventStreamOptions,
  FailureReason,
  type HandlerModule,
  type HealthReport,
  type IngestOptions,
  type IngestReport,
  type InlineHandler,
  type Payload,
  type ShutdownReport,
  type SubscribeOptions,
  type WaitForOptions,
  type WritableMap,
} from './types.ts';

type Sub = Subscription<PoolModule>;

/** A caller that never returns to its event loop still gets its completions read, each so many emits. */
const DRAIN_EVERY = 256;
/** After a shutdown's time limit handlers have so long to notice their signal. */
const LAST_GRACE_MS = 100;
/** What the audit log has to write at a shutdown may take so long, or as long as the shutdown's own limit. */
const AUDIT_PATIENCE_MS = 5_000;
/** Native code can't be interrupted, so its thread's exit is not awaited for longer. */
const EXIT_PATIENCE_MS = 1_000;

/** An event bus: emit on this thread, handle here and on a pool of threads. */
export class EventBus<Events extends EventsShape<Events> = EventMap, Inputs extends EventsShape<Inputs> = Events>
  implements AsyncDisposable
{
  /** Never there at run time: by it types find the event map of a bus. */
  declare readonly '~events'?: Events;
  readonly #options: ResolvedOptions;
  /** Only in tests of programs that use the bus. */
  readonly #seam: TestSeam | undefined;
  readonly #clock: Clock;
  /** Only where the command line uses the bus. */
  readonly #allOutcomes: Receipt | undefined;
  readonly #routes = new Routes<Sub>();
  readonly #subscriptions = new Map<string, Sub>();
  readonly #ledger: Ledger;
  readonly #observation: BusObserver;
  readonly #checks: Checks;
  #validationFailures = 0;
  readonly #flow: Flow;
  readonly #inline: InlineRunner;
  readonly #room: Room;
  readonly #system: SystemEvents<Sub>;
  readonly #settling = new Settling();
  readonly #audit: AuditTrail | undefined;
  readonly #deadEvents: DeadEvents<Sub> | undefined;
  readonly #outcomes: Outcomes;
  /** Made with the first handler module. */
  #pool: HandlerPool | undefined;
  #totalSubscriptions = 0;
  #sinceDrain = 0;
  /** Holds the process while something is pending; threads in between two lives don't. */
  readonly #keepAlive: NodeJS.Timeout;
  #held = false;
  #closing = false;
  #closed = false;
  #shutdown: Promise<ShutdownReport> | undefined;
  /** Subscriptions that end with their first event. */
  readonly #once = new Set<Sub>();
  readonly #closers = new Set<() => void>();

  /** Throws ConfigError, which names every fault of the options. */
  constructor(options?: EventBusOptions<Events, Inputs>) {
    this.#options = resolveBusOptions(options as EventBusOptions | undefined);
    this.#seam = seamOf(options);
    this.#allOutcomes = allOutcomesOf(options);
    this.#clock = this.#seam?.clock ?? REAL_CLOCK;
    this.#observation = observe(this.#options, () => this.getStats());
    this.#checks = createChecks(this.#options, (eventType) => {
      this.#validationFailures++;
      this.#observation.invalid(eventType);
    });
    this.#ledger = new Ledger({
      dispatch: (delivery) => this.#flow.dispatch(delivery),
      eventDropped: (eventType, event) => this.#observation.dropped(eventType, event),
      deliverySettled: (delivery, outcome) => this.#outcomes.settled(delivery, outcome),
      eventSettled: (event) => this.#eventSettled(event),
    });
    this.#flow = new Flow(this.#clock, {
      run: (delivery) => {
        this.#observation.dispatched(delivery);
        if (delivery.subscription.module === undefined) this.#inline.submit(delivery);
        else this.#pool!.submit(delivery);
      },
      revoke: (delivery) =>
        delivery.subscription.module === undefined ? this.#inline.revoke(delivery) : this.#pool!.revoke(delivery),
      settle: (delivery, outcome) => this.#ledger.settle(delivery, outcome),
      revokeAll: (subscription, keep) =>
        subscription.module === undefined ? [] : this.#pool!.revokeAll(subscription as Sub, keep),
      trial: (subscription) => this.#reload(subscription as Sub),
      quarantined: (subscription) => this.#system.quarantined(subscription),
    });
    const seam = this.#seam;
    this.#inline = new InlineRunner({
      clock: this.#clock,
      settle:
        seam === undefined
          ? (delivery, outcome) => this.#attempted(delivery, outcome)
          : (delivery, outcome) => this.#attempted(delivery, seam.outcome(outcome)),
      emit: (from, eventType, payload, emitOptions) => {
        const correlationId = emitOptions?.correlationId ?? currentScope()?.correlationId ?? from.event.correlationId;
        return this.#emit(
          eventType,
          payload,
          correlationId === null ? emitOptions : { ...emitOptions, correlationId },
          true,
        );
      },
      lateError: (delivery, error) => this.#system.lateError(delivery, error),
      unencodable: (handlerName) => this.#outcomes.unencodable(handlerName),
      around: this.#observation.around,
    });
    const { audit, overflowPolicy, blockTimeoutMs, maxPendingEvents } = this.#options;
    this.#system = new SystemEvents(this.#clock, this.#routes, maxPendingEvents, audit !== undefined, (event) => {
      if (!this.#closed) this.#accept(event);
    });
    if (audit !== undefined) {
      this.#audit = new AuditTrail(audit, overflowPolicy, blockTimeoutMs, {
        fault: (fault) => this.#system.auditError(fault),
        roomAgain: () => this.#room.settled(),
        ...(audit.onSeal && { sealed: audit.onSeal }),
      });
    }
    this.#room = new Room(this.#options, this.#ledger, this.#flow, () => this.#pool, this.#audit);
    const { deadLetterQueue, redactor } = this.#options;
    if (deadLetterQueue !== undefined) {
      this.#deadEvents = new DeadEvents(this, deadLetterQueue, redactor, {
        closing: () => this.#closing,
        subscription: (id) => this.#subscriptions.get(id),
        route: (eventType) => this.#routes.resolve(eventType),
        accept: (event) => this.#accept(event),
        reload: (subscription) => this.#reload(subscription),
        hold: (subscription, orderingKey) => this.#flow.hold(subscription, orderingKey),
        emitAgain: (letter) => this.#emitAgain(letter),
      });
    }
    this.#outcomes = new Outcomes(this.#flow, this.#system, this.#deadEvents, this.#observation, () => this.#pool);
    this.#keepAlive = setInterval(() => {}, MAX_TIMER_MS);
    this.#keepAlive.unref();
    this.#observation.opened();
  }

  /** The queue that the bus was given. */
  get deadLetterQueue(): DeadLetterQueue | undefined {
    return this.#options.deadLetterQueue;
  }

  /** Threads up, every handler module imported, the audit log open. Rejects with HandlerLoadError, ThreadStartError, AuditOpenError. */
  async ready(): Promise<void> {
    if (this.#closed) throw new BusClosedError('ready');
    await this.#seam?.ready();
    await Promise.all([this.#audit?.ready(), this.#pool?.ready()]);
  }

  /**
   * Calls `handler` for every event whose type matches one of the patterns: exact names, `chat.*` (any depth below
   * `chat.`), `*` (all but the bus's own `system.*`), picomatch globs. Returns the subscription's id.
   * Throws InvalidPatternError, ConfigError, BusClosedError, ThreadStartError; then nothing was subscribed.
   */
  subscribe<const P extends PatternOf<Events>>(
    handler: InlineHandler<EventOf<Events, P>, Inputs> | HandlerModule,
    eventTypes: P | readonly P[],
    options?: SubscribeOptions,
  ): string {
    if (this.#closing) throw new BusClosedError('subscribe');
    const planned = planSubscription(handler as InlineHandler | HandlerModule, eventTypes, options, this.#options);
    const { address, signal, ...plan } = this.#seam?.plan(planned) ?? planned;
    // The patterns are compiled first: what can throw comes before what would have to be taken back.
    const compiled = this.#routes.check(plan.patterns);
    if (address !== undefined) this.#pool ??= this.#createPool();
    const module = address === undefined ? undefined : this.#pool!.acquireModule(address);
    const subscription: Sub = { ...plan, index: ++this.#totalSubscriptions, module };
    this.#routes.add(subscription, compiled);
    this.#subscriptions.set(subscription.id, subscription);
    this.#flow.subscribed(subscription);
    this.#deadEvents?.subscribed(subscription);
    if (module !== undefined) this.#pool!.subscribe(subscription);
    signal?.addEventListener('abort', () => this.unsubscribe(subscription.id), { once: true });
    return subscription.id;
  }

  /** As `subscribe`, and ends with the first event that matches. Exactly one is handled, however many are emitted at once. */
  once<const P extends PatternOf<Events>>(
    handler: InlineHandler<EventOf<Events, P>, Inputs> | HandlerModule,
    eventTypes: P | readonly P[],
    options?: SubscribeOptions,
  ): string {
    const id = this.subscribe(handler, eventTypes, options);
    this.#once.add(this.#subscriptions.get(id)!);
    return id;
  }

  /**
   * The first event to come that matches, as an ordinary subscription sees it. Rejects with WaitTimeoutError, the signal's
   * reason, BusClosedError, or what the filter throws.
   */
  waitFor<const P extends PatternOf<Events>>(
    eventTypes: P | readonly P[],
    options?: WaitForOptions<EventOf<Events, P>>,
  ): Promise<EventOf<Events, P>> {
    return waitFor(this.#listenHost(eventTypes), options as WaitForOptions | undefined) as Promise<EventOf<Events, P>>;
  }

  /** Events from this call on, for `for await`. Bounded: see EventStreamOptions. Throws ConfigError, InvalidPatternError, BusClosedError. */
  events<const P extends PatternOf<Events>>(
    eventTypes: P | readonly P[],
    options?: EventStreamOptions,
  ): EventStream<EventOf<Events, P>> {
    return openStream(this.#listenHost(eventTypes), options) as EventStream<unknown> as EventStream<EventOf<Events, P>>;
  }

  /** False when there is no such subscription. Events emitted before still go to it. */
  unsubscribe(subscriptionId: string): boolean {
    const subscription = this.#subscriptions.get(subscriptionId);
    if (subscription === undefined) return false;
    this.#subscriptions.delete(subscriptionId);
    this.#once.delete(subscription);
    this.#routes.remove(subscription);
    subscription.active = false;
    this.#flow.unsubscribed(subscription);
    this.#outcomes.forget(subscription);
    return true;
  }

  /**
   * Returns the event's id, or '' when the overflow policy `drop` dropped it. Never throws a handler's error.
   * Throws InvalidEventError, SerializationError, BackpressureError, BusClosedError.
   */
  emit<T extends EventName<Inputs>>(eventType: T, payload: Inputs[T], options?: EmitOptions): string {
    return this.#emit(eventType, payload, options, false);
  }

  /** As `emit`, and resolves when every handler has settled; a handler's failure is in the outcomes. Abort rejects; the handlers go on. */
  emitAndWait<T extends EventName<Inputs>>(
    eventType: T,
    payload: Inputs[T],
    options?: EmitOptions & { signal?: AbortSignal },
  ): Promise<EmitResult> {
    const receipt = new WaitingReceipt(options?.signal);
    try {
      options?.signal?.throwIfAborted();
      const eventId = this.#emit(eventType, payload, options, false, receipt);
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
    const signal = options?.signal;
    signal?.throwIfAborted();
    const resolved = this.#check(eventType, options, false);
    const payloadJson = this.#encode(eventType, payload, resolved);
    const room = this.#room.wait(signal);
    if (room !== undefined) await room;
    // The subscriptions, the id and the time are those of now: it is emitted now.
    return this.#admit(eventType, payloadJson, resolved, undefined);
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
    return new Ingest(this.#ingestHost(), resolveIngestOptions(options)).run(source);
  }

  /**
   * A Writable in object mode: each chunk is the payload of an event of this type, or what the function makes of it. A
   * write is done when its event is accepted, so `pipeline` and `write` feel the bus's back-pressure. What emit throws
   * ends the stream. Throws ConfigError. @default highWaterMark 16 chunks
   */
  writable(target: EventName<Inputs> | WritableMap, options: { highWaterMark?: number } = {}): Writable {
    return openWritable(this.#ingestHost(), target, options.highWaterMark ?? 16);
  }

  /** Accepted events whose handlers have not all settled. */
  getPendingCount(): number {
    this.#pool?.drain();
    return this.#ledger.pending;
  }

  /** True when nothing was pending before the time was over. @default timeoutMs 30_000 */
  async waitForPending(options: { timeoutMs?: number } = {}): Promise<boolean> {
    return this.#settling.within(timeLimit('waitForPending', options.timeoutMs), () => this.#ledger.pending === 0);
  }

  /** Events of the audit log, newest first, redacted as they were written; none without a log. Throws ConfigError, InvalidPatternError. */
  async getEvents(query?: AuditQuery): Promise<BusEvent[]> {
    return (await this.#audit?.read(query)) ?? [];
  }

  /** Removes what the audit log holds, rotated files too. False: there is no log, or not all could be removed. */
  async clearLog(): Promise<boolean> {
    return (await this.#audit?.clear()) ?? false;
  }

  /** No I/O, cheap enough to poll. */
  getStats(): BusStats {
    this.#pool?.drain();
    const { emitted, completed, failed, dropped, pending } = this.#ledger;
    const pool = this.#pool?.stats();
    const audit = this.#audit?.stats();
    return {
      active_subscriptions: this.#subscriptions.size,
      total_subscriptions: this.#totalSubscriptions,
      audit_enabled: audit !== undefined,
      max_concurrent_handlers: this.#options.threads,
      event_types_subscribed: this.#routes.patternCount,
      total_events_logged: audit?.total_events_logged ?? 0,
      log_file_size: audit?.log_file_size ?? 0,
      validation_enabled: this.#checks.enabled,
      validation_failures: this.#validationFailures,
      metrics_enabled: this.#options.metrics !== undefined,
      ...(this.#options.metrics && { metrics: this.#options.metrics.getSnapshot() }),
      emitted,
      completed,
      failed,
      dropped,
      pending,
      retrying: this.#flow.retrying,
      held: this.#flow.held,
      quarantined: this.#flow.quarantined,
      ...(this.deadLetterQueue && { dlq: this.deadLetterQueue.getStats() }),
      ...(audit && { audit }),
      ring: pool?.ring ?? { slots: this.#options.ringSlots, used: 0, bytes_used: 0 },
      threads: pool?.threads ?? { live: 0, busy: 0, spare: 0, restarts: 0, zombies: 0 },
    };
  }

  /** Is the bus fit for work? No I/O, cheap enough to poll. */
  health(): HealthReport {
    const faults = this.#pool?.faults();
    return healthOf({
      stats: this.getStats(),
      closed: this.#closed,
      maxPendingEvents: this.#options.maxPendingEvents,
      threads: this.#pool === undefined ? 0 : this.#options.threads,
      threadError: faults?.threads,
      unloadable: faults?.modules ?? [],
    });
  }

  /** Lets pending events finish within the time limit, ends the threads, and says what became of the rest. Idempotent. @default timeoutMs 30_000 */
  shutdown(options: { timeoutMs?: number } = {}): Promise<ShutdownReport> {
    if (this.#shutdown === undefined) {
      try {
        this.#shutdown = this.#close(timeLimit('shutdown', options.timeoutMs));
      } catch (error) {
        return Promise.reject(error as Error);
      }
    }
    return this.#shutdown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  // ---- emit

  #emit(
    eventType: string,
    payload: object,
    options: EmitOptions | undefined,
    fromHandler: boolean,
    receipt?: WaitingReceipt,
  ): string {
    const resolved = this.#check(eventType, options, fromHandler);
    const payloadJson = this.#encode(eventType, payload, resolved);
    if (!this.#room.make()) {
      this.#ledger.refuse(eventType);
      return '';
    }
    return this.#admit(eventType, payloadJson, resolved, receipt);
  }

  /** All that can be wrong with an event but its payload, before anything is done about it. */
  #check(eventType: string, options: EmitOptions | undefined, fromHandler: boolean): EmitOptions {
    if (this.#closing && (this.#closed || !(fromHandler || this.#insideHandler()))) throw new BusClosedError('emit');
    checkEventType(eventType);
    return resolveEmitOptions(options);
  }

  #encode(eventType: string, payload: object, options: EmitOptions): string {
    try {
      return this.#checks.encode(eventType, payload, options.source);
    } catch (error) {
      this.#refused(error, eventType, payload, options);
      throw error;
    }
  }

  /** What is wrong with this event itself makes a dead letter of it, though it was not accepted. */
  #refused(error: unknown, eventType: string, payload: object, options: EmitOptions): void {
    if (this.#audit !== undefined && SerializationError.is(error)) this.#recordWithoutPayload(eventType, options);
    if (this.#deadEvents === undefined || !(SerializationError.is(error) || ValidationError.is(error))) return;
    const correlationId = options.correlationId ?? currentScope()?.correlationId;
    const scoped = correlationId === undefined ? options : { ...options, correlationId };
    this.#deadEvents.refused(error, eventType, payload as Payload, scoped);
  }

  #recordWithoutPayload(eventType: string, options: EmitOptions): void {
    const now = Date.now();
    const correlationId = options.correlationId ?? currentScope()?.correlationId ?? null;
    const line = encodeEvent(
      encodeHead(eventType),
      'null',
      now,
      nextEventId(now),
      options.source ?? null,
      correlationId,
    );
    this.#audit!.recordLine(line);
  }

  #admit(
    eventType: string,
    payloadJson: string,
    options: EmitOptions,
    receipt: WaitingReceipt | undefined,
    ingestion?: Ingestion,
    recorded?: EventLine,
  ): string {
    const emittedAt = this.#clock.now();
    const now = this.#clock.wall(emittedAt);
    const timestamp = recorded?.timestamp ?? now;
    const eventId = recorded?.eventId ?? nextEventId(now);
    const correlationId = options.correlationId ?? currentScope()?.correlationId ?? null;
    const origin = { eventId, timestamp, source: options.source ?? null, correlationId };
    if (receipt !== undefined) receipt.eventId = eventId;
    const route = this.#routes.resolve(eventType);
    const { body, orderingKey } = options;
    const whose = receipt ?? this.#allOutcomes;
    const event = new PendingEvent(route, payloadJson, origin, body, emittedAt, false, whose, orderingKey);
    if (ingestion !== undefined) {
      event.ingestion = ingestion;
      event.unread = ingestion.unread;
    }
    this.#accept(event);
    if (++this.#sinceDrain === DRAIN_EVERY) {
      this.#sinceDrain = 0;
      this.#pool?.drain();
    }
    return eventId;
  }

  /** An event that `emit` had refused is to be emitted after all, with the id it has. */
  async #emitAgain({ event, body, orderingKey }: DeadLetter): Promise<void> {
    const payloadJson = this.#checks.encode(event.eventType, event.payload, event.source ?? undefined);
    await this.#room.wait(undefined);
    const route = this.#routes.resolve(event.eventType);
    this.#accept(new PendingEvent(route, payloadJson, event, body, this.#clock.now(), false, undefined, orderingKey));
  }

  #accept(event: PendingEvent): void {
    if (!this.#held) {
      this.#held = true;
      this.#keepAlive.ref();
    }
    if (event.orderingKey !== undefined) this.#flow.reserve(event, event.orderingKey);
    // A dead letter that runs again is in the log since its first time.
    if (event.firstAttempt === 1) this.#audit?.record(event);
    this.#observation.emitted(event);
    this.#ledger.accept(event);
    if (this.#ledger.pending >= this.#system.highMark) this.#system.markPassed(this.#ledger.pending);
    if (this.#once.size > 0) this.#endOnce(event);
  }

  /** Now, and not when its handler runs: further events may be emitted before that. */
  #endOnce({ route }: PendingEvent): void {
    for (const tier of route.tiers) {
      for (const subscription of tier) if (this.#once.has(subscription as Sub)) this.unsubscribe(subscription.id);
    }
  }

  #listenHost(eventTypes: string | readonly string[]): ListenHost {
    return {
      clock: this.#clock,
      patterns: [eventTypes].flat().join(', '),
      closers: this.#closers,
      subscribe: (handler, name) =>
        (this as AnyEventBus).subscribe(handler as InlineHandler<unknown>, eventTypes, { name, timeoutMs: 0 }),
      unsubscribe: (id) => this.unsubscribe(id),
    };
  }

  /** A handler on a thread emitted it: its thread's ring was its bound. */
  #workerEmitted(event: WorkerEmit): void {
    if (this.#closed) return;
    const payloadJson = this.#checks.enabled ? this.#checked(event) : event.payloadJson;
    if (payloadJson === undefined) return;
    const { body, orderingKey } = event;
    const route = this.#routes.resolve(event.eventType);
    const now = this.#clock.now();
    this.#accept(new PendingEvent(route, payloadJson, event, body, now, false, this.#allOutcomes, orderingKey));
  }

  /** Validators and schemas live on this thread alone. One that fails can't be thrown at its handler any more: it has failed. */
  #checked({ eventType, payloadJson, source, correlationId, body, orderingKey }: WorkerEmit): string | undefined {
    const payload = JSON.parse(payloadJson) as Payload;
    try {
      return this.#checks.encode(eventType, payload, source ?? undefined);
    } catch (error) {
      this.#ledger.reject();
      this.#refused(error, eventType, payload, {
        ...(source !== null && { source }),
        ...(correlationId !== null && { correlationId }),
        ...(body && { body }),
        ...(orderingKey !== undefined && { orderingKey }),
      });
      this.#outcomes.warnings.once(
        'GANGLION_INVALID_EVENT',
        eventType,
        `an event that a handler on a thread emitted is refused, and counts as failed: ${messageOf(error)}. Correct what it emits`,
      );
      return undefined;
    }
  }

  #ingestHost(): IngestHost {
    return {
      closed: () => this.#closing,
      room: (signal) => this.#room.wait(signal),
      make: (eventType) => {
        if (this.#room.make()) return true;
        this.#ledger.refuse(eventType);
        return false;
      },
      route: (eventType) => {
        const { tiers } = this.#routes.resolve(eventType);
        const handled = tiers.length > 0;
        const read = !handled || this.#audit !== undefined || this.#checks.enabled;
        return { handled, unread: !read && tiers.every((tier) => tier.every(({ module }) => module !== undefined)) };
      },
      encode: (eventType, payload, options) => this.#encode(eventType, payload, this.#check(eventType, options, false)),
      admit: (eventType, payloadJson, options, ingestion, recorded) => {
        this.#admit(eventType, payloadJson, options, undefined, ingestion, recorded);
      },
      emitAsync: (eventType, payload, options) => (this as AnyEventBus).emitAsync(eventType, payload, options),
    };
  }

  #insideHandler(): boolean {
    const delivery = currentScope()?.delivery;
    return delivery instanceof Delivery && !delivery.settled;
  }

  // ---- outcomes

  #attempted(delivery: Delivery, outcome: Outcome): void {
    if (!delivery.settled) this.#observation.attempted(delivery, outcome);
    this.#flow.settle(delivery, outcome);
  }

  #eventSettled(event: PendingEvent): void {
    event.ingestion?.settled(event);
    this.#room.settled();
    const { pending, systemPending } = this.#ledger;
    if (pending <= this.#system.lowMark) this.#system.markPassed(pending);
    if (pending > 0) return;
    this.#settling.check();
    if (systemPending > 0 || this.#room.waiting > 0) return;
    this.#held = false;
    this.#keepAlive.unref();
  }

  /** Another chance for a module that could not be loaded. */
  #reload({ module }: Sub): void {
    if (module !== undefined) this.#pool!.tryAgain(module);
  }

  // ---- lifecycle

  #createPool(): HandlerPool {
    return new HandlerPool(this.#options, {
      settle: (delivery, outcome) => this.#attempted(delivery, outcome),
      emitted: (event) => this.#workerEmitted(event),
      lateError: (info) => this.#system.threadLateError(info),
      unencodable: (handlerName) => this.#outcomes.unencodable(handlerName),
      tearDownFailed: (fault) => this.#outcomes.tearDownFailed(fault),
      threadRestarted: (threadId, reason) => {
        this.#observation.threadRestarted(threadId);
        this.#system.threadRestarted(threadId, reason);
      },
      ended: (delivery) => this.#flow.ended(delivery),
      costThread: (subscription) => this.#flow.costThread(subscription),
      recovered: () => this.#flow.recovered(),
    });
  }

  async #close(limitMs: number): Promise<ShutdownReport> {
    const begun = monotonicMs();
    this.#closing = true;
    const { completed, failed, dropped } = this.#ledger;
    this.#room.refuseAll(new BusClosedError('emitAsync'));
    this.#system.shutdown(this.#ledger.pending, limitMs);
    this.#flow.close();
    const drained = await this.#settling.within(
      limitMs,
      () => this.#ledger.pending === 0 && this.#ledger.systemPending === 0,
    );
    const settled = this.#ledger.completed + this.#ledger.failed + this.#ledger.dropped - completed - failed - dropped;
    let abandoned = 0;
    let killed = 0;
    if (!drained) {
      this.#inline.abortAll();
      this.#pool?.abortAll();
      const until = monotonicMs() + LAST_GRACE_MS;
      while (this.#pool !== undefined && this.#pool.runningThreads() > 0 && monotonicMs() < until)
        this.#pool.block(LAST_GRACE_MS / 10);
      killed = this.#pool?.runningThreads() ?? 0;
      this.#flow.stop();
      const error = new ShutdownError(
        `unsettled at the shutdown's time limit of ${limitMs} ms. A larger timeoutMs waits longer, a deadLetterQueue keeps it`,
      );
      for (const event of this.#ledger.events())
        abandoned += this.#ledger.abandon(event, failure(FailureReason.SHUTDOWN, error, 0, 0, 0));
    }
    this.#closed = true;
    await this.#pool?.close(EXIT_PATIENCE_MS);
    // What is written last has its own time: the limit is for handlers.
    const auditFlushed =
      (await this.#audit?.close(Math.max(AUDIT_PATIENCE_MS, limitMs - (monotonicMs() - begun)))) ?? true;
    clearInterval(this.#keepAlive);
    for (const close of this.#closers) close();
    this.#observation.closed();
    return { drained: settled, abandoned, killed, auditFlushed, durationMs: monotonicMs() - begun };
  }
}

/** A bus of whatever events, for code that takes each. */
// biome-ignore lint/suspicious/noExplicitAny: handlers take events and emit gives them, so no map is wider than all others.
export type AnyEventBus = EventBus<any, any>;
