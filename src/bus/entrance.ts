import type { Clock } from '../clock.ts';
import { encodeEvent, encodeHead, messageOf } from '../codec.ts';
import { currentScope } from '../correlation.ts';
import type { DeadLetter } from '../dead-letters/letter.ts';
import type { Ledger } from '../delivery/ledger.ts';
import { Delivery, type Ingestion, PendingEvent, type Receipt, type Subscription } from '../delivery/pending.ts';
import type { WaitingReceipt } from '../delivery/receipt.ts';
import { ownOptions, resolveEmitOptions, resolveEmitSignal } from '../emit-options.ts';
import { BusClosedError, SerializationError, ValidationError } from '../errors.ts';
import { checkEventType } from '../event.ts';
import { nextEventId } from '../event-id.ts';
import type { PoolModule } from '../pool/modules.ts';
import type { WorkerEmit } from '../protocol.ts';
import type { Routes } from '../routes.ts';
import type { EmitOptions, Payload } from '../types.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { BodyPool } from './body-pool.ts';
import type { Checked, Checks } from './checks.ts';
import type { DeadEvents } from './dead-events.ts';
import type { EventLine } from './event-line.ts';
import type { IngestHost } from './ingest.ts';
import type { Outcomes } from './outcomes.ts';
import type { Room } from './room.ts';

type Sub = Subscription<PoolModule>;

/** A caller that never returns to its event loop still gets its completions read, each so many emits. */
const DRAIN_EVERY = 256;

/** `closing`: what is pending may finish, and its handlers may still emit. */
export type Phase = 'open' | 'closing' | 'closed';

export interface EntranceParts {
  readonly clock: Clock;
  readonly routes: Routes<Sub>;
  readonly checks: Checks;
  readonly ledger: Ledger;
  readonly room: Room;
  readonly audit: AuditTrail | undefined;
  readonly deadEvents: DeadEvents<Sub> | undefined;
  readonly outcomes: Outcomes;
  readonly bodies: BodyPool;
  /** Hears of all events that nobody waits for. */
  readonly allOutcomes: Receipt | undefined;
}

export interface EntranceHooks {
  phase(): Phase;
  accept(event: PendingEvent): void;
  /** Reads what the threads have written. */
  drain(): void;
}

/** How events come into a bus: emitted here, by handlers on threads, ingested, or once more from the dead letters. */
export class Entrance {
  readonly #clock: Clock;
  readonly #routes: Routes<Sub>;
  readonly #checks: Checks;
  readonly #ledger: Ledger;
  readonly #room: Room;
  readonly #audit: AuditTrail | undefined;
  readonly #deadEvents: DeadEvents<Sub> | undefined;
  readonly #outcomes: Outcomes;
  readonly #bodies: BodyPool;
  readonly #allOutcomes: Receipt | undefined;
  readonly #hooks: EntranceHooks;
  #sinceDrain = 0;

  constructor(parts: EntranceParts, hooks: EntranceHooks) {
    this.#clock = parts.clock;
    this.#routes = parts.routes;
    this.#checks = parts.checks;
    this.#ledger = parts.ledger;
    this.#room = parts.room;
    this.#audit = parts.audit;
    this.#deadEvents = parts.deadEvents;
    this.#outcomes = parts.outcomes;
    this.#bodies = parts.bodies;
    this.#allOutcomes = parts.allOutcomes;
    this.#hooks = hooks;
  }

  /** Returns the event's id, or '' when the overflow policy dropped it. `fromHandler`: may emit while the bus drains. */
  emit(
    eventType: string,
    payload: object,
    options: EmitOptions | undefined,
    fromHandler: boolean,
    receipt?: WaitingReceipt,
  ): string {
    const resolved = this.#check(eventType, options, fromHandler);
    const taken = this.#take(eventType, payload, resolved);
    if (!this.#room.make()) {
      this.#ledger.refuse(eventType);
      return '';
    }
    return this.#admit(eventType, taken, resolved, receipt);
  }

