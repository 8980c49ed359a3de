import { monotonicMs } from '../clock.ts';
import { encodeHead } from '../codec.ts';
import type { DeadLetter, LetterRedactor, NewDeadLetter, RerunResult } from '../dead-letters/letter.ts';
import {
  addDeadLetter,
  type DeadLetterQueue,
  markAllFailed,
  registerRerun,
  restoredLetters,
} from '../dead-letters/queue.ts';
import { failedAttempt } from '../delivery/flow.ts';
import { type Delivery, type Outcome, PendingEvent, type Receipt, type Subscription } from '../delivery/pending.ts';
import { DEAD_LETTER_CHANNEL, type DeadLetterMessage } from '../diagnostics.ts';
import { BusClosedError, SubscriptionGoneError, ValidationError } from '../errors.ts';
import { BusEvent } from '../event.ts';
import { nextEventId } from '../event-id.ts';
import type { Route } from '../routes.ts';
import { serializeError } from '../serialized-error.ts';
import { type EmitOptions, FailureReason, type Payload } from '../types.ts';

export interface DeadEventsHooks<S> {
  closing(): boolean;
  subscription(id: string): S | undefined;
  /** Where an event of this type would go now. */
  route(eventType: string): Route<S>;
  accept(event: PendingEvent): void;
  /** A handler that could not be loaded is loaded afresh. */
  reload(subscription: S): void;
  /** Later events of this key wait. Returns what ends that. */
  hold(subscription: S, orderingKey: string): () => void;
  /** Emits an event that was refused, with the id it has. Throws what emit throws. */
  emitAgain(letter: DeadLetter): Promise<void>;
}

/** What a bus tells its dead letter queue, and how the queue's entries are run again on it. */
export class DeadEvents<S extends Subscription> {
  readonly #queue: DeadLetterQueue;
  readonly #redactor: LetterRedactor | undefined;
  readonly #hooks: DeadEventsHooks<S>;

  /** `redactor`: the bus's, for the queue's file where that has none of its own. */
  constructor(bus: object, queue: DeadLetterQueue, redactor: LetterRedactor | undefined, hooks: DeadEventsHooks<S>) {
    this.#queue = queue;
    this.#redactor = redactor;
    this.#hooks = hooks;
    registerRerun(bus, (letter) => this.#rerun(letter));
  }

  /** A delivery has failed for good. `gone`: to be called when its dead letter is gone. */
  failed(delivery: Delivery, outcome: Outcome, gone: (() => void) | undefined): void {
    const { event, subscription, attempt, history = [] } = delivery;
    const last = failedAttempt(outcome);
    this.#keep(
      {
        event: event.event(),
        payloadJson: event.payloadJson,
        body: event.ownBody,
        orderingKey: event.orderingKey,
        subscriptionId: subscription.id,
        handlerName: subscription.name,
        reason: last.reason,
        error: last.error,
        attempts: [...history, last],
        attempt,
      },
      gone,
    );
  }

