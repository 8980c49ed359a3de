import { type EventParts, encodeEvent, joinParts } from '../codec.ts';
import { type BusEvent, eventOf } from '../event.ts';
import type { Route } from '../routes.ts';
import type { FailureReason, InlineHandler } from '../types.ts';

/** One subscription, as the bus keeps it. `M` is what its module is to the pool. */
export interface Subscription<M = unknown> {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly patterns: readonly string[];
  readonly priority: number;
  /** Infinity: none. */
  readonly timeoutMs: number;
  readonly redeliver: boolean;
  /** Exactly one of the two is there. */
  readonly handler: InlineHandler | undefined;
  readonly module: M | undefined;
  /** False once unsubscribed; events that were emitted before still go to it. */
  active: boolean;
  /** Deliveries accepted and not settled. */
  pending: number;
}

/** How one delivery ended. Times are monotonic milliseconds; both 0 when it never started. */
export interface Outcome {
  readonly ok: boolean;
  readonly reason: FailureReason | undefined;
  readonly error: Error | undefined;
  readonly value: unknown;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly threadId: number;
}

export function success(value: unknown, startedAt: number, endedAt: number, threadId: number): Outcome {
  return { ok: true, reason: undefined, error: undefined, value, startedAt, endedAt, threadId };
}

export function failure(
  reason: FailureReason,
  error: Error,
  startedAt: number,
  endedAt: number,
  threadId: number,
): Outcome {
  return { ok: false, reason, error, value: undefined, startedAt, endedAt, threadId };
}

/** Where a receipt gathers the outcomes of one event. */
export interface Receipt {
  outcome(delivery: Delivery, outcome: Outcome): void;
  settled(event: PendingEvent): void;
}

/** Where and when an event came from. */
export type EventOrigin = Pick<EventParts, 'eventId' | 'timestamp' | 'source' | 'correlationId'>;

/** An accepted event from its emit to its last outcome. Keeps the encoded text, since a killed thread's events run again. */
export class PendingEvent implements EventParts {
  readonly route: Route<Subscription>;
  readonly payloadJson: string;
  readonly eventId: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly source: string | null;
  readonly correlationId: string | null;
  readonly body: Uint8Array | undefined;
  /** Monotonic milliseconds. */
  readonly emittedAt: number;
  /** Raised by the bus itself: not counted, raises no further ones. */
  readonly system: boolean;
  readonly receipt: Receipt | undefined;
  /** The tier that is running, counted from the highest priority. */
  tier = -1;
  /** Deliveries of this tier that have not settled. */
  open = 0;
  /** The tier's deliveries, linked by `next`. */
  first: Delivery | undefined = undefined;
  failed = false;
  settled = false;
  // All pending events in emission order.
  older: PendingEvent | undefined = undefined;
  newer: PendingEvent | undefined = undefined;
  #event: BusEvent | undefined = undefined;

  constructor(
    route: Route<Subscription>,
    payloadJson: string,
    origin: EventOrigin,
    body: Uint8Array | undefined,
    emittedAt: number,
    system: boolean,
    receipt: Receipt | undefined,
  ) {
    this.route = route;
    this.payloadJson = payloadJson;
    this.eventId = origin.eventId;
    this.timestamp = origin.timestamp;
    this.source = origin.source;
    this.correlationId = origin.correlationId;
    this.body = body;
    this.emittedAt = emittedAt;
    this.system = system;
    this.receipt = receipt;
  }

  get eventType(): string {
    return this.route.eventType;
  }

  /** What its threads get; made each time it is written to the ring. */
  get text(): string {
    return joinParts(this);
  }

  get payloadLength(): number {
    return this.payloadJson.length;
  }

  get typeLength(): number {
    return this.route.eventType.length;
  }

  /** As it is written to the audit log, without the newline. */
  line(): string {
    return encodeEvent(
      this.route.head,
      this.payloadJson,
      this.timestamp,
      this.eventId,
      this.source,
      this.correlationId,
    );
  }

  /** The event as handlers on this thread see it: one frozen copy for all of them. */
  event(): BusEvent {
    if (this.#event === undefined) {
      this.#event = eventOf(this, this.body, true);
      Object.freeze(this.#event);
    }
    return this.#event;
  }
}

/** One (event, subscription). */
export class Delivery {
  readonly event: PendingEvent;
  readonly subscription: Subscription;
  /** Its place among the event's outcomes, in priority order. */
  readonly position: number;
  readonly next: Delivery | undefined;
  attempt = 1;
  settled = false;
  /** How often its thread ended for a reason that nobody could name. */
  suspicions = 0;
  /** Its handler has been called, here or on a thread. */
  started = false;
  // Where the pool has it: its number in the table of published ones (0: none) and its sequence in the ring.
  id = 0;
  sequence = 0;
  bulkKey = 0;

  constructor(event: PendingEvent, subscription: Subscription, position: number, next: Delivery | undefined) {
    this.event = event;
    this.subscription = subscription;
    this.position = position;
    this.next = next;
  }
}