  /** Waits for room under every overflow policy. The subscriptions, the id and the time are those of the admission. */
  async emitAsync(
    eventType: string,
    payload: object,
    options: (EmitOptions & { signal?: AbortSignal }) | undefined,
  ): Promise<string> {
    const signal = resolveEmitSignal(options);
    signal?.throwIfAborted();
    let resolved = this.#check(eventType, options, false);
    const taken = this.#take(eventType, payload, resolved);
    const room = this.#room.wait(signal);
    if (room !== undefined) {
      resolved = ownOptions(resolved);
      await room;
      // Whoever else was waiting for the same moment may have shut the bus down in it.
      this.#checkOpen('emitAsync', false);
    }
    return this.#admit(eventType, taken, resolved, undefined);
  }

  /** An event that `emit` had refused is to be emitted after all, with the id it has. */
  async emitAgain({ event, body, orderingKey }: DeadLetter): Promise<void> {
    const payloadJson = this.#checks.encode(event.eventType, event.payload, event.source ?? undefined);
    await this.#room.wait(undefined);
    this.#checkOpen('retry', false);
    const route = this.#routes.resolve(event.eventType);
    this.#hooks.accept(
      new PendingEvent(route, payloadJson, event, body, this.#clock.now(), false, undefined, orderingKey),
    );
  }

  /** A handler on a thread emitted it: its thread's ring was its bound. */
  workerEmitted(event: WorkerEmit): void {
    if (this.#hooks.phase() === 'closed') return;
    const payloadJson = this.#checks.enabled ? this.#checkedHere(event) : event.payloadJson;
    if (payloadJson === undefined) return;
    const { body, orderingKey } = event;
    const route = this.#routes.resolve(event.eventType);
    const now = this.#clock.now();
    this.#hooks.accept(new PendingEvent(route, payloadJson, event, body, now, false, this.#allOutcomes, orderingKey));
  }

  /** What an ingestion sees of the bus. */
  ingestHost(): IngestHost {
    return {
      closed: () => this.#hooks.phase() !== 'open',
      room: (signal) => this.#room.wait(signal),
      make: (eventType) => {
        if (this.#room.make()) return true;
        this.#ledger.refuse(eventType);
        return false;
      },
      route: (eventType) => {
        const { tiers } = this.#routes.resolve(eventType);
        const handled = tiers.length > 0;
        const read = !handled || this.#audit !== undefined || this.#checks.enabled;
        return { handled, unread: !read && tiers.every((tier) => tier.every(({ module }) => module !== undefined)) };
      },
      encode: (eventType, payload, options) => this.#encode(eventType, payload, this.#check(eventType, options, false)),
      admit: (eventType, payloadJson, options, ingestion, recorded) => {
        this.#admit(eventType, payloadJson, options, undefined, ingestion, recorded);
      },
      emitAsync: (eventType, payload, options) => this.emitAsync(eventType, payload, options),
    };
  }

  /** All that can be wrong with an event but its payload, before anything is done about it. */
  #check(eventType: string, options: EmitOptions | undefined, fromHandler: boolean): EmitOptions {
    this.#checkOpen('emit', fromHandler);
    checkEventType(eventType);
    return resolveEmitOptions(options);
  }

  #checkOpen(what: string, fromHandler: boolean): void {
    const phase = this.#hooks.phase();
    if (phase !== 'open' && (phase === 'closed' || !(fromHandler || insideHandler()))) throw new BusClosedError(what);
  }

