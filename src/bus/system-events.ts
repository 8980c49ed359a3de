import type { AuditFault } from '../audit/messages.ts';
import type { Clock } from '../clock.ts';
import { encodePayload } from '../codec.ts';
import { type Delivery, type Outcome, PendingEvent, type Subscription } from '../delivery/pending.ts';
import { nextEventId } from '../event-id.ts';
import type { LateErrorInfo } from '../protocol.ts';
import type { Routes } from '../routes.ts';
import { serializeError } from '../serialized-error.ts';
import type { Payload } from '../types.ts';

/** Shares of `maxPendingEvents`: above the first the bus is under pressure, below the second it no longer is. */
const HIGH_WATER = 0.8;
const LOW_WATER = 0.5;

/** Who takes an event that the bus raises itself. */
type Accept = (event: PendingEvent) => void;

/** The events that the bus raises itself. They reach who subscribed to `system.*`, and nobody's `*`. */
export class SystemEvents<S extends Subscription> {
  readonly #clock: Clock;
  readonly #routes: Routes<S>;
  readonly #accept: Accept;
  readonly #limit: number;
  /** An audit log takes them also when nobody subscribed. */
  readonly #audited: boolean;
  /** Pending events at which `system.backpressure` is raised next; one of them is Infinity or -1, since it is the other's turn. */
  highMark: number;
  lowMark = -1;

  constructor(clock: Clock, routes: Routes<S>, maxPendingEvents: number, audited: boolean, accept: Accept) {
    this.#clock = clock;
    this.#audited = audited;
    this.#routes = routes;
    this.#accept = accept;
    this.#limit = maxPendingEvents;
    this.highMark = this.#high;
  }

  get #high(): number {
    return this.#limit === Number.POSITIVE_INFINITY ? this.#limit : Math.max(1, Math.ceil(this.#limit * HIGH_WATER));
  }

  /** False: nobody hears it. */
  raise(eventType: string, payload: Payload, correlationId: string | null): boolean {
    const route = this.#routes.resolveSystem(eventType);
    if (route.tiers.length === 0 && !this.#audited) return false;
    const emittedAt = this.#clock.now();
    const timestamp = this.#clock.wall(emittedAt);
    const origin = { eventId: nextEventId(timestamp), timestamp, source: 'event_bus', correlationId };
    this.#accept(new PendingEvent(route, encodePayload(payload), origin, undefined, emittedAt, true, undefined));
    return true;
  }

  /** False: nobody hears it. */
  handlerError({ subscription, event }: Delivery, { reason, error }: Outcome): boolean {
    const { eventId, correlationId } = event;
    return this.raise(
      'system.handler_error',
      {
        original_event_id: eventId,
        original_event_type: event.route.eventType,
        subscription_id: subscription.id,
        handler_name: subscription.name,
        reason,
        error: describeError(error!),
      },
      correlationId,
    );
  }

  /** An inline handler's error after its outcome. False: nobody hears it. */
  lateError({ subscription, event }: Delivery, error: Error): boolean {
    const { eventId, correlationId } = event;
    return this.#late(describeError(error), eventId, event.route.eventType, subscription.id, correlationId);
  }

  /** The same, of a handler on a thread. */
  threadLateError({ error: { name, message, code }, delivery }: LateErrorInfo): boolean {
    const { eventId = null, eventType = null, subscriptionId = null, correlationId = null } = delivery ?? {};
    return this.#late(
      code === undefined ? { name, message } : { name, message, code },
      eventId,
      eventType,
      subscriptionId,
      correlationId,
    );
  }

  threadRestarted(threadId: number, reason: 'killed' | 'exited' | 'recycled'): void {
    this.raise('system.thread_restarted', { thread_id: threadId, reason }, null);
  }

  quarantined({ id, name, guarantees: { breaker } }: Subscription): void {
    const { failures, windowMs, pauseMs } = breaker!;
    this.raise(
      'system.handler_quarantined',
      { subscription_id: id, handler_name: name, failures, window_ms: windowMs, pause_ms: pauseMs },
      null,
    );
  }

  auditError({ code, message, attempts }: AuditFault): void {
    this.raise('system.audit_error', { code, message, attempts }, null);
  }

  shutdown(pending: number, timeoutMs: number): void {
    // JSON has no Infinity.
    const limit = timeoutMs === Number.POSITIVE_INFINITY ? null : timeoutMs;
    this.raise('system.event_bus_shutdown', { pending, timeout_ms: limit }, null);
  }

  /** So many events are pending: one of the two marks was passed. */
  markPassed(pending: number): void {
    const high = pending >= this.highMark;
    this.highMark = high ? Number.POSITIVE_INFINITY : this.#high;
    this.lowMark = high ? Math.floor(this.#limit * LOW_WATER) : -1;
    this.raise('system.backpressure', { state: high ? 'high' : 'low', pending, max_pending_events: this.#limit }, null);
  }

  #late(
    error: Payload,
    eventId: string | null,
    eventType: string | null,
    subscriptionId: string | null,
    correlationId: string | null,
  ): boolean {
    return this.raise(
      'system.handler_late_error',
      { original_event_id: eventId, original_event_type: eventType, subscription_id: subscriptionId, error },
      correlationId,
    );
  }
}

function describeError(error: Error): Payload {
  const { name, message, code } = serializeError(error);
  return code === undefined ? { name, message } : { name, message, code };
}
