import { type EventParts, encodeEvent, encodePayload, joinParts } from '../codec.ts';
import { type BusEvent, eventOf } from '../event.ts';
import type { Route } from '../routes.ts';
import type { SerializedError } from '../serialized-error.ts';
import type { FailureReason, InlineHandler, Payload } from '../types.ts';
import type { Breaker, BreakerPolicy } from './breaker.ts';
import type { Gate, Ticket } from './gate.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** What a subscription was promised beyond one attempt at once. */
export interface Guarantees {
  /** Infinity: none. */
  readonly concurrency: number;
  readonly retry: RetryPolicy | undefined;
  readonly breaker: BreakerPolicy | undefined;
  /** Later events of an ordering key wait behind a dead one. */
  readonly hold: boolean;
  /** With `hold`: so many deliveries may wait behind dead ones. */
  readonly maxHeld: number;
}

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
  readonly guarantees: Guarantees;
  /** Exactly one of the two is there. */
  readonly handler: InlineHandler | undefined;
  readonly module: M | undefined;
  /** False once unsubscribed; events that were emitted before still go to it. */
  active: boolean;
  /** Deliveries accepted and not settled. */
  pending: number;
  /** There from the start with a concurrency limit, else from its first event with an ordering key on. */
  gate: Gate | undefined;
  /** There from its first hard failure on. */
  breaker: Breaker | undefined;
}

/** A failed attempt that was not the last. */
export interface FailedAttempt {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: FailureReason;
  readonly error: SerializedError;
  readonly threadId: number;
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
  /** It cost a thread, or its module could not be loaded: what a circuit breaker counts. */
  readonly hard: boolean;
}

export function success(value: unknown, startedAt: number, endedAt: number, threadId: number): Outcome {
  return { ok: true, reason: undefined, error: undefined, value, startedAt, endedAt, threadId, hard: false };
}

export function failure(
  reason: FailureReason,
  error: Error,
  startedAt: number,
  endedAt: number,
  threadId: number,
  hard = false,
): Outcome {
  return { ok: false, reason, error, value: undefined, startedAt, endedAt, threadId, hard };
}

/** Where a receipt gathers the outcomes of one event. */
export interface Receipt {
  outcome(delivery: Delivery, outcome: Outcome): void;
  settled(event: PendingEvent): void;
}

/** Who ingests an event, and hears of its end. */
export interface Ingestion {
  /** Nobody has parsed the payload. */
  readonly unread: boolean;
  /** From 1. */
  readonly line: number;
  /** Its text is no JSON: a thread found out. Called for each of its deliveries. */
  malformed(error: Error): void;
  settled(event: PendingEvent): void;
}

/** Where and when an event came from. */
export type EventOrigin = Pick<EventParts, 'eventId' | 'timestamp' | 'source' | 'correlationId' | 'trace'>;

/** An accepted event from its emit to its last outcome. Keeps the encoded text, since a killed thread's events run again. */
export class PendingEvent implements EventParts {
  readonly route: Route<Subscription>;
  readonly eventId: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly source: string | null;
  readonly correlationId: string | null;
  /** Set by who traces the bus, before any handler is called. */
  trace: string | null;
  /** Somebody records its trace; set with it. */
  recorded = false;
  body: Uint8Array | undefined;
  /** Its memory is taken back when the event has settled, unless it has failed. */
  bodyIsLent = false;
  /** What was lent where threads find it too. */
  loan: { readonly key: number } | undefined = undefined;
  /** Monotonic milliseconds. */
  readonly emittedAt: number;
  /** Raised by the bus itself: not counted, raises no further ones. */
  readonly system: boolean;
  readonly receipt: Receipt | undefined;
  /** Events with one key reach a subscription in order. */
  readonly orderingKey: string | undefined;
  /** Its places in the order of its key, by delivery position; with an ordering key only. */
  tickets: Ticket[] | undefined = undefined;
  /** The number of its deliveries' first attempt; above 1 for a dead letter that is run again, which gets this one attempt. */
  readonly firstAttempt: number;
  /** Of an event that `ingest` accepted. */
  ingestion: Ingestion | undefined = undefined;
  /** Its payload is text that nobody has parsed yet: the thread that handles it does so first. */
  unread = false;
  /** Deliveries that ended in a handler's failure. */
  handlerFailures = 0;
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
  /** At least one of the two is there. */
  #json: string | undefined;
  readonly #snapshot: Payload | undefined;
  #event: BusEvent | undefined = undefined;
  #handed: BusEvent | undefined = undefined;
  #ownBody: Uint8Array | undefined = undefined;

