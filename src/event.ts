import { inspect } from 'node:util';
import { decodeEventType, encodeEvent, encodeHead, encodePayload, isPlainObject } from './codec.ts';
import { InvalidEventError } from './errors.ts';
import { nextEventId } from './event-id.ts';
import type { Payload } from './types.ts';

interface Envelope {
  readonly timestamp: number;
  readonly eventId: string;
  readonly source: string | null;
  readonly correlationId: string | null;
}

/** An event as it travels: its line, and what is read from it when somebody asks. */
interface Wire {
  readonly line: string;
  readonly payloadStart: number;
  readonly payloadEnd: number;
}

/** The line's six keys, as `toJSON` gives them and other readers find them. */
export interface EventRecordJson {
  event_type: string;
  payload: Payload;
  /** Seconds since the epoch, with a fraction. */
  timestamp: number;
  event_id: string;
  source: string | null;
  correlation_id: string | null;
}

let fromWire: <P extends Payload>(
  eventType: string | undefined,
  wire: Wire,
  body: Uint8Array | undefined,
  frozen: boolean,
) => BusEvent<P>;

/** One event. Handlers get it; make one yourself to write or read JSONL lines. */
export class BusEvent<P extends Payload = Payload> {
  #eventType: string | undefined;
  readonly #body: Uint8Array | undefined;
  readonly #wire: Wire | undefined;
  readonly #frozen: boolean;
  #payload: P | undefined;
  #envelope: Envelope | undefined;

