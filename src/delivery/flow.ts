import type { Clock } from '../clock.ts';
import { DroppedError, QuarantinedError, ShutdownError } from '../errors.ts';
import { Fifo } from '../pool/fifo.ts';
import { serializeError } from '../serialized-error.ts';
import { FailureReason } from '../types.ts';
import { Breaker } from './breaker.ts';
import { DueQueue } from './due-queue.ts';
import { Gate, type Ticket, ticketOf } from './gate.ts';
import {
  type Delivery,
  type FailedAttempt,
  failure,
  type Outcome,
  type PendingEvent,
  type Subscription,
} from './pending.ts';
import { backoff, isRetryable } from './retry-policy.ts';

/** How soon a retry that is due looks again whether the attempt before it, settled at its deadline, has really ended. */
const LINGER_MS = 10;

export interface FlowHooks {
  /** Gives the delivery to its runner. May settle it at once. */
  run(delivery: Delivery): void;
  /** Takes a delivery back from its runner, unless it has started. */
  revoke(delivery: Delivery): boolean;
  /** The delivery's end. */
  settle(delivery: Delivery, outcome: Outcome): void;
  /** Takes back all deliveries of a subscription that its runner has not started, but for `keep`. */
  revokeAll(subscription: Subscription, keep: (delivery: Delivery) => boolean): Delivery[];
  /** A trial is about to start. */
  trial(subscription: Subscription): void;
  /** Its circuit breaker has opened. */
  quarantined(subscription: Subscription): void;
}

/**
 * What stands between the ledger and the runners: who may start now (ordering keys, concurrency limits, circuit breakers),
 * and whether a failure is the end or an attempt. A delivery that waits here holds no slot of the ring and no thread. A
 * subscription without any of it passes through by three comparisons.
 */
export class Flow {
  readonly #hooks: FlowHooks;
  readonly #clock: Clock;
  readonly #retries: DueQueue<Delivery>;
  /** Deliveries whose turn has come; a queue, since each may end at once and bring on the next. */
  readonly #ready = new Fifo<Delivery>();
  #starting = false;
  /** Subscriptions whose breaker is open, or was when last looked at. */
  readonly #quarantined = new Set<Subscription>();
  readonly #gated = new Set<Subscription>();
  #closing = false;
  #stopped = false;
  /** Deliveries that wait for their next attempt. */
  retrying = 0;

  constructor(clock: Clock, hooks: FlowHooks) {
    this.#clock = clock;
    this.#retries = new DueQueue(clock, (delivery) => this.#again(delivery));
    this.#hooks = hooks;
  }

  /** Monotonic milliseconds of the next retry. */
  get nextRetryAt(): number {
    return this.#retries.nextAt;
  }

  /** Starts what is due, for a caller that keeps the event loop from it. */
  runRetries(): void {
    this.#retries.run();
  }