  /** `payload`: JSON, or a snapshot that is frozen all the way down. */
  constructor(
    route: Route<Subscription>,
    payload: Payload | string,
    origin: EventOrigin,
    body: Uint8Array | undefined,
    emittedAt: number,
    system: boolean,
    receipt: Receipt | undefined,
    orderingKey?: string,
    firstAttempt = 1,
  ) {
    this.route = route;
    if (typeof payload === 'string') {
      this.#json = payload;
      this.#snapshot = undefined;
    } else {
      this.#json = undefined;
      this.#snapshot = payload;
    }
    this.eventId = origin.eventId;
    this.timestamp = origin.timestamp;
    this.source = origin.source;
    this.correlationId = origin.correlationId;
    this.trace = origin.trace ?? null;
    this.body = body;
    this.emittedAt = emittedAt;
    this.system = system;
    this.receipt = receipt;
    this.orderingKey = orderingKey;
    this.firstAttempt = firstAttempt;
  }

  get eventType(): string {
    return this.route.eventType;
  }

  /** What its threads get; made each time it is written to the ring. */
  get text(): string {
    return joinParts(this);
  }

  get payloadJson(): string {
    this.#json ??= encodePayload(this.#snapshot);
    return this.#json;
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

  /** The body of an event that has failed, to keep: lent memory is larger and holds what others had there. */
  get ownBody(): Uint8Array | undefined {
    this.#ownBody ??= this.bodyIsLent ? new Uint8Array(this.body!) : this.body;
    return this.#ownBody;
  }

  /** The event as a dead letter keeps it, frozen. */
  event(): BusEvent {
    this.#event ??= this.#frozenEvent(this.ownBody);
    return this.#event;
  }

  /** As handlers on this thread get it, all of them the same. Bytes can't be frozen: what they do to these stays with them. */
  handed(): BusEvent {
    if (this.body === undefined) return this.event();
    this.#handed ??= this.#frozenEvent(new Uint8Array(this.body));
    return this.#handed;
  }

  #frozenEvent(body: Uint8Array | undefined): BusEvent {
    const event = eventOf(this, body, true, this.#snapshot);
    Object.freeze(event);
    return event;
  }
}

/**
 * Where a delivery is on its way to a runner. `free`: nothing holds it up; `lane`: waits for its turn in its ordering key;
 * `limit`: waits for the concurrency limit; `retry`: waits for its next attempt.
 */
export type Stage = 'free' | 'lane' | 'limit' | 'retry';

/** One (event, subscription). */
export class Delivery {
  readonly event: PendingEvent;
  readonly subscription: Subscription;
  /** Its place among the event's outcomes, in priority order. */
  readonly position: number;
  readonly next: Delivery | undefined;
  attempt: number;
  settled = false;
  stage: Stage = 'free';
  /** Counts against its subscription's concurrency limit. */
  holdsPlace = false;
  /** Settled at its deadline, while its handler may still be running on its thread. */
  lingering = false;
  /** Failed attempts that were tried again; undefined: none. */
  history: FailedAttempt[] | undefined = undefined;
  /** Of the last of them. */
  lastError: Error | undefined = undefined;
  /** How often its thread ended for a reason that nobody could name. */
  suspicions = 0;
  /** Its handler has been called, here or on a thread. */
  started = false;
  // Where the pool has it: its number in the table of published ones (0: none) and its sequence in the ring.
  id = 0;
  sequence = 0;
  /** Where its message stands, if the ring is too small for it. */
  bulk: { readonly key: number; readonly textBytes: number; readonly ascii: boolean } | undefined = undefined;

  constructor(event: PendingEvent, subscription: Subscription, position: number, next: Delivery | undefined) {
    this.event = event;
    this.attempt = event.firstAttempt;
    this.subscription = subscription;
    this.position = position;
    this.next = next;
  }
}
