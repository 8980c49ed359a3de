import { messageOf } from '../codec.ts';
import type { Flow } from '../delivery/flow.ts';
import type { Delivery, Outcome, PendingEvent, Subscription } from '../delivery/pending.ts';
import type { HandlerPool } from '../pool/handler-pool.ts';
import type { PoolModule } from '../pool/modules.ts';
import type { LateErrorInfo, TeardownFault } from '../protocol.ts';
import { FailureReason } from '../types.ts';
import { Warnings } from '../warn.ts';
import type { DeadEvents } from './dead-events.ts';
import type { BusObserver } from './observer.ts';
import type { SystemEvents } from './system-events.ts';

type Sub = Subscription<PoolModule>;

/** Failures of a handler; what the bus did to an event itself is none. */
const HANDLER_FAILURES: ReadonlySet<FailureReason | undefined> = new Set([
  FailureReason.HANDLER_ERROR,
  FailureReason.HANDLER_TIMEOUT,
  FailureReason.WORKER_EXIT,
  FailureReason.HANDLER_LOAD_ERROR,
  FailureReason.HANDLER_QUARANTINED,
]);

const MAX_MESSAGE = 500;

/** How the bus ends a delivery without its handler, or without waiting for it. */
const BY_THE_BUS: ReadonlySet<FailureReason | undefined> = new Set([
  FailureReason.SHUTDOWN,
  FailureReason.DROPPED,
  FailureReason.HANDLER_QUARANTINED,
]);

/** What follows from the end of a delivery: its dead letter, `system.handler_error`, and what waited for it. */
export class Outcomes {
  readonly #flow: Flow;
  readonly #system: SystemEvents<Sub>;
  readonly #deadEvents: DeadEvents<Sub> | undefined;
  readonly #observation: BusObserver;
  readonly #pool: () => HandlerPool | undefined;
  /** Somebody sees failures of which no event tells. */
  readonly #watched: boolean;
  readonly warnings: Warnings = new Warnings();

  constructor(
    flow: Flow,
    system: SystemEvents<Sub>,
    deadEvents: DeadEvents<Sub> | undefined,
    observation: BusObserver,
    pool: () => HandlerPool | undefined,
    watched: boolean,
  ) {
    this.#flow = flow;
    this.#system = system;
    this.#deadEvents = deadEvents;
    this.#observation = observation;
    this.#pool = pool;
    this.#watched = watched;
  }

  settled(delivery: Delivery, outcome: Outcome): void {
    const { subscription, event } = delivery;
    // Ended by the bus itself: no runner has reported it.
    if (!outcome.ok && BY_THE_BUS.has(outcome.reason)) this.#observation.attempted(delivery, outcome);
    if (outcome.reason === FailureReason.SHUTDOWN && subscription.module !== undefined) this.#pool()!.abandon(delivery);
    let dead = false;
    if (!outcome.ok && !event.system) {
      dead = this.#deadEvents !== undefined && subscription.guarantees.hold && subscription.active;
      this.#failed(delivery, outcome, dead);
    }
    this.#flow.left(delivery, dead);
    this.forget(subscription as Sub);
  }

  /** Tells those who know it, once no event is on its way to an ended subscription. */
  forget(subscription: Sub): void {
    if (subscription.active || subscription.pending > 0) return;
    this.#flow.forgotten(subscription);
    if (subscription.module !== undefined) this.#pool()!.forget(subscription);
  }

  unencodable(handlerName: string): void {
    this.warnings.once(
      'GANGLION_UNENCODABLE_VALUE',
      handlerName,
      `handler ${handlerName} returned a value that JSON can't hold, so its outcome has none. Return plain data, a Uint8Array, or nothing`,
    );
  }

  tearDownFailed({ module, message }: TeardownFault): void {
    this.warnings.once(
      'GANGLION_TEARDOWN_ERROR',
      module,
      `teardown of ${module} failed: ${message}. What its setup opened may still be open`,
    );
  }

  panicked(message: string): void {
    this.warnings.once(
      'GANGLION_HOST_ERROR',
      message,
      `a handler thread ended on an error of ganglion's own, and another takes its place: ${message}. A handler module that changes Node's built-ins can cause it; otherwise please report it`,
    );
  }

  /** An error of a handler on this thread after its outcome. */
  lateError(delivery: Delivery, error: Error): void {
    const heard = this.#system.lateError(delivery, error);
    if (!heard) this.#unheardLate(delivery.event.route.eventType, error.name, messageOf(error));
  }

  /** The same, of a handler on a thread. */
  threadLateError(info: LateErrorInfo): void {
    const { error, delivery } = info;
    const heard = this.#system.threadLateError(info);
    if (!heard) this.#unheardLate(delivery?.eventType, error.name, error.message);
  }

  /** Nobody waits for the event, keeps its failure or subscribed to it: the handler's author would never know. */
  #unheard({ subscription: { name }, event }: Delivery, { reason, error }: Outcome): void {
    this.warnings.once(
      'GANGLION_UNHEARD_FAILURE',
      `${name} ${reason}`,
      `handler ${name} failed on ${event.route.eventType} (${reason}), and nobody hears of it: ${brief(messageOf(error))}. ` +
        'Subscribe to system.handler_error, await emitAndWait, or give the bus a deadLetterQueue or an eventLogPath',
    );
  }

  #unheardLate(eventType: string | undefined, name: string, message: string): void {
    // How a handler ends that heeds its signal, whose deadline was its outcome.
    if (name === 'AbortError' || name === 'TimeoutError') return;
    this.warnings.once(
      'GANGLION_UNHEARD_FAILURE',
      `late ${eventType}`,
      `an error came after its handler's outcome${eventType === undefined ? '' : ` on ${eventType}`}, and nobody hears of ` +
        `it: ${brief(message)}. Subscribe to system.handler_late_error, and await in the handler what it starts`,
    );
  }

  #failed(delivery: Delivery, outcome: Outcome, dead: boolean): void {
    const { event } = delivery;
    if (event.ingestion !== undefined && outcome.reason === FailureReason.SERIALIZATION_ERROR) {
      // No handler has failed and there is no event to keep: it is told to who ingests it. Other deliveries of it may be
      // under way to their threads, which must go on looking.
      event.ingestion.malformed(outcome.error!);
      return;
    }
    this.#deadEvents?.failed(delivery, outcome, dead ? () => this.#flow.undead(delivery) : undefined);
    if (HANDLER_FAILURES.has(outcome.reason)) {
      event.handlerFailures++;
      const heard = this.#system.handlerError(delivery, outcome);
      if (!heard && !this.#watched && event.receipt === undefined && event.ingestion === undefined)
        this.#unheard(delivery, outcome);
    }
    if (event.settled && event.handlerFailures > 1 && event.handlerFailures === deliveriesOf(event))
      this.#deadEvents?.allFailed(event);
  }
}

/** An error may quote what it failed on. */
function brief(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}

function deliveriesOf({ route }: PendingEvent): number {
  return route.tiers.reduce((sum, tier) => sum + tier.length, 0);
}