  /** Deliveries that wait behind a dead letter of their key. */
  get held(): number {
    let sum = 0;
    for (const { gate } of this.#gated) sum += gate?.held ?? 0;
    return sum;
  }

  /** Subscriptions with an open circuit breaker. */
  get quarantined(): number {
    return this.#quarantined.size;
  }

  subscribed(subscription: Subscription): void {
    if (subscription.guarantees.concurrency !== Number.POSITIVE_INFINITY) this.#gateOf(subscription);
  }

  /** Its dead letters can't be run again, so nothing waits for them any more. */
  unsubscribed({ gate }: Subscription): void {
    if (gate === undefined) return;
    for (const ticket of gate.deadTickets()) {
      if (ticket.delivery === undefined) this.#depart(gate, ticket, false);
      else this.undead(ticket.delivery);
    }
  }

  /** A dead letter of this key is older than the subscription: its events wait. Returns what is to be called when it is gone. */
  hold(subscription: Subscription, orderingKey: string): () => void {
    const gate = this.#gateOf(subscription);
    const ticket = gate.reserve(orderingKey);
    gate.depart(ticket, true);
    return () => this.#depart(gate, ticket, false);
  }

  /** Nothing is on its way to it any more. */
  forgotten(subscription: Subscription): void {
    this.#gated.delete(subscription);
    this.#quarantined.delete(subscription);
  }

  /** Takes the places of an event in the order of its key, before anything of it is dispatched. */
  reserve(event: PendingEvent, orderingKey: string): void {
    const tickets: Ticket[] = [];
    for (const tier of event.route.tiers)
      for (const subscription of tier) tickets.push(this.#gateOf(subscription).reserve(orderingKey));
    event.tickets = tickets;
  }

  /** The delivery is ready: starts it now or when it may. */
  dispatch(delivery: Delivery): void {
    const { subscription } = delivery;
    if (delivery.event.tickets === undefined && subscription.gate === undefined && subscription.breaker === undefined) {
      this.#hooks.run(delivery);
      return;
    }
    const ticket = ticketOf(delivery);
    if (ticket !== undefined && !subscription.gate!.arrive(ticket, delivery)) {
      if (ticket.lane.held) this.#checkHeld(delivery);
      return;
    }
    this.#enter(delivery, false);
  }

  /** A runner reports how an attempt ended. */
  settle(delivery: Delivery, outcome: Outcome): void {
    const { subscription } = delivery;
    if (outcome.ok && subscription.breaker === undefined) {
      this.#hooks.settle(delivery, outcome);
      return;
    }
    if (delivery.settled) return;
    const opened = this.#judge(subscription, (breaker, now) => breaker.ended(delivery, outcome, now), outcome.hard);
    if (outcome.ok || !this.#retryLater(delivery, outcome)) this.#hooks.settle(delivery, outcome);
    if (opened) this.#open(subscription);
  }

  /** A thread had to be ended for a handler of this subscription that was settled before. */
  costThread(subscription: Subscription): void {
    if (this.#judge(subscription, (breaker, now) => breaker.failed(now), true)) this.#open(subscription);
  }

  /** What a dead thread had claimed is in the ring again; nothing quarantined may stay there. */
  recovered(): void {
    for (const subscription of this.#quarantined) this.#sweep(subscription);
  }

  /** A delivery that was settled at its deadline has ended on its thread, or the thread has. */
  ended(delivery: Delivery): void {
    if (!delivery.lingering) return;
    delivery.lingering = false;
    if (delivery.settled) this.#release(delivery);
    else if (delivery.stage === 'retry' && delivery.holdsPlace) this.#leave(delivery);
  }

  /** The delivery has settled, here or from outside: what waited for it goes on. `dead`: later events of its key don't. */
  left(delivery: Delivery, dead: boolean): void {
    const { gate } = delivery.subscription;
    if (delivery.stage === 'retry') this.retrying--;
    delivery.stage = 'free';
    if (gate === undefined) return;
    const ticket = ticketOf(delivery);
    if (dead && ticket !== undefined && ticket.state === 'open') {
      ticket.delivery = delivery;
      this.#depart(gate, ticket, true);
      if (this.#closing) this.#failHeld(gate);
    }
    // Its handler may still run: neither its place nor its key is free before that has ended.
    if (!delivery.lingering) this.#release(delivery);
  }

  /** Its dead letter is gone: later events of its key wait no longer. */
  undead(delivery: Delivery): void {
    const ticket = ticketOf(delivery);
    if (ticket === undefined) return;
    if (delivery.lingering) ticket.leaving = true;
    else this.#depart(ticket.lane.gate, ticket, false);
  }

  /** Takes a delivery back that no handler has started. */
  revoke(delivery: Delivery): boolean {
    if (delivery.stage === 'free') return this.#hooks.revoke(delivery);
    return delivery.stage !== 'retry' && delivery.subscription.gate!.withdraw(delivery);
  }

  /** Undoes a revoke. */
  putBack(delivery: Delivery): void {
    if (delivery.holdsPlace) this.#hooks.run(delivery);
    else this.dispatch(delivery);
  }

  /** Ends what waits for a retry or for a dead letter; from now on every failure is final. */
  close(): void {
    this.#closing = true;
    for (const delivery of this.#retries.clear()) {
      if (delivery.settled) continue;
      const { name } = delivery.subscription;
      const cause = delivery.lastError;
      const error = new ShutdownError(`the bus shut down before handler ${name} was tried again`, { cause });
      this.#hooks.settle(delivery, failure(FailureReason.SHUTDOWN, error, 0, 0, 0));
    }
    for (const { gate } of this.#gated) if (gate !== undefined) this.#failHeld(gate);
  }

  /** Nothing that waits here is started any more. */
  stop(): void {
    this.#stopped = true;
  }

  #gateOf(subscription: Subscription): Gate {
    if (subscription.gate === undefined) {
      subscription.gate = new Gate(subscription.guarantees.concurrency);
      this.#gated.add(subscription);
    }
    return subscription.gate;
  }

  /** It is the first of its key. `first`: before what waits for the limit already. */
  #enter(delivery: Delivery, first: boolean): void {
    delivery.stage = 'free';
    const { gate } = delivery.subscription;
    if (gate === undefined || gate.admit(delivery, first)) this.#start(delivery);
  }

  #start(delivery: Delivery): void {
    if (this.#stopped) return;
    this.#ready.push(delivery);
    if (this.#starting) return;
    this.#starting = true;
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift())
      if (!next.settled) this.#begin(next);
    this.#starting = false;
  }

  #begin(delivery: Delivery): void {
    const { subscription } = delivery;
    const verdict = subscription.breaker?.admit(delivery, this.#clock.now());
    if (verdict === 'refuse') {
      this.#refuse(delivery);
      return;
    }
    if (verdict === 'trial') this.#hooks.trial(subscription);
    this.#hooks.run(delivery);
  }

  #refuse(delivery: Delivery): void {
    const { name, guarantees } = delivery.subscription;
    const { failures, windowMs, pauseMs } = guarantees.breaker!;
    const error = new QuarantinedError(
      `handler ${name} cost ${failures} ${failures === 1 ? 'thread' : 'threads'} within ${windowMs} ms, and is not called for ${pauseMs} ms. Look at its ` +
        'failures before this one, or set its circuitBreaker',
    );
    this.#hooks.settle(delivery, failure(FailureReason.HANDLER_QUARANTINED, error, 0, 0, 0));
  }

  #judge(subscription: Subscription, verdict: (breaker: Breaker, now: number) => boolean, hard: boolean): boolean {
    if (subscription.breaker === undefined) {
      const policy = subscription.guarantees.breaker;
      if (!hard || policy === undefined) return false;
      subscription.breaker = new Breaker(policy);
    }
    const opened = verdict(subscription.breaker, this.#clock.now());
    if (!subscription.breaker.open) this.#quarantined.delete(subscription);
    return opened;
  }

  #open(subscription: Subscription): void {
    this.#quarantined.add(subscription);
    this.#hooks.quarantined(subscription);
    this.#sweep(subscription);
  }

  #sweep(subscription: Subscription): void {
    const { breaker } = subscription;
    if (breaker?.open !== true) return;
    for (const delivery of this.#hooks.revokeAll(subscription, (d) => breaker.isTrial(d))) this.#refuse(delivery);
  }

  #retryLater(delivery: Delivery, outcome: Outcome): boolean {
    const policy = delivery.subscription.guarantees.retry;
    // A dead letter that is run again gets one attempt.
    if (policy === undefined || this.#closing || delivery.event.firstAttempt !== 1) return false;
    const failures = (delivery.history?.length ?? 0) + 1;
    if (failures >= policy.attempts || !isRetryable(outcome)) return false;
    delivery.history ??= [];
    delivery.history.push(failedAttempt(outcome));
    delivery.lastError = outcome.error;
    delivery.stage = 'retry';
    this.retrying++;
    if (delivery.holdsPlace && !delivery.lingering) this.#leave(delivery);
    this.#retries.push(delivery, this.#clock.now() + backoff(policy, failures));
    return true;
  }

  #again(delivery: Delivery): void {
    if (delivery.settled) return;
    if (delivery.lingering && delivery.subscription.gate !== undefined) {
      this.#retries.push(delivery, this.#clock.now() + LINGER_MS);
      return;
    }
    this.retrying--;
    delivery.lingering = false;
    delivery.attempt++;
    delivery.started = false;
    this.#enter(delivery, true);
  }

  #release(delivery: Delivery): void {
    if (delivery.holdsPlace) this.#leave(delivery);
    const ticket = ticketOf(delivery);
    if (ticket?.state === 'open' || ticket?.leaving === true) this.#depart(delivery.subscription.gate!, ticket, false);
  }

  #leave(delivery: Delivery): void {
    const next = delivery.subscription.gate!.leave(delivery);
    if (next !== undefined) this.#start(next);
  }

