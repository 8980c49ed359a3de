import { types } from 'node:util';
import { InvalidEventError, SerializationError } from './errors.ts';
import { EVENT_ID_LENGTH } from './event-id.ts';
import type { Payload } from './types.ts';

/** What an event is made of; its payload stays JSON until somebody reads it. */
export interface EventParts {
  readonly eventType: string;
  readonly payloadJson: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly eventId: string;
  readonly source: string | null;
  readonly correlationId: string | null;
  /** What the event's trace continues, with a line feed at its end, see trace-context.ts; null where nobody traces. */
  readonly trace?: string | null;
}

/*
 * Between threads the parts travel as one text, which is written and read by one call each; three numbers beside it say
 * where it is cut:
 *
 *     payload JSON │ event id, always as long │ event type │ trace, if traced │ [source, correlation id], if there
 *
 * An id of another length, as events of other programs have, is the third of the last part, and stars stand in its place.
 */

export function joinParts(parts: EventParts): string {
  const { payloadJson, eventId, eventType, source, correlationId, trace } = parts;
  if (eventId.length !== EVENT_ID_LENGTH) return joinForeign(parts);
  const text = payloadJson + eventId + eventType;
  const origin = source === null && correlationId === null ? '' : JSON.stringify([source, correlationId]);
  return typeof trace === 'string' ? text + trace + origin : text + origin;
}

const FOREIGN_ID = '*'.repeat(EVENT_ID_LENGTH);

function joinForeign({ payloadJson, eventId, eventType, source, correlationId, trace }: EventParts): string {
  const text = payloadJson + FOREIGN_ID + eventType;
  const origin = JSON.stringify([source, correlationId, eventId]);
  return typeof trace === 'string' ? text + trace + origin : text + origin;
}

/** The most bytes that `joinParts` takes in UTF-8, without making it: JSON escapes one character by six at most. */
export function maxPartsBytes({ payloadJson, eventId, eventType, source, correlationId, trace }: EventParts): number {
  const foreign = eventId.length === EVENT_ID_LENGTH ? 0 : eventId.length + 1;
  const origin = (source?.length ?? 0) + (correlationId?.length ?? 0) + (trace?.length ?? 0) + foreign;
  return 3 * (payloadJson.length + EVENT_ID_LENGTH + eventType.length + 6 * origin + '[null,null]'.length);
}

export function splitParts(text: string, payloadLength: number, typeLength: number, timestamp: number): EventParts {
  const typeAt = payloadLength + EVENT_ID_LENGTH;
  const typeEnd = typeAt + typeLength;
  let originAt = typeEnd;
  let trace: string | null = null;
  if (originAt < text.length && text.charCodeAt(originAt) !== BRACKET) {
    originAt = text.indexOf('\n', typeEnd) + 1;
    trace = text.slice(typeEnd, originAt);
  }
  const [source, correlationId, foreignId] =
    originAt === text.length ? NO_ORIGIN : (JSON.parse(text.slice(originAt)) as (string | null)[]);
  return {
    eventType: text.slice(typeAt, typeEnd),
    payloadJson: text.slice(0, payloadLength),
    timestamp,
    eventId: foreignId ?? text.slice(payloadLength, typeAt),
    source: source ?? null,
    correlationId: correlationId ?? null,
    trace,
  };
}

/** `[`, with which no trace begins. */
const BRACKET = 91;
const NO_ORIGIN: readonly null[] = [null, null];

/** What stands before the payload in a line; made once per event type. */
export function encodeHead(eventType: string): string {
  return `{"event_type":${JSON.stringify(eventType)},"payload":`;
}

/** Float seconds, as the Python library writes them: always with a fraction. */
function encodeTimestamp(timestampMs: number): string {
  const seconds = timestampMs / 1000;
  return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
}

// Thousands of events share a millisecond, and most share their source and correlation id with the one before.
let stampOf = Number.NaN;
let stamp = '';
let tailSource: string | null = null;
let tailCorrelation: string | null = null;
let tail = '","source":null,"correlation_id":null}';

/**
 * One JSONL line without its newline:
 * `{"event_type":…,"payload":…,"timestamp":seconds,"event_id":…,"source":…,"correlation_id":…}`.
 */
export function encodeEvent(
  head: string,
  payloadJson: string,
  timestampMs: number,
  eventId: string,
  source: string | null,
  correlationId: string | null,
): string {
  if (timestampMs !== stampOf) {
    stampOf = timestampMs;
    stamp = `,"timestamp":${encodeTimestamp(timestampMs)},"event_id":"`;
  }
  if (source !== tailSource || correlationId !== tailCorrelation) {
    tailSource = source;
    tailCorrelation = correlationId;
    tail = `","source":${JSON.stringify(source)},"correlation_id":${JSON.stringify(correlationId)}}`;
  }
  return head + payloadJson + stamp + eventId + tail;
}

/** JSON.stringify, once, with our own error. Throws SerializationError, or InvalidEventError when it makes no object. */
export function encodePayload(payload: unknown): string {
  checkPayload(payload);
  let text: string | undefined;
  try {
    text = JSON.stringify(payload) as string | undefined;
  } catch (error) {
    throw new SerializationError(
      `the payload can't be written as JSON: ${messageOf(error)}. Emit plain data; bytes go into the option body`,
      {
        cause: error,
      },
    );
  }
  // Its own toJSON may make anything of it. Only then: a look at the text would have V8 put its pieces together, which
  // is done once more when it is written.
  if (text === undefined || (hasToJson(payload) && text.charCodeAt(0) !== 123) /* { */) {
    throw new InvalidEventError(`an event's payload must be an object in JSON, its toJSON made ${text ?? 'undefined'}`);
  }
  return text;
}

function hasToJson(payload: Payload): boolean {
  return typeof payload.toJSON === 'function';
}

/** Throws InvalidEventError. */
export function checkPayload(payload: unknown): asserts payload is Payload {
  if (isPlainObject(payload)) return;
  throw new InvalidEventError(`an event's payload must be a plain object, got ${describe(payload)}`);
}

/** An object literal, `Object.create(null)`, or their like from another realm; no class instance, no array. Never throws. */
export function isPlainObject(value: unknown): value is Payload {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype || prototype === null) return true;
    return (
      Object.getPrototypeOf(prototype) === null && !Array.isArray(value) && Object.hasOwn(prototype, 'hasOwnProperty')
    );
  } catch {
    // A proxy whose traps throw, or that was revoked.
    return false;
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `${typeof value} ${messageOf(value)}`.slice(0, 100);
  if (types.isProxy(value)) return 'a proxy';
  if (Array.isArray(value)) return 'an array';
  try {
    const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
    if (typeof name === 'string' && name !== '') return `an instance of ${name}`;
  } catch {
    // A getter that throws.
  }
  return 'an object with a prototype';
}

/** The message of whatever was thrown; never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'a value that throws when it is read';
  }
}
