import type { Delivery, Outcome, PendingEvent } from '../delivery/pending.ts';

/**
 * Who looks at what a bus does: this one does nothing, others override what they care for. Chosen when the bus is made;
 * nothing that it does changes anything for the bus.
 */
export class BusObserver {
  /** Runs a handler of this thread in whatever else it is to run in. */
  readonly around: (<T>(delivery: Delivery, startedAt: number, call: () => T) => T) | undefined = undefined;

  /** The bus is made. */
  opened(): void {}

  /** Accepted, and not yet handed to any handler. */
  emitted(_event: PendingEvent): void {}

  /** Refused by the overflow policy (no event then) or displaced by it. */
  dropped(_eventType: string, _event: PendingEvent | undefined): void {}

  /** Emitted on a thread and refused here, where it is checked: it counts as failed. */
  rejected(_eventType: string): void {}

  /** A handler is about to be called, here or on a thread. */
  dispatched(_delivery: Delivery): void {}

  /** One call of a handler has its outcome; with retries there may be another. */
  attempted(_delivery: Delivery, _outcome: Outcome): void {}

  /** An event failed its validation. */
  invalid(_eventType: string): void {}

  threadRestarted(_threadId: number): void {}

  /** The bus is shut down. */
  closed(): void {}
}

/** Two as one. Written out, not made in a loop: each of these calls then has a place of its own to be optimised at. */
export class Both extends BusObserver {
  override readonly around: BusObserver['around'];
  readonly #first: BusObserver;
  readonly #second: BusObserver;

  constructor(first: BusObserver, second: BusObserver) {
    super();
    this.#first = first;
    this.#second = second;
    this.around = first.around ?? second.around;
  }

  override opened(): void {
    this.#first.opened();
    this.#second.opened();
  }

  override emitted(event: PendingEvent): void {
    this.#first.emitted(event);
    this.#second.emitted(event);
  }

  override dropped(eventType: string, event: PendingEvent | undefined): void {
    this.#first.dropped(eventType, event);
    this.#second.dropped(eventType, event);
  }

  override rejected(eventType: string): void {
    this.#first.rejected(eventType);
    this.#second.rejected(eventType);
  }

  override dispatched(delivery: Delivery): void {
    this.#first.dispatched(delivery);
    this.#second.dispatched(delivery);
  }

  override attempted(delivery: Delivery, outcome: Outcome): void {
    this.#first.attempted(delivery, outcome);
    this.#second.attempted(delivery, outcome);
  }

  override invalid(eventType: string): void {
    this.#first.invalid(eventType);
    this.#second.invalid(eventType);
  }

  override threadRestarted(threadId: number): void {
    this.#first.threadRestarted(threadId);
    this.#second.threadRestarted(threadId);
  }

  override closed(): void {
    this.#first.closed();
    this.#second.closed();
  }
}
