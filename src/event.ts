import { inspect } from 'node:util';
import {
  checkPayload,
  type EventParts,
  encodeEvent,
  encodeHead,
  encodePayload,
  isPlainObject,
  messageOf,
} from './codec.ts';
import { InvalidEventError } from './errors.ts';
import { checkEventId, nextEventId } from './event-id.ts';
import type { Payload } from './types.ts';

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

/** Stands in the options' place for an event that is made of parts which have been checked before. */
class Made {
  readonly parts: EventParts;
  readonly body: Uint8Array | undefined;
  readonly frozen: boolean;
  readonly payload: Payload | undefined;
  constructor(parts: EventParts, body: Uint8Array | undefined, frozen: boolean, payload: Payload | undefined) {
    this.parts = parts;
    this.body = body;
    this.frozen = frozen;
    this.payload = payload;
  }
}

/** One event. Handlers get it; make one yourself to write or read JSONL lines. */
export class BusEvent<P extends object = Payload, T extends string = string> {
  readonly eventType: T;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly eventId: string;
  readonly source: string | null;
  readonly correlationId: string | null;
  /** The bytes given to `emit` beside the payload. */
  declare readonly body?: Uint8Array;
  readonly #json: string | undefined;
  readonly #frozen: boolean = false;
  #payload: P | undefined;

  /**
   * Throws InvalidEventError for a blank type, a payload that is no plain object, or options that an event's line can't
   * hold. The payload is kept, not copied. @default timestamp Date.now(), eventId a new one
   */
  constructor(
    eventType: T,
    payload: P,
    options: { source?: string; correlationId?: string; eventId?: string; timestamp?: number } = {},
  ) {
    this.eventType = eventType;
    if (options instanceof Made) {
      const { parts, body, frozen } = options;
      this.timestamp = parts.timestamp;
      this.eventId = parts.eventId;
      this.source = parts.source;
      this.correlationId = parts.correlationId;
      if (body !== undefined) this.body = body;
      if (options.payload === undefined) this.#json = parts.payloadJson;
      else this.#payload = options.payload as P;
      this.#frozen = frozen;
      return;
    }
    checkEventType(eventType);
    checkPayload(payload);
    if (typeof options !== 'object' || options === null) {
      throw new InvalidEventError(`an event's options must be an object, got ${inspect(options, { depth: 0 })}`);
    }
    const { timestamp = Date.now(), eventId = nextEventId(Date.now()), source = null, correlationId = null } = options;
    if (!Number.isFinite(timestamp)) {
      throw new InvalidEventError(`an event's timestamp must be a finite number, got ${inspect(timestamp)}`);
    }
    checkEventId(eventId);
    checkText('source', source);
    checkText('correlationId', correlationId);
    this.timestamp = timestamp;
    this.eventId = eventId;
    this.source = source;
    this.correlationId = correlationId;
    this.#payload = payload;
  }

  static {
    // A getter on a prototype is invisible to console.log.
    Object.defineProperty(BusEvent.prototype, inspect.custom, {
      value(this: BusEvent): unknown {
        return Object.assign(Object.create({ constructor: BusEvent }) as object, this, { payload: this.payload });
      },
    });
  }

  /** Parsed at first access. */
  get payload(): P {
    if (this.#payload === undefined) {
      this.#payload = JSON.parse(this.#json!) as P;
      if (this.#frozen) deepFreeze(this.#payload);
    }
    return this.#payload;
  }

  /** The line without its newline. Throws SerializationError. */
  toJsonl(): string {
    const { eventType, timestamp, eventId, source, correlationId } = this;
    const json = this.#json ?? encodePayload(this.#payload);
    return encodeEvent(encodeHead(eventType), json, timestamp, eventId, source, correlationId);
  }

  toJSON(): EventRecordJson {
    return {
      event_type: this.eventType,
      payload: this.payload as Payload,
      timestamp: this.timestamp / 1000,
      event_id: this.eventId,
      source: this.source,
      correlation_id: this.correlationId,
    };
  }

  /** Reads one line; keys beyond the six are ignored. Throws InvalidEventError. */
  static fromJsonl(line: string): BusEvent {
    let record: Partial<EventRecordJson>;
    try {
      record = JSON.parse(line) as Partial<EventRecordJson>;
    } catch (error) {
      throw new InvalidEventError(`the line is not JSON: ${messageOf(error)}`, { cause: error });
    }
    if (!isPlainObject(record))
      throw new InvalidEventError(`the line holds no JSON object but ${inspect(record, { depth: 0 })}`);
    const { event_type, payload, timestamp, event_id, source = null, correlation_id = null } = record;
    checkEventId(event_id);
    if (typeof timestamp !== 'number')
      throw new InvalidEventError(`timestamp must be a number of seconds, got ${inspect(timestamp)}`);
    return new BusEvent(event_type as string, payload as Payload, {
      eventId: event_id,
      timestamp: secondsToMs(timestamp),
      ...(source === null ? {} : { source }),
      ...(correlation_id === null ? {} : { correlationId: correlation_id }),
    });
  }
}

/** Stands where the payload is not known yet. */
const NO_PAYLOAD: Payload = Object.freeze({});

/**
 * An event of parts that were checked when it was emitted. `frozen`: its payload is frozen all the way down. `payload`: what
 * the JSON would be parsed to, where it is known already; then nobody asks for the JSON.
 */
export function eventOf(parts: EventParts, body: Uint8Array | undefined, frozen: boolean, payload?: Payload): BusEvent {
  return new BusEvent(parts.eventType, payload ?? NO_PAYLOAD, new Made(parts, body, frozen, payload) as object);
}

function checkText(name: string, text: unknown): void {
  if (text === null || typeof text === 'string') return;
  throw new InvalidEventError(`an event's ${name} must be a string or null, got ${inspect(text, { depth: 0 })}`);
}

/** Milliseconds to the microsecond: a float of seconds is off by less. */
export function secondsToMs(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

/** Most types begin with a letter, and need no look at the rest for a blank. */
const SPACE = 32;

/** Throws InvalidEventError. Half a surrogate pair has no place in UTF-8, so it would arrive as another type. */
export function checkEventType(eventType: unknown): asserts eventType is string {
  if (typeof eventType !== 'string' || (!(eventType.charCodeAt(0) > SPACE) && eventType.trim() === '')) {
    throw new InvalidEventError(`an event type must be a non-blank string, got ${inspect(eventType, { depth: 0 })}`);
  }
  if (!eventType.isWellFormed()) {
    throw new InvalidEventError(`an event type must be well-formed Unicode, got ${inspect(eventType)}`);
  }
}

/** By a list and not by recursion: a payload may be nested deeper than the stack. */
function deepFreeze(root: unknown): void {
  if (typeof root !== 'object' || root === null) return;
  const open: object[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    Object.freeze(value);
    for (const key of Object.keys(value)) {
      const child = (value as Record<string, unknown>)[key];
      if (typeof child === 'object' && child !== null) open.push(child);
    }
  }
}
