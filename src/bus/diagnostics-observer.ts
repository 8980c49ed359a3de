import type { Delivery, Outcome, PendingEvent } from '../delivery/pending.ts';
import {
  DROPPED_CHANNEL,
  type DroppedMessage,
  EMIT_CHANNEL,
  type EmitMessage,
  HANDLER_CHANNEL,
  type HandlerMessage,
  THREAD_CHANNEL,
  type ThreadMessage,
} from '../diagnostics.ts';
import type { OverflowPolicy } from '../types.ts';
import { BusObserver } from './observer.ts';

/** Publishes on the channels of src/diagnostics.ts. Anybody may subscribe at any time, so it looks each time. */
export class DiagnosticsObserver extends BusObserver {
  readonly #policy: OverflowPolicy;
  /** Only of deliveries that were dispatched while somebody was subscribed. */
  readonly #messages = new WeakMap<Delivery, HandlerMessage>();

  constructor(policy: OverflowPolicy) {
    super();
    this.#policy = policy;
  }

  override emitted(event: PendingEvent): void {
    if (!EMIT_CHANNEL.hasSubscribers) return;
    const { eventId, source, correlationId, timestamp, system } = event;
    const { eventType, tiers } = event.route;
    const deliveries = tiers.reduce((sum, tier) => sum + tier.length, 0);
    const message: EmitMessage = { eventId, eventType, source, correlationId, timestamp, system, deliveries };
    EMIT_CHANNEL.publish(message);
  }

  override dropped(eventType: string, event: PendingEvent | undefined): void {
    if (!DROPPED_CHANNEL.hasSubscribers) return;
    const message: DroppedMessage = { eventType, eventId: event?.eventId ?? null, policy: this.#policy };
    DROPPED_CHANNEL.publish(message);
  }

  override dispatched(delivery: Delivery): void {
    // Of the tracing channel itself only from Node 22 on.
    const { start, end, asyncStart, asyncEnd, error } = HANDLER_CHANNEL;
    if (!start.hasSubscribers && !end.hasSubscribers && !asyncStart.hasSubscribers) {
      if (!asyncEnd.hasSubscribers && !error.hasSubscribers) return;
    }
    const { event, subscription } = delivery;
    const message: HandlerMessage = {
      eventId: event.eventId,
      eventType: event.route.eventType,
      subscriptionId: subscription.id,
      handlerName: subscription.name,
      correlationId: event.correlationId,
    };
    this.#messages.set(delivery, message);
    start.publish(message);
    end.publish(message);
  }

  override attempted(delivery: Delivery, outcome: Outcome): void {
    const message = this.#messages.get(delivery);
    if (message === undefined) return;
    this.#messages.delete(delivery);
    const { ok, reason, error, startedAt, endedAt, threadId } = outcome;
    message.attempt = delivery.attempt;
    message.ok = ok;
    message.durationMs = endedAt - startedAt;
    message.queueMs = startedAt === 0 ? 0 : Math.max(0, startedAt - delivery.event.emittedAt);
    message.threadId = threadId;
    if (reason !== undefined) message.reason = reason;
    if (error !== undefined) {
      message.error = error;
      HANDLER_CHANNEL.error.publish(message);
    }
    HANDLER_CHANNEL.asyncStart.publish(message);
    HANDLER_CHANNEL.asyncEnd.publish(message);
  }

  override threadRestarted(threadId: number): void {
    if (!THREAD_CHANNEL.hasSubscribers) return;
    const message: ThreadMessage = { change: 'restarted', threadId };
    THREAD_CHANNEL.publish(message);
  }
}