  #encode(eventType: string, payload: object, options: EmitOptions): string {
    return this.#checked(this.#checks.encode, eventType, payload, options);
  }

  /** The payload as it is now. Which way is a matter of speed: whoever subscribes from here on gets the event as well. */
  #take(eventType: string, payload: object, options: EmitOptions): Payload | string {
    const local = this.#audit === undefined && this.#routes.resolve(eventType).local;
    return this.#checked(local ? this.#checks.snapshot : this.#checks.encode, eventType, payload, options);
  }

  #checked<Result>(check: Checked<Result>, eventType: string, payload: object, options: EmitOptions): Result {
    try {
      return check(eventType, payload, options.source);
    } catch (error) {
      this.#refused(error, eventType, payload, options);
      throw error;
    }
  }

  /** What is wrong with this event itself makes a dead letter of it, though it was not accepted. */
  #refused(error: unknown, eventType: string, payload: object, options: EmitOptions): void {
    if (this.#audit !== undefined && SerializationError.is(error)) this.#recordWithoutPayload(eventType, options);
    if (this.#deadEvents === undefined || !(SerializationError.is(error) || ValidationError.is(error))) return;
    const correlationId = options.correlationId ?? currentScope()?.correlationId;
    const scoped = correlationId === undefined ? options : { ...options, correlationId };
    this.#deadEvents.refused(error, eventType, payload as Payload, ownOptions(scoped));
  }

  #recordWithoutPayload(eventType: string, options: EmitOptions): void {
    const now = this.#clock.wall(this.#clock.now());
    const correlationId = options.correlationId ?? currentScope()?.correlationId ?? null;
    const line = encodeEvent(
      encodeHead(eventType),
      'null',
      now,
      nextEventId(now),
      options.source ?? null,
      correlationId,
    );
    this.#audit!.recordLine(line);
  }

  #admit(
    eventType: string,
    payload: Payload | string,
    options: EmitOptions,
    receipt: WaitingReceipt | undefined,
    ingestion?: Ingestion,
    recorded?: EventLine,
  ): string {
    const emittedAt = this.#clock.now();
    const now = this.#clock.wall(emittedAt);
    const timestamp = recorded?.timestamp ?? now;
    const eventId = recorded?.eventId ?? nextEventId(now);
    const correlationId = options.correlationId ?? currentScope()?.correlationId ?? null;
    const origin = { eventId, timestamp, source: options.source ?? null, correlationId };
    if (receipt !== undefined) receipt.eventId = eventId;
    const route = this.#routes.resolve(eventType);
    const { body, orderingKey } = options;
    const whose = receipt ?? this.#allOutcomes;
    const event = new PendingEvent(route, payload, origin, undefined, emittedAt, false, whose, orderingKey);
    if (body !== undefined) this.#bodies.lend(event, body);
    if (ingestion !== undefined) {
      event.ingestion = ingestion;
      event.unread = ingestion.unread;
    }
    this.#hooks.accept(event);
    if (++this.#sinceDrain === DRAIN_EVERY) {
      this.#sinceDrain = 0;
      this.#hooks.drain();
    }
    return eventId;
  }

  /** Validators and schemas live on this thread alone. One that fails can't be thrown at its handler any more: it has failed. */
  #checkedHere({ eventType, payloadJson, source, correlationId, body, orderingKey }: WorkerEmit): string | undefined {
    const payload = JSON.parse(payloadJson) as Payload;
    try {
      return this.#checks.encode(eventType, payload, source ?? undefined);
    } catch (error) {
      this.#ledger.reject(eventType);
      this.#refused(error, eventType, payload, {
        ...(source !== null && { source }),
        ...(correlationId !== null && { correlationId }),
        ...(body && { body }),
        ...(orderingKey !== undefined && { orderingKey }),
      });
      this.#outcomes.warnings.once(
        'GANGLION_INVALID_EVENT',
        eventType,
        `an event that a handler on a thread emitted is refused, and counts as failed: ${messageOf(error)}. Correct what it emits`,
      );
      return undefined;
    }
  }
}

/** Whether a handler is calling whose delivery is open. */
function insideHandler(): boolean {
  const delivery = currentScope()?.delivery;
  return delivery instanceof Delivery && !delivery.settled;
}
