import { Delivery, type Guarantees, PendingEvent, type Subscription } from '../../src/delivery/pending.ts';
import type { Route } from '../../src/routes.ts';

const NO_GUARANTEES: Guarantees = {
  concurrency: Number.POSITIVE_INFINITY,
  retry: undefined,
  breaker: undefined,
  hold: false,
  maxHeld: Number.POSITIVE_INFINITY,
};

export function subscription(guarantees: Partial<Guarantees> = {}, parts: Partial<Subscription> = {}): Subscription {
  return {
    index: 0,
    id: 's',
    name: 's',
    patterns: ['x'],
    priority: 100,
    timeoutMs: 1_000,
    redeliver: true,
    guarantees: { ...NO_GUARANTEES, ...guarantees },
    handler: () => {},
    module: undefined,
    active: true,
    pending: 0,
    gate: undefined,
    breaker: undefined,
    ...parts,
  };
}

/** The one delivery of an event of its own. */
export function delivery(to: Subscription, orderingKey?: string): Delivery {
  const route: Route<Subscription> = { eventType: 'x', head: '', tiers: [[to]], local: true };
  const origin = { eventId: '', timestamp: 0, source: null, correlationId: null };
  return new Delivery(
    new PendingEvent(route, '{}', origin, undefined, 0, false, undefined, orderingKey),
    to,
    0,
    undefined,
  );
}
