import type { Delivery, Outcome, PendingEvent } from '../delivery/pending.ts';
import type { MetricsCollector } from '../metrics/collector.ts';
import type { BusStats, OverflowPolicy } from '../types.ts';
import { BusObserver } from './observer.ts';

/** Feeds a collector. The bus's own events are none of its figures. */
export class MetricsObserver extends BusObserver {
  readonly #collector: MetricsCollector;
  readonly #policy: OverflowPolicy;
  readonly #readStats: () => BusStats;
  #detach: (() => void) | undefined;

  constructor(collector: MetricsCollector, policy: OverflowPolicy, readStats: () => BusStats) {
    super();
    this.#collector = collector;
    this.#policy = policy;
    this.#readStats = readStats;
  }

  override opened(): void {
    this.#detach = this.#collector.attach(this.#readStats);
  }

  override emitted(event: PendingEvent): void {
    if (!event.system) this.#collector.eventEmitted(event.route.eventType);
  }

  override dropped(eventType: string, event: PendingEvent | undefined): void {
    // One that was refused has not been counted as emitted either.
    if (event === undefined) this.#collector.eventEmitted(eventType);
    this.#collector.eventDropped(this.#policy);
  }

  override rejected(eventType: string): void {
    this.#collector.eventEmitted(eventType);
  }

  override attempted(delivery: Delivery, { reason, startedAt, endedAt }: Outcome): void {
    const { event, subscription } = delivery;
    if (!event.system) {
      this.#collector.handlerSettled(subscription.name, reason, event.emittedAt, startedAt, endedAt);
    }
  }

  override invalid(): void {
    this.#collector.eventInvalid();
  }

  override closed(): void {
    this.#detach?.();
  }
}