  /** Throws InvalidEventError for a blank type or a payload that is no plain object. The payload is kept, not copied. */
  constructor(
    eventType: string,
    payload: P,
    options: { source?: string; correlationId?: string; eventId?: string; timestamp?: number } = {},
  ) {
    // Events off the wire come through here as well, with their wire in the payload's place.
    const wired = options instanceof WireArguments ? options : undefined;
    this.#wire = wired?.wire;
    this.#body = wired?.body;
    this.#frozen = wired?.frozen ?? false;
    this.#eventType = eventType;
    if (wired !== undefined) return;
    checkEventType(eventType);
    if (!isPlainObject(payload)) {
      throw new InvalidEventError(`an event's payload must be a plain object, got ${inspect(payload, { depth: 0 })}`);
    }
    this.#payload = payload;
    const timestamp = options.timestamp ?? Date.now();
    if (!Number.isFinite(timestamp))
      throw new InvalidEventError(`an event's timestamp must be finite, got ${timestamp}`);
    this.#envelope = {
      timestamp,
      eventId: options.eventId ?? nextEventId(Date.now()),
      source: options.source ?? null,
      correlationId: options.correlationId ?? null,
    };
  }

  static {
    fromWire = <Q extends Payload>(
      eventType: string | undefined,
      wire: Wire,
      body: Uint8Array | undefined,
      frozen: boolean,
    ) =>
      new BusEvent<Q>(eventType as string, undefined as unknown as Q, new WireArguments(wire, body, frozen) as object);
    // Getters on a prototype are invisible to console.log.
    Object.defineProperty(BusEvent.prototype, inspect.custom, {
      value(this: BusEvent): unknown {
        const { eventType, payload, timestamp, eventId, source, correlationId, body } = this;
        const shown = { eventType, payload, timestamp, eventId, source, correlationId };
        return Object.assign(Object.create({ constructor: BusEvent }) as object, shown, body && { body });
      },
    });
  }

  get eventType(): string {
    this.#eventType ??= decodeEventType(this.#wire!.line, this.#wire!.payloadStart);
    return this.#eventType;
  }

  /** Parsed at first access. */
  get payload(): P {
    if (this.#payload === undefined) {
      const { line, payloadStart, payloadEnd } = this.#wire!;
      this.#payload = JSON.parse(line.slice(payloadStart, payloadEnd)) as P;
      if (this.#frozen) deepFreeze(this.#payload);
    }
    return this.#payload;
  }

  /** Milliseconds since the epoch. */
  get timestamp(): number {
    return this.#head().timestamp;
  }

  get eventId(): string {
    return this.#head().eventId;
  }

  get source(): string | null {
    return this.#head().source;
  }

  get correlationId(): string | null {
    return this.#head().correlationId;
  }

  /** The bytes given to `emit` beside the payload. */
  get body(): Uint8Array | undefined {
    return this.#body;
  }

  /** The line without its newline. Throws SerializationError. */
  toJsonl(): string {
    if (this.#wire !== undefined) return this.#wire.line;
    const { timestamp, eventId, source, correlationId } = this.#head();
    return encodeEvent(
      encodeHead(this.eventType),
      encodePayload(this.#payload),
      timestamp,
      eventId,
      source,
      correlationId,
    ).line;
  }

  toJSON(): EventRecordJson {
    const { timestamp, eventId, source, correlationId } = this.#head();
    return {
      event_type: this.eventType,
      payload: this.payload,
      timestamp: timestamp / 1000,
      event_id: eventId,
      source,
      correlation_id: correlationId,
    };
  }

  /** Reads one line; keys beyond the six are ignored. Throws InvalidEventError. */
  static fromJsonl(line: string): BusEvent {
    let record: Partial<EventRecordJson>;
    try {
      record = JSON.parse(line) as Partial<EventRecordJson>;
    } catch (error) {
      throw new InvalidEventError('the line is not JSON', { cause: error });
    }
    if (!isPlainObject(record)) throw new InvalidEventError('the line holds no JSON object');
    const { event_type, payload, timestamp, event_id, source = null, correlation_id = null } = record;
    if (typeof event_id !== 'string' || event_id === '') throw new InvalidEventError('the line has no event_id');
    if (typeof timestamp !== 'number') throw new InvalidEventError('the line has no timestamp');
    if (source !== null && typeof source !== 'string') throw new InvalidEventError("the line's source is not a string");
    if (correlation_id !== null && typeof correlation_id !== 'string') {
      throw new InvalidEventError("the line's correlation_id is not a string");
    }
    return new BusEvent(event_type as string, payload as Payload, {
      eventId: event_id,
      timestamp: secondsToMs(timestamp),
      ...(source === null ? {} : { source }),
      ...(correlation_id === null ? {} : { correlationId: correlation_id }),
    });
  }

  #head(): Envelope {
    if (this.#envelope === undefined) this.#envelope = decodeEnvelope(this.#wire!);
    return this.#envelope;
  }
}

class WireArguments {
  readonly wire: Wire;
  readonly body: Uint8Array | undefined;
  readonly frozen: boolean;
  constructor(wire: Wire, body: Uint8Array | undefined, frozen: boolean) {
    this.wire = wire;
    this.body = body;
    this.frozen = frozen;
  }
}

/** An event whose type, payload and envelope are parsed when they are asked for. `frozen`: its payload is frozen all the way down. */
export function eventFromWire(
  eventType: string | undefined,
  wire: Wire,
  body: Uint8Array | undefined,
  frozen: boolean,
): BusEvent {
  return fromWire(eventType, wire, body, frozen);
}

/** The envelope without the payload, which may be a thousand times as long. */
function decodeEnvelope({ line, payloadStart, payloadEnd }: Wire): Envelope {
  const record = JSON.parse(`${line.slice(0, payloadStart)}0${line.slice(payloadEnd)}`) as EventRecordJson;
  return {
    timestamp: secondsToMs(record.timestamp),
    eventId: record.event_id,
    source: record.source,
    correlationId: record.correlation_id,
  };
}

/** Milliseconds to the microsecond: a float of seconds is off by less. */
function secondsToMs(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

export function checkEventType(eventType: unknown): asserts eventType is string {
  if (typeof eventType !== 'string' || eventType.trim() === '') {
    throw new InvalidEventError(`an event type must be a non-blank string, got ${inspect(eventType, { depth: 0 })}`);
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key]);
}