  #depart(gate: Gate, ticket: Ticket, dead: boolean): void {
    const next = gate.depart(ticket, dead);
    if (next !== undefined) this.#enter(next, false);
  }

  /** A delivery has come to stand behind a dead one. */
  #checkHeld(delivery: Delivery): void {
    const { subscription, event } = delivery;
    if (this.#closing) this.#hooks.settle(delivery, failure(FailureReason.SHUTDOWN, heldAtShutdown(delivery), 0, 0, 0));
    else if (subscription.gate!.held > subscription.guarantees.maxHeld) {
      const error = new DroppedError(
        `behind a dead letter of ordering key ${JSON.stringify(event.orderingKey)}, where at most ${subscription.guarantees.maxHeld} wait for handler ${subscription.name}`,
      );
      this.#hooks.settle(delivery, failure(FailureReason.DROPPED, error, 0, 0, 0));
    }
  }

  #failHeld(gate: Gate): void {
    for (const delivery of gate.heldDeliveries())
      this.#hooks.settle(delivery, failure(FailureReason.SHUTDOWN, heldAtShutdown(delivery), 0, 0, 0));
  }
}

function heldAtShutdown({ subscription, event }: Delivery): ShutdownError {
  const key = JSON.stringify(event.orderingKey);
  return new ShutdownError(
    `the bus shut down while this waited for handler ${subscription.name} behind a dead letter of ordering key ${key}`,
  );
}

/** For the record of a delivery that goes on. */
export function failedAttempt({ reason, error, threadId }: Outcome): FailedAttempt {
  return { at: Date.now(), reason: reason!, error: serializeError(error), threadId };
}
