import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { type Checks, createChecks } from './bus/checks.ts';
import { healthOf } from './bus/health.ts';
import { type ListenHost, openStream, waitFor } from './bus/listen.ts';
import { observe } from './bus/observe.ts';
import type { Observation } from './bus/observer.ts';
import { MAX_TIMER_MS, monotonicMs, wallMs } from './clock.ts';
import { encodePayload, messageOf } from './codec.ts';
import { currentScope } from './correlation.ts';
import { Ledger } from './delivery/ledger.ts';
import { Delivery, failure, type Outcome, PendingEvent, type Subscription } from './delivery/pending.ts';
import { WaitingReceipt } from './delivery/receipt.ts';
import { resolveEmitOptions } from './emit-options.ts';
import { BackpressureError, BusClosedError, ConfigError, DroppedError, ShutdownError } from './errors.ts';
import { checkEventType } from './event.ts';
import { nextEventId } from './event-id.ts';
import type { EventName, EventOf, EventsShape, PatternOf } from './event-types.ts';
import { InlineRunner } from './inline.ts';
import {
  moduleName,
  type ResolvedOptions,
  resolveBusOptions,
  resolveHandlerModule,
  resolvePatterns,
  resolveSubscribeOptions,
} from './options.ts';
import type { WorkerEmit } from './pool/completions.ts';
import { HandlerPool } from './pool/handler-pool.ts';
import type { PoolModule } from './pool/modules.ts';
import type { LateErrorInfo } from './protocol.ts';
import { Routes } from './routes.ts';
import { serializeError } from './serialized-error.ts';
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
  type InlineHandler,
  OverflowPolicy,
  type Payload,
  type ShutdownReport,
  type SubscribeOptions,
  type WaitForOptions,
} from './types.ts';

type Sub = Subscription<PoolModule>;

/** A caller that never returns to its event loop still gets its completions read, each so many emits. */
const DRAIN_EVERY = 256;
const DEFAULT_WAIT_MS = 30_000;
/** After a shutdown's time limit handlers have so long to notice their signal. */
const LAST_GRACE_MS = 100;
/** Different things that are warned of once each. */
const MAX_WARNINGS = 1_000;
/** Native code can't be interrupted, so its thread's exit is not awaited for longer. */
const EXIT_PATIENCE_MS = 1_000;
/** Failures of a handler; what the bus did to an event itself is none. */
const HANDLER_FAILURES: ReadonlySet<FailureReason | undefined> = new Set([
  FailureReason.HANDLER_ERROR,
  FailureReason.HANDLER_TIMEOUT,
  FailureReason.WORKER_EXIT,
  FailureReason.HANDLER_LOAD_ERROR,
  FailureReason.HANDLER_QUARANTINED,
]);

interface RoomWaiter {
  proceed(): void;
  refuse(error: unknown): void;
}