  /** A new subscription with `dlqOrder: 'hold'` stands in the place of an earlier process's: its keys are still held. */
  subscribed(subscription: S): void {
    if (!subscription.guarantees.hold) return;
    for (const letter of restoredLetters(this.#queue, subscription.name)) {
      const { orderingKey, event, gone } = letter;
      if (orderingKey === undefined || !this.#hooks.route(event.eventType).tiers.flat().includes(subscription))
        continue;
      const release = this.#hooks.hold(subscription, orderingKey);
      letter.gone = () => {
        gone?.();
        release();
      };
    }
  }

  /** Every handler of this event, two or more, has failed. */
  allFailed(event: PendingEvent): void {
    markAllFailed(this.#queue, event.eventId);
  }

  /** `emit` is about to throw this error: the event was not accepted, and goes nowhere but here. */
  refused(error: Error, eventType: string, payload: Payload, options: EmitOptions): void {
    const { source, correlationId, body, orderingKey } = options;
    const event = new BusEvent(eventType, payload, {
      eventId: nextEventId(Date.now()),
      ...(source === undefined ? {} : { source }),
      ...(correlationId === undefined ? {} : { correlationId }),
    });
    const reason = reasonOf(error);
    const serialized = serializeError(error);
    this.#keep({
      event,
      payloadJson: undefined,
      body,
      orderingKey,
      subscriptionId: null,
      handlerName: null,
      reason,
      error: serialized,
      attempts: [{ at: Date.now(), reason, error: serialized, threadId: 0 }],
      attempt: 1,
    });
  }

  #keep(letter: Omit<NewDeadLetter, 'redactor'>, gone?: () => void): void {
    const id = addDeadLetter(this.#queue, { ...letter, redactor: this.#redactor }, gone);
    if (!DEAD_LETTER_CHANNEL.hasSubscribers) return;
    const { event, subscriptionId, handlerName, reason } = letter;
    const { eventId, eventType } = event;
    const message: DeadLetterMessage = { id, eventId, eventType, subscriptionId, handlerName, reason };
    DEAD_LETTER_CHANNEL.publish(message);
  }

  async #rerun(letter: DeadLetter): Promise<RerunResult> {
    if (this.#hooks.closing()) throw new BusClosedError('retry');
    letter.redactor = this.#redactor ?? letter.redactor;
    const { subscriptionId, payloadJson, event, body, attempt } = letter;
    if (subscriptionId === null || payloadJson === undefined) return this.#emitAgain(letter);
    const subscription = this.#find(letter);
    const { eventType } = event;
    const route: Route<S> = {
      eventType,
      head: encodeHead(eventType),
      tiers: [[subscription]],
      local: subscription.module === undefined,
    };
    // The one that holds its key back does not wait behind itself.
    const orderingKey = subscription.guarantees.hold ? undefined : letter.orderingKey;
    if (letter.reason === FailureReason.HANDLER_LOAD_ERROR) this.#hooks.reload(subscription);
    const receipt = new RerunReceipt();
    this.#hooks.accept(
      new PendingEvent(route, payloadJson, event, body, monotonicMs(), true, receipt, orderingKey, attempt + 1),
    );
    return receipt.promise;
  }

  async #emitAgain(letter: DeadLetter): Promise<RerunResult> {
    const attempt = letter.attempt + 1;
    try {
      await this.#hooks.emitAgain(letter);
      return { ok: true };
    } catch (error) {
      if (BusClosedError.is(error)) throw error;
      return { ok: false, reason: reasonOf(error), error: serializeError(error), threadId: 0, attempt };
    }
  }

  #find({ id, subscriptionId, handlerName, restored, event: { eventType } }: DeadLetter): S {
    const known = this.#hooks.subscription(subscriptionId!);
    if (known !== undefined) return known;
    if (!restored) {
      throw new SubscriptionGoneError(
        `dead letter ${id} failed in subscription ${subscriptionId} (${handlerName}), which is no longer there. It stays: emit its event anew, or remove it`,
      );
    }
    // Out of a file: its subscription was another process's. The one that stands in its place has its name.
    const named = this.#hooks
      .route(eventType)
      .tiers.flat()
      .filter(({ name }) => name === handlerName);
    if (named.length === 1) return named[0]!;
    throw new SubscriptionGoneError(
      `dead letter ${id} is of an earlier process, and ${named.length === 0 ? 'no subscription' : 'more than one subscription'} to ${eventType} is named ${handlerName}. Give the subscription that name by its option name`,
    );
  }
}

function reasonOf(error: unknown): FailureReason {
  return ValidationError.is(error) ? FailureReason.VALIDATION_ERROR : FailureReason.SERIALIZATION_ERROR;
}

/** Waits for the one delivery of a dead letter that is run again. */
class RerunReceipt implements Receipt {
  readonly promise: Promise<RerunResult>;
  #resolve!: (result: RerunResult) => void;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  outcome({ attempt }: Delivery, { ok, reason, error, threadId }: Outcome): void {
    this.#resolve(ok ? { ok } : { ok, reason: reason!, error: serializeError(error), threadId, attempt });
  }

  settled(): void {}
}
