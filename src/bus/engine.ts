import { type Clock, MAX_TIMER_MS, monotonicMs, REAL_CLOCK } from '../clock.ts';
import { currentScope } from '../correlation.ts';
import { Flow } from '../delivery/flow.ts';
import { Ledger } from '../delivery/ledger.ts';
import { type Delivery, failure, type Outcome, type PendingEvent, type Subscription } from '../delivery/pending.ts';
import { BusClosedError, ShutdownError } from '../errors.ts';
import { InlineRunner } from '../inline.ts';
import { type ResolvedOptions, resolveBusOptions } from '../options/bus.ts';
import { HandlerPool } from '../pool/handler-pool.ts';
import type { PoolModule } from '../pool/modules.ts';
import { Routes } from '../routes.ts';
import { type BusStats, FailureReason, type HealthReport, type ShutdownReport } from '../types.ts';
import { allOutcomesOf } from './all-outcomes.ts';
import { AuditTrail } from './audit-trail.ts';
import { BodyPool } from './body-pool.ts';
import { type Checks, createChecks } from './checks.ts';
import { DeadEvents } from './dead-events.ts';
import { Entrance, type Phase } from './entrance.ts';
import { healthOf } from './health.ts';
import { observe } from './observe.ts';
import type { BusObserver } from './observer.ts';
import { Outcomes } from './outcomes.ts';
import { Room } from './room.ts';
import { Settling } from './settling.ts';
import type { SubscriptionPlan } from './subscription.ts';
import { SystemEvents } from './system-events.ts';
import { seamOf, type TestSeam } from './test-seam.ts';

type Sub = Subscription<PoolModule>;

/** After a shutdown's time limit handlers have so long to notice their signal. */
const LAST_GRACE_MS = 100;
/** What the audit log has to write at a shutdown may take so long, or as long as the shutdown's own limit. */
const AUDIT_PATIENCE_MS = 5_000;
/** Native code can't be interrupted, so its thread's exit is not awaited for longer. */
const EXIT_PATIENCE_MS = 1_000;

/** The parts of one bus, put together: who tells whom, and in which order they end. */
export class BusEngine {
  readonly options: ResolvedOptions;
  readonly clock: Clock;
  /** Only in tests of programs that use the bus. */
  readonly seam: TestSeam | undefined;
  readonly entrance: Entrance;
  readonly #settling = new Settling();
  readonly audit: AuditTrail | undefined;
  /** Called when the bus has shut down. */
  readonly closers: Set<() => void> = new Set();
  phase: Phase = 'open';
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
  readonly #deadEvents: DeadEvents<Sub> | undefined;
  readonly #outcomes: Outcomes;
  readonly #bodies = new BodyPool(() => this.#pool?.lender);
  /** Made with the first handler module. */
  #pool: HandlerPool | undefined;
  #totalSubscriptions = 0;
  /** Holds the process while something is pending; threads in between two lives don't. */
  readonly #keepAlive: NodeJS.Timeout;
  #held = false;
  /** Subscriptions that end with their first event. */
  readonly #once = new Set<Sub>();
  /** Takes the listener off the signal that a subscription ends with: the signal may outlive both. */
  readonly #unlisten = new Map<Sub, () => void>();

