import { Delivery, type Outcome, type PendingEvent } from './pending.ts';

export interface LedgerHooks {
  /** Hands a delivery to whoever runs it. May settle it at once. */
  dispatch(delivery: Delivery): void;
  /** After the figures have been brought up to date. */
  deliverySettled(delivery: Delivery, outcome: Outcome): void;
  /** The overflow policy refused an event, which is not there then, or displaced it. */
  eventDropped(eventType: string, event: PendingEvent | undefined): void;
  /** An event that can't be taken has failed: it was never there. */
  eventRejected(eventType: string): void;
  /** An event that counted is not pending any more. */
  eventSettled(event: PendingEvent): void;
}

/**
 * Accounts for every accepted event: `emitted = completed + failed + dropped + pending` holds whenever nobody is inside one
 * of these methods. Runs the priority tiers of an event one after the other.
 */
export class Ledger {
  emitted = 0;
  completed = 0;
  failed = 0;
  dropped = 0;
  pending = 0;
  readonly #hooks: LedgerHooks;
  // Pending events in emission order; system events too, since a shutdown must find them.
  #oldest: PendingEvent | undefined;
  #newest: PendingEvent | undefined;
  /** Pending events that the bus raised itself. */
  systemPending = 0;

  constructor(hooks: LedgerHooks) {
    this.#hooks = hooks;
  }

  accept(event: PendingEvent): void {
    if (event.system) this.systemPending++;
    else {
      this.emitted++;
      this.pending++;
    }
    // Of all tiers at once: a subscription is not forgotten while an event is on its way to it.
    for (const tier of event.route.tiers) for (const subscription of tier) subscription.pending++;
    event.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = event;
    else this.#newest.newer = event;
    this.#newest = event;
    this.#nextTier(event);
  }

  /** An event that the overflow policy refused. */
  refuse(eventType: string): void {
    this.emitted++;
    this.dropped++;
    this.#hooks.eventDropped(eventType, undefined);
  }

  /** An event that was emitted on a thread and that the bus, which checks it here, can't take. */
  reject(eventType: string): void {
    this.emitted++;
    this.failed++;
    this.#hooks.eventRejected(eventType);
  }

  /** Settles one delivery, once; false when it was settled before. */
  settle(delivery: Delivery, outcome: Outcome): boolean {
    if (delivery.settled) return false;
    delivery.settled = true;
    delivery.subscription.pending--;
    const { event } = delivery;
    event.open--;
    if (!outcome.ok) event.failed = true;
    event.receipt?.outcome(delivery, outcome);
    if (event.open === 0) this.#nextTier(event);
    this.#hooks.deliverySettled(delivery, outcome);
    return true;
  }

  /** Ends an event whose first tier has not started: `outcome` for each of its deliveries, also of tiers to come. */
  drop(event: PendingEvent, outcome: Outcome): void {
    if (!event.system) this.dropped++;
    event.failed = true;
    this.#end(event, outcome, false);
    this.#hooks.eventDropped(event.route.eventType, event);
  }

  /** Ends an event with `outcome` for every delivery that has not settled, also of tiers to come; returns how many. */
  abandon(event: PendingEvent, outcome: Outcome): number {
    event.failed = true;
    return this.#end(event, outcome, true);
  }

  /** Pending events, oldest first; the one at hand may be ended. */
  *events(): Generator<PendingEvent, void, undefined> {
    for (let event = this.#oldest; event !== undefined; ) {
      const { newer } = event;
      yield event;
      event = newer;
    }
  }

  #end(event: PendingEvent, outcome: Outcome, counts: boolean): number {
    const ended: Delivery[] = [];
    for (let delivery = event.first; delivery !== undefined; delivery = delivery.next) {
      if (!delivery.settled) ended.push(delivery);
    }
    let position = event.route.tiers.slice(0, event.tier + 1).reduce((sum, tier) => sum + tier.length, 0);
    for (const tier of event.route.tiers.slice(event.tier + 1)) {
      for (const subscription of tier) {
        ended.push(new Delivery(event, subscription, position++, undefined));
      }
    }
    event.tier = event.route.tiers.length;
    for (const delivery of ended) {
      delivery.settled = true;
      delivery.subscription.pending--;
      event.receipt?.outcome(delivery, outcome);
    }
    this.#finish(event, counts);
    for (const delivery of ended) this.#hooks.deliverySettled(delivery, outcome);
    return ended.length;
  }

  #nextTier(event: PendingEvent): void {
    const { tiers } = event.route;
    const tier = tiers[++event.tier];
    if (tier === undefined) {
      this.#finish(event, true);
      return;
    }
    let position = 0;
    for (let i = 0; i < event.tier; i++) position += tiers[i]!.length;
    // Linked from the back, so that the list runs in subscription order.
    let first: Delivery | undefined;
    for (let i = tier.length - 1; i >= 0; i--) {
      first = new Delivery(event, tier[i]!, position + i, first);
    }
    event.open = tier.length;
    event.first = first;
    for (let delivery = first; delivery !== undefined; delivery = delivery.next) this.#hooks.dispatch(delivery);
  }

  #finish(event: PendingEvent, counts: boolean): void {
    if (event.settled) return;
    event.settled = true;
    if (event.older === undefined) this.#oldest = event.newer;
    else event.older.newer = event.newer;
    if (event.newer === undefined) this.#newest = event.older;
    else event.newer.older = event.older;
    event.older = undefined;
    event.newer = undefined;
    if (event.system) this.systemPending--;
    else {
      this.pending--;
      if (counts) {
        if (event.failed) this.failed++;
        else this.completed++;
      }
    }
    event.receipt?.settled(event);
    this.#hooks.eventSettled(event);
  }
}