/** An event bus: emit on this thread, handle here and on a pool of threads. */
export class EventBus<Events extends EventsShape<Events> = EventMap, Inputs extends EventsShape<Inputs> = Events>
  implements AsyncDisposable
{
  readonly #options: ResolvedOptions;
  readonly #routes = new Routes<Sub>();
  readonly #subscriptions = new Map<string, Sub>();
  readonly #ledger: Ledger;
  readonly #observation: Observation;
  readonly #checks: Checks;
  #validationFailures = 0;
  readonly #inline: InlineRunner;
  /** Made with the first handler module. */
  #pool: HandlerPool | undefined;
  #nextIndex = 1;
  #totalSubscriptions = 0;
  #sinceDrain = 0;
  readonly #roomWaiters = new Set<RoomWaiter>();
  #flushing = false;
  readonly #zeroWaiters = new Set<() => void>();
  /** Holds the process while something is pending; threads in between two lives don't. */
  readonly #keepAlive: NodeJS.Timeout;
  #held = false;
  #closing = false;
  #closed = false;
  #shutdown: Promise<ShutdownReport> | undefined;
  readonly #warned = new Set<string>();
  /** Subscriptions that end with their first event. */
  readonly #once = new Set<Sub>();
  readonly #closers = new Set<() => void>();

  /** Throws ConfigError, which names every fault of the options. */
  constructor(options?: EventBusOptions<Events, Inputs>) {
    this.#options = resolveBusOptions(options as EventBusOptions | undefined);
    this.#observation = observe(this.#options, () => this.getStats());
    this.#checks = createChecks(this.#options, (eventType) => {
      this.#validationFailures++;
      this.#observation.invalid(eventType);
    });
    this.#ledger = new Ledger({
      dispatch: (delivery) => this.#dispatch(delivery),
      eventDropped: this.#observation.dropped,
      deliverySettled: (delivery, outcome) => this.#deliverySettled(delivery, outcome),
      eventSettled: () => this.#eventSettled(),
    });
    this.#inline = new InlineRunner({
      settle: (delivery, outcome) => this.#attempted(delivery, outcome),
      emit: (from, eventType, payload, emitOptions) => {
        const correlationId = emitOptions?.correlationId ?? currentScope()?.correlationId ?? from.event.correlationId;
        return this.#emit(
          eventType,
          payload,
          correlationId === null ? emitOptions : { ...emitOptions, correlationId },
          true,
        );
      },
      lateError: (delivery, error) => {
        const { eventId, correlationId } = delivery.event;
        this.#raiseLateError(error, eventId, delivery.event.route.eventType, delivery.subscription.id, correlationId);
      },
      unencodable: (handlerName) => this.#warnUnencodable(handlerName),
    });
    this.#keepAlive = setInterval(() => {}, MAX_TIMER_MS);
    this.#keepAlive.unref();
    this.#observation.opened();
  }

  /** Threads up, every handler module imported. Rejects with HandlerLoadError, which names module and cause, or ThreadStartError. */
  async ready(): Promise<void> {
    if (this.#closed) throw new BusClosedError('ready');
    await this.#pool?.ready();
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
    const patterns = resolvePatterns(eventTypes);
    const resolved = resolveSubscribeOptions(options, this.#options.handlerTimeoutMs);
    const inline = typeof handler === 'function';
    if (!inline && (typeof handler !== 'object' || handler === null)) {
      throw new ConfigError(
        `handler must be a function, a URL or { module, export }, got ${inspect(handler, { depth: 0 })}`,
      );
    }
    const address = inline ? undefined : resolveHandlerModule(handler);
    resolved.signal?.throwIfAborted();
    const base = {
      index: this.#nextIndex,
      id: randomUUID(),
      name: resolved.name ?? (inline ? handler.name || 'anonymous' : moduleName(address!)),
      patterns,
      priority: resolved.priority,
      timeoutMs: resolved.timeoutMs,
      redeliver: resolved.redeliver,
      active: true,
      pending: 0,
    };
    // The patterns are compiled first: what can throw comes before what would have to be taken back.
    const compiled = this.#routes.check(patterns);
    if (address !== undefined) this.#pool ??= this.#createPool();
    const module = address === undefined ? undefined : this.#pool!.acquireModule(address);
    const subscription: Sub = { ...base, handler: inline ? (handler as InlineHandler) : undefined, module };
    this.#nextIndex++;
    this.#totalSubscriptions++;
    this.#routes.add(subscription, compiled);
    this.#subscriptions.set(subscription.id, subscription);
    if (module !== undefined) this.#pool!.subscribe(subscription);
    resolved.signal?.addEventListener('abort', () => this.unsubscribe(subscription.id), { once: true });
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
    this.#forget(subscription);
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
    const prepared = this.#prepare(eventType, payload, options, false);
    if (this.#roomWaiters.size > 0 || !this.#hasRoom()) await this.#room(signal);
    // The subscriptions, the id and the time are those of now: it is emitted now.
    return this.#admit(prepared.eventType, prepared.payloadJson, prepared.options, undefined);
  }

  /** Accepted events whose handlers have not all settled. */
  getPendingCount(): number {
    this.#pool?.drain();
    return this.#ledger.pending;
  }

  /** True when nothing was pending before the time was over. @default timeoutMs 30_000 */
  async waitForPending(options: { timeoutMs?: number } = {}): Promise<boolean> {
    return this.#settledWithin(timeLimit('waitForPending', options.timeoutMs), () => this.#ledger.pending === 0);
  }

  /** No I/O, cheap enough to poll. */
  getStats(): BusStats {
    this.#pool?.drain();
    const { emitted, completed, failed, dropped, pending } = this.#ledger;
    const pool = this.#pool?.stats();
    return {
      active_subscriptions: this.#subscriptions.size,
      total_subscriptions: this.#totalSubscriptions,
      audit_enabled: false,
      max_concurrent_handlers: this.#options.threads,
      event_types_subscribed: this.#routes.patternCount,
      total_events_logged: 0,
      log_file_size: 0,
      validation_enabled: this.#checks.enabled,
      validation_failures: this.#validationFailures,
      metrics_enabled: this.#options.metrics !== undefined,
      ...(this.#options.metrics && { metrics: this.#options.metrics.getSnapshot() }),
      emitted,
      completed,
      failed,
      dropped,
      pending,
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
    const prepared = this.#prepare(eventType, payload, options, fromHandler);
    if (this.#ledger.pending >= this.#options.maxPendingEvents && !this.#makeRoom()) {
      this.#ledger.refuse(prepared.eventType);
      return '';
    }
    return this.#admit(prepared.eventType, prepared.payloadJson, prepared.options, receipt);
  }

  /** Everything that can be wrong with an event, before anything is done about it. */
  #prepare(
    eventType: string,
    payload: object,
    options: EmitOptions | undefined,
    fromHandler: boolean,
  ): { eventType: string; payloadJson: string; options: EmitOptions } {
    if (this.#closing && (this.#closed || !(fromHandler || this.#insideHandler()))) throw new BusClosedError('emit');
    checkEventType(eventType);
    const resolved = resolveEmitOptions(options);
    return { eventType, payloadJson: this.#checks.encode(eventType, payload, resolved.source), options: resolved };
  }

  #admit(eventType: string, payloadJson: string, options: EmitOptions, receipt: WaitingReceipt | undefined): string {
    const emittedAt = monotonicMs();
    const timestamp = wallMs(emittedAt);
    const eventId = nextEventId(timestamp);
    const correlationId = options.correlationId ?? currentScope()?.correlationId ?? null;
    const origin = { eventId, timestamp, source: options.source ?? null, correlationId };
    if (receipt !== undefined) receipt.eventId = eventId;
    const route = this.#routes.resolve(eventType);
    this.#accept(new PendingEvent(route, payloadJson, origin, options.body, emittedAt, false, receipt));
    if (++this.#sinceDrain === DRAIN_EVERY) {
      this.#sinceDrain = 0;
      this.#pool?.drain();
    }
    return eventId;
  }

  #accept(event: PendingEvent): void {
    if (!this.#held) {
      this.#held = true;
      this.#keepAlive.ref();
    }
    this.#observation.emitted(event);
    this.#ledger.accept(event);
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
    const route = this.#routes.resolve(event.eventType);
    this.#accept(new PendingEvent(route, payloadJson, event, event.body, monotonicMs(), false, undefined));
  }

  /** Validators and schemas live on this thread alone. One that fails can't be thrown at its handler any more: it has failed. */
  #checked({ eventType, payloadJson, source }: WorkerEmit): string | undefined {
    try {
      return this.#checks.encode(eventType, JSON.parse(payloadJson), source ?? undefined);
    } catch (error) {
      this.#ledger.reject();
      this.#warnOnce(`invalid ${eventType}`, 'GANGLION_INVALID_EVENT', `emitted on a thread: ${messageOf(error)}`);
      return undefined;
    }
  }

  #insideHandler(): boolean {
    const delivery = currentScope()?.delivery;
    return delivery instanceof Delivery && !delivery.settled;
  }

  // ---- room

  #hasRoom(): boolean {
    if (this.#ledger.pending < this.#options.maxPendingEvents) return true;
    this.#pool?.drain();
    return this.#ledger.pending < this.#options.maxPendingEvents;
  }

  /** Applies the overflow policy. False: the event is to be dropped. */
  #makeRoom(): boolean {
    if (this.#hasRoom()) return true;
    const { overflowPolicy, maxPendingEvents } = this.#options;
    if (overflowPolicy === OverflowPolicy.DROP) return false;
    if (overflowPolicy === OverflowPolicy.DROP_OLDEST) {
      if (this.#dropOldest()) return true;
      throw new BackpressureError(
        `each of ${maxPendingEvents} pending events has started, none can be dropped for another`,
      );
    }
    if (overflowPolicy === OverflowPolicy.BLOCK) {
      this.#block();
      return true;
    }
    throw new BackpressureError(
      `${this.#ledger.pending} events are pending, the limit is maxPendingEvents=${maxPendingEvents}`,
    );
  }

  #block(): void {
    const { blockTimeoutMs, maxPendingEvents } = this.#options;
    const until = monotonicMs() + blockTimeoutMs;
    while (!this.#hasRoom()) {
      const left = until - monotonicMs();
      // Main-thread handlers can't run while their thread is blocked: without others, waiting would be in vain.
      const hopeless = this.#pool === undefined || !this.#pool.working;
      if (left <= 0 || hopeless) {
        throw new BackpressureError(
          hopeless
            ? `${maxPendingEvents} events are pending on the main thread alone, which can't make room while it blocks`
            : `no room after blockTimeoutMs=${blockTimeoutMs}: ${this.#ledger.pending} events are pending`,
        );
      }
      this.#pool!.block(left);
    }
  }

  /** Ends the oldest event that no handler has started. */
  #dropOldest(): boolean {
    for (const event of this.#ledger.events()) {
      if (event.system || event.tier !== 0 || !this.#revoke(event)) continue;
      const error = new DroppedError(`displaced by a newer event: ${this.#options.maxPendingEvents} were pending`);
      this.#ledger.drop(event, failure(FailureReason.DROPPED, error, 0, 0, 0));
      return true;
    }
    return false;
  }

  /** Takes back all deliveries of an event, or none. */
  #revoke(event: PendingEvent): boolean {
    const revoked: Delivery[] = [];
    for (let delivery = event.first; delivery !== undefined; delivery = delivery.next) {
      const taken =
        !delivery.settled &&
        (delivery.subscription.module === undefined ? this.#inline.revoke(delivery) : this.#pool!.revoke(delivery));
      if (taken) {
        revoked.push(delivery);
        continue;
      }
      for (const back of revoked) this.#dispatch(back);
      return false;
    }
    return revoked.length > 0;
  }

  #room(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#roomWaiters.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const waiter: RoomWaiter = {
        proceed: () => {
          done();
          resolve();
        },
        refuse: (error) => {
          done();
          reject(error as Error);
        },
      };
      const abort = (): void => waiter.refuse(signal!.reason);
      signal?.addEventListener('abort', abort, { once: true });
      this.#roomWaiters.add(waiter);
    });
  }

  // ---- outcomes

  #attempted(delivery: Delivery, outcome: Outcome): void {
    if (!delivery.settled) this.#observation.attempted(delivery, outcome);
    this.#ledger.settle(delivery, outcome);
  }

  #dispatch(delivery: Delivery): void {
    this.#observation.dispatched(delivery);
    if (delivery.subscription.module === undefined) this.#inline.submit(delivery);
    else this.#pool!.submit(delivery);
  }

  #deliverySettled(delivery: Delivery, outcome: Outcome): void {
    const { subscription, event } = delivery;
    // Ended from outside, its handler's own end is not waited for.
    if (outcome.reason === FailureReason.SHUTDOWN || outcome.reason === FailureReason.DROPPED) {
      this.#observation.attempted(delivery, outcome);
    }
    if (outcome.reason === FailureReason.SHUTDOWN && subscription.module !== undefined) this.#pool!.abandon(delivery);
    this.#forget(subscription as Sub);
    if (outcome.ok || event.system || !HANDLER_FAILURES.has(outcome.reason)) return;
    const { eventId, correlationId } = event;
    this.#raise(
      'system.handler_error',
      {
        original_event_id: eventId,
        original_event_type: event.route.eventType,
        subscription_id: subscription.id,
        handler_name: subscription.name,
        reason: outcome.reason,
        error: describeError(outcome.error!),
      },
      correlationId,
    );
  }

  /** Tells the pool, once no event is on its way to an ended subscription. */
  #forget(subscription: Sub): void {
    if (!subscription.active && subscription.pending === 0 && subscription.module !== undefined)
      this.#pool!.forget(subscription);
  }

  #eventSettled(): void {
    if (this.#roomWaiters.size > 0 && !this.#flushing) {
      this.#flushing = true;
      queueMicrotask(this.#flushRoom);
    }
    const { pending, systemPending } = this.#ledger;
    if (pending > 0) return;
    for (const waiter of this.#zeroWaiters) waiter();
    if (systemPending > 0 || this.#roomWaiters.size > 0) return;
    this.#held = false;
    this.#keepAlive.unref();
  }

  readonly #flushRoom = (): void => {
    this.#flushing = false;
    const room = this.#options.maxPendingEvents - this.#ledger.pending;
    let left = room;
    for (const waiter of this.#roomWaiters) {
      if (left-- <= 0) return;
      waiter.proceed();
    }
  };

  #raise(eventType: string, payload: Payload, correlationId: string | null): void {
    const route = this.#routes.resolveSystem(eventType);
    if (route.tiers.length === 0 || this.#closed) return;
    const emittedAt = monotonicMs();
    const timestamp = wallMs(emittedAt);
    const origin = { eventId: nextEventId(timestamp), timestamp, source: 'event_bus', correlationId };
    this.#accept(new PendingEvent(route, encodePayload(payload), origin, undefined, emittedAt, true, undefined));
  }

  #raiseLateError(
    error: Error,
    eventId: string | null,
    eventType: string | null,
    subscriptionId: string | null,
    correlationId: string | null,
  ): void {
    this.#raise(
      'system.handler_late_error',
      {
        original_event_id: eventId,
        original_event_type: eventType,
        subscription_id: subscriptionId,
        error: describeError(error),
      },
      correlationId,
    );
  }

  #lateError({ error, delivery }: LateErrorInfo): void {
    const { eventId = null, eventType = null, subscriptionId = null, correlationId = null } = delivery ?? {};
    const { name, message, code } = error;
    this.#raiseLateError(
      Object.assign(new Error(message), { name, code }),
      eventId,
      eventType,
      subscriptionId,
      correlationId,
    );
  }

  #warnUnencodable(handlerName: string): void {
    const what = `handler ${handlerName} returned a value that JSON can't hold; its outcome has no value`;
    this.#warnOnce(`value ${handlerName}`, 'GANGLION_UNENCODABLE_VALUE', what);
  }

  #warnOnce(key: string, code: string, message: string): void {
    if (this.#warned.has(key) || this.#warned.size >= MAX_WARNINGS) return;
    this.#warned.add(key);
    process.emitWarning(message, { code });
  }

  // ---- lifecycle

  #createPool(): HandlerPool {
    return new HandlerPool(this.#options, {
      settle: (delivery, outcome) => this.#attempted(delivery, outcome),
      emitted: (event) => this.#workerEmitted(event),
      lateError: (info) => this.#lateError(info),
      unencodable: (handlerName) => this.#warnUnencodable(handlerName),
      threadRestarted: this.#observation.threadRestarted,
    });
  }

  /** False when the time was over first. */
  #settledWithin(limitMs: number, done: () => boolean): Promise<boolean> {
    if (done()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (value: boolean): void => {
        clearTimeout(timer);
        this.#zeroWaiters.delete(check);
        resolve(value);
      };
      const check = (): void => {
        if (done()) finish(true);
      };
      const timer =
        limitMs === Number.POSITIVE_INFINITY
          ? undefined
          : setTimeout(() => finish(false), Math.min(limitMs, MAX_TIMER_MS));
      this.#zeroWaiters.add(check);
    });
  }

  async #close(limitMs: number): Promise<ShutdownReport> {
    const begun = monotonicMs();
    this.#closing = true;
    const { completed, failed, dropped } = this.#ledger;
    for (const waiter of this.#roomWaiters) waiter.refuse(new BusClosedError('emitAsync'));
    const drained = await this.#settledWithin(
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
      const error = new ShutdownError(`unsettled at the shutdown's time limit of ${limitMs} ms`);
      for (const event of this.#ledger.events())
        abandoned += this.#ledger.abandon(event, failure(FailureReason.SHUTDOWN, error, 0, 0, 0));
    }
    this.#closed = true;
    await this.#pool?.close(EXIT_PATIENCE_MS);
    clearInterval(this.#keepAlive);
    for (const close of this.#closers) close();
    this.#observation.closed();
    return { drained: settled, abandoned, killed, auditFlushed: true, durationMs: monotonicMs() - begun };
  }
}

/** A bus of whatever events, for code that takes each. */
// biome-ignore lint/suspicious/noExplicitAny: handlers take events and emit gives them, so no map is wider than all others.
export type AnyEventBus = EventBus<any, any>;

function timeLimit(what: string, timeoutMs: unknown = DEFAULT_WAIT_MS): number {
  if (typeof timeoutMs === 'number' && timeoutMs >= 0) return timeoutMs;
  throw new ConfigError(`${what}: timeoutMs must be a number of milliseconds from 0, got ${inspect(timeoutMs)}`);
}

function describeError(error: Error): Payload {
  const { name, message, code } = serializeError(error);
  return code === undefined ? { name, message } : { name, message, code };
}