  /** `bus`: by which its dead letter queue knows it. Throws ConfigError, AuditLockedError. */
  constructor(bus: object, options: unknown) {
    this.options = resolveBusOptions(options as Parameters<typeof resolveBusOptions>[0]);
    this.seam = seamOf(options);
    this.clock = this.seam?.clock ?? REAL_CLOCK;
    this.#observation = observe(this.options, () => this.stats());
    this.#checks = createChecks(this.options, (eventType) => {
      this.#validationFailures++;
      this.#observation.invalid(eventType);
    });
    this.#ledger = new Ledger({
      dispatch: (delivery) => this.#flow.dispatch(delivery),
      eventRejected: (eventType) => this.#observation.rejected(eventType),
      eventDropped: (eventType, event) => this.#observation.dropped(eventType, event),
      deliverySettled: (delivery, outcome) => this.#outcomes.settled(delivery, outcome),
      eventSettled: (event) => this.#eventSettled(event),
    });
    this.#flow = new Flow(this.clock, {
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
    const { seam } = this;
    this.#inline = new InlineRunner({
      clock: this.clock,
      settle:
        seam === undefined
          ? (delivery, outcome) => this.#attempted(delivery, outcome)
          : (delivery, outcome) => this.#attempted(delivery, seam.outcome(outcome)),
      emit: (from, eventType, payload, emitOptions) => {
        const correlationId = emitOptions?.correlationId ?? currentScope()?.correlationId ?? from.event.correlationId;
        return this.entrance.emit(
          eventType,
          payload,
          correlationId === null ? emitOptions : { ...emitOptions, correlationId },
          true,
        );
      },
      lateError: (delivery, error) => this.#outcomes.lateError(delivery, error),
      unencodable: (handlerName) => this.#outcomes.unencodable(handlerName),
      around: this.#observation.around,
    });
    const { audit, overflowPolicy, blockTimeoutMs, maxPendingEvents } = this.options;
    this.#system = new SystemEvents(this.clock, this.#routes, maxPendingEvents, audit !== undefined, (event) => {
      if (this.phase !== 'closed') this.#accept(event);
    });
    if (audit !== undefined) {
      this.audit = new AuditTrail(audit, overflowPolicy, blockTimeoutMs, {
        fault: (fault) => this.#system.auditError(fault),
        roomAgain: () => this.#room.settled(),
        ...(audit.onSeal && { sealed: audit.onSeal }),
      });
    }
    this.#room = new Room(
      this.options,
      this.#ledger,
      this.#flow,
      () => this.#pool,
      this.audit,
      () => this.#release(),
    );
    const { deadLetterQueue, redactor } = this.options;
    if (deadLetterQueue !== undefined) {
      this.#deadEvents = new DeadEvents(bus, deadLetterQueue, redactor, {
        closing: () => this.phase !== 'open',
        subscription: (id) => this.#subscriptions.get(id),
        route: (eventType) => this.#routes.resolve(eventType),
        accept: (event) => this.#accept(event),
        reload: (subscription) => this.#reload(subscription),
        hold: (subscription, orderingKey) => this.#flow.hold(subscription, orderingKey),
        emitAgain: (letter) => this.entrance.emitAgain(letter),
      });
    }
    this.#outcomes = new Outcomes(
      this.#flow,
      this.#system,
      this.#deadEvents,
      this.#observation,
      () => this.#pool,
      deadLetterQueue !== undefined || this.options.metrics !== undefined,
    );
    this.entrance = new Entrance(
      {
        clock: this.clock,
        routes: this.#routes,
        checks: this.#checks,
        ledger: this.#ledger,
        room: this.#room,
        audit: this.audit,
        deadEvents: this.#deadEvents,
        outcomes: this.#outcomes,
        bodies: this.#bodies,
        allOutcomes: allOutcomesOf(options),
      },
      { phase: () => this.phase, accept: (event) => this.#accept(event), drain: () => this.#pool?.drain() },
    );
    this.#keepAlive = setInterval(() => {}, MAX_TIMER_MS);
    this.#keepAlive.unref();
    this.#observation.opened();
  }

  async ready(): Promise<void> {
    if (this.phase === 'closed') throw new BusClosedError('ready');
    await this.seam?.ready();
    await Promise.all([this.audit?.ready(), this.#pool?.ready()]);
  }

  /** Throws InvalidPatternError, ConfigError, BusClosedError, ThreadStartError; then nothing was subscribed. */
  subscribe(planned: SubscriptionPlan, once: boolean): string {
    const { address, signal, ...plan } = this.seam?.plan(planned) ?? planned;
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
    if (once) this.#once.add(subscription);
    if (signal !== undefined) {
      const abort = (): void => void this.unsubscribe(subscription.id);
      signal.addEventListener('abort', abort, { once: true });
      this.#unlisten.set(subscription, () => signal.removeEventListener('abort', abort));
    }
    return subscription.id;
  }

  unsubscribe(subscriptionId: string): boolean {
    const subscription = this.#subscriptions.get(subscriptionId);
    if (subscription === undefined) return false;
    this.#subscriptions.delete(subscriptionId);
    this.#once.delete(subscription);
    this.#unlisten.get(subscription)?.();
    this.#unlisten.delete(subscription);
    this.#routes.remove(subscription);
    subscription.active = false;
    this.#flow.unsubscribed(subscription);
    this.#outcomes.forget(subscription);
    return true;
  }

  /** Accepted events whose handlers have not all settled; reads what the threads have written before. */
  pending(): number {
    this.#pool?.drain();
    return this.#ledger.pending;
  }

  async settled(timeoutMs: number): Promise<boolean> {
    return this.#settling.within(timeoutMs, () => this.#ledger.pending === 0);
  }

  stats(): BusStats {
    this.#pool?.drain();
    const { emitted, completed, failed, dropped, pending } = this.#ledger;
    const pool = this.#pool?.stats();
    const audit = this.audit?.stats();
    return {
      active_subscriptions: this.#subscriptions.size,
      total_subscriptions: this.#totalSubscriptions,
      audit_enabled: audit !== undefined,
      max_concurrent_handlers: this.options.threads,
      event_types_subscribed: this.#routes.patternCount,
      total_events_logged: audit?.total_events_logged ?? 0,
      log_file_size: audit?.log_file_size ?? 0,
      validation_enabled: this.#checks.enabled,
      validation_failures: this.#validationFailures,
      metrics_enabled: this.options.metrics !== undefined,
      ...(this.options.metrics && { metrics: this.options.metrics.getSnapshot() }),
      emitted,
      completed,
      failed,
      dropped,
      pending,
      retrying: this.#flow.retrying,
      held: this.#flow.held,
      quarantined: this.#flow.quarantined,
      ...(this.options.deadLetterQueue && { dlq: this.options.deadLetterQueue.getStats() }),
      ...(audit && { audit }),
      ring: pool?.ring ?? { slots: this.options.ringSlots, used: 0, bytes_used: 0 },
      threads: pool?.threads ?? { live: 0, busy: 0, spare: 0, restarts: 0, zombies: 0 },
    };
  }

  health(): HealthReport {
    const faults = this.#pool?.faults();
    return healthOf({
      stats: this.stats(),
      closed: this.phase === 'closed',
      maxPendingEvents: this.options.maxPendingEvents,
      threads: this.#pool === undefined ? 0 : this.options.threads,
      threadError: faults?.threads,
      unloadable: faults?.modules ?? [],
    });
  }

  /** Lets pending events finish within the time limit, ends the threads, and says what became of the rest. */
  async close(limitMs: number): Promise<ShutdownReport> {
    const begun = monotonicMs();
    this.phase = 'closing';
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
    this.phase = 'closed';
    await this.#pool?.close(EXIT_PATIENCE_MS);
    await this.seam?.tearDown((fault) => this.#outcomes.tearDownFailed(fault));
    // What is written last has its own time: the limit is for handlers.
    const auditFlushed =
      (await this.audit?.close(Math.max(AUDIT_PATIENCE_MS, limitMs - (monotonicMs() - begun)))) ?? true;
    clearInterval(this.#keepAlive);
    for (const close of this.closers) close();
    for (const unlisten of this.#unlisten.values()) unlisten();
    this.#unlisten.clear();
    this.#observation.closed();
    return { drained: settled, abandoned, killed, auditFlushed, durationMs: monotonicMs() - begun };
  }

  #accept(event: PendingEvent): void {
    if (!this.#held) {
      this.#held = true;
      this.#keepAlive.ref();
    }
    if (event.orderingKey !== undefined) this.#flow.reserve(event, event.orderingKey);
    // A dead letter that runs again is in the log since its first time.
    if (event.firstAttempt === 1) this.audit?.record(event);
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

  #attempted(delivery: Delivery, outcome: Outcome): void {
    if (!delivery.settled) this.#observation.attempted(delivery, outcome);
    this.#flow.settle(delivery, outcome);
  }

  #eventSettled(event: PendingEvent): void {
    event.ingestion?.settled(event);
    this.#bodies.takeBack(event);
    this.#room.settled();
    const { pending } = this.#ledger;
    if (pending <= this.#system.lowMark) this.#system.markPassed(pending);
    if (pending > 0) return;
    this.#settling.check();
    this.#release();
  }

  /** The process may end once nothing is pending and nobody waits to emit. */
  #release(): void {
    if (this.#ledger.pending > 0 || this.#ledger.systemPending > 0 || this.#room.waiting > 0) return;
    this.#held = false;
    this.#keepAlive.unref();
  }

  /** Another chance for a module that could not be loaded. */
  #reload({ module }: Sub): void {
    if (module !== undefined) this.#pool!.tryAgain(module);
  }

  #createPool(): HandlerPool {
    return new HandlerPool(this.options, {
      settle: (delivery, outcome) => this.#attempted(delivery, outcome),
      emitted: (event) => this.entrance.workerEmitted(event),
      lateError: (info) => this.#outcomes.threadLateError(info),
      unencodable: (handlerName) => this.#outcomes.unencodable(handlerName),
      tearDownFailed: (fault) => this.#outcomes.tearDownFailed(fault),
      panicked: (message) => this.#outcomes.panicked(message),
      threadRestarted: (threadId, reason) => {
        this.#observation.threadRestarted(threadId);
        this.#system.threadRestarted(threadId, reason);
      },
      ended: (delivery) => this.#flow.ended(delivery),
      costThread: (subscription) => this.#flow.costThread(subscription),
      recovered: () => this.#flow.recovered(),
    });
  }
}
