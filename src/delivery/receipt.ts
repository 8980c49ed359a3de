import type { EmitResult, HandlerOutcome } from '../types.ts';
import type { Delivery, Outcome, PendingEvent, Receipt } from './pending.ts';

/** Gathers the outcomes of one event for `emitAndWait`. */
export class WaitingReceipt implements Receipt {
  readonly promise: Promise<EmitResult>;
  eventId = '';
  readonly #outcomes: HandlerOutcome[] = [];
  #resolve!: (result: EmitResult) => void;
  #reject!: (reason: unknown) => void;
  #release: (() => void) | undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** An abort rejects from now on. Throws the reason of a signal that has aborted before. */
  rejectOn(signal: AbortSignal): void {
    signal.throwIfAborted();
    const abort = (): void => this.#reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#release = () => signal.removeEventListener('abort', abort);
  }

  outcome(delivery: Delivery, outcome: Outcome): void {
    const { subscription, attempt, position, event } = delivery;
    const { ok, value, error, reason, startedAt, endedAt, threadId } = outcome;
    const shown: HandlerOutcome = {
      subscriptionId: subscription.id,
      handlerName: subscription.name,
      ok,
      attempt,
      durationMs: endedAt - startedAt,
      queueMs: startedAt === 0 ? 0 : Math.max(0, startedAt - event.emittedAt),
      threadId,
    };
    if (value !== undefined) shown.value = value;
    if (error !== undefined) shown.error = error;
    if (reason !== undefined) shown.reason = reason;
    this.#outcomes[position] = shown;
  }

  settled(event: PendingEvent): void {
    this.#release?.();
    this.#resolve({ eventId: this.eventId, accepted: true, ok: !event.failed, outcomes: this.#outcomes });
  }

  refused(): void {
    this.#release?.();
    this.#resolve({ eventId: '', accepted: false, ok: false, outcomes: [] });
  }

  threw(error: unknown): void {
    this.#release?.();
    this.#reject(error);
  }
}
