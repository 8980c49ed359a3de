import { types } from 'node:util';
import { InvalidEventError, SerializationError } from './errors.ts';
import type { Payload } from './types.ts';

/**
 * One JSONL line, the same text for the audit log and for handlers:
 * `{"event_type":…,"payload":…,"timestamp":seconds,"event_id":…,"source":…,"correlation_id":…}`.
 * The payload's place in it is kept beside it, so that a handler parses the payload alone and only when it asks.
 */
export interface EncodedEvent {
  readonly line: string;
  /** Where the payload begins and ends, in UTF-16 units of `line`. */
  readonly payloadStart: number;
  readonly payloadEnd: number;
}

const HEAD_OPEN = '{"event_type":';
const HEAD_CLOSE = ',"payload":';

/** What stands before the payload; made once per event type. */
export function encodeHead(eventType: string): string {
  return HEAD_OPEN + JSON.stringify(eventType) + HEAD_CLOSE;
}

/** The event type out of a line, without parsing the rest. */
export function decodeEventType(line: string, payloadStart: number): string {
  return JSON.parse(line.slice(HEAD_OPEN.length, payloadStart - HEAD_CLOSE.length)) as string;
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

export function encodeEvent(
  head: string,
  payloadJson: string,
  timestampMs: number,
  eventId: string,
  source: string | null,
  correlationId: string | null,
): EncodedEvent {
  if (timestampMs !== stampOf) {
    stampOf = timestampMs;
    stamp = `,"timestamp":${encodeTimestamp(timestampMs)},"event_id":"`;
  }
  if (source !== tailSource || correlationId !== tailCorrelation) {
    tailSource = source;
    tailCorrelation = correlationId;
    tail = `","source":${JSON.stringify(source)},"correlation_id":${JSON.stringify(correlationId)}}`;
  }
  const payloadEnd = head.length + payloadJson.length;
  return { line: head + payloadJson + stamp + eventId + tail, payloadStart: head.length, payloadEnd };
}

/** JSON.stringify, once, with our own error. Throws SerializationError, or InvalidEventError when it makes no object. */
export function encodePayload(payload: unknown): string {
  if (!isPlainObject(payload)) {
    throw new InvalidEventError(`an event's payload must be a plain object, got ${describe(payload)}`);
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(payload) as string | undefined;
  } catch (error) {
    throw new SerializationError(`the payload can't be written as JSON: ${messageOf(error)}`, { cause: error });
  }
  // Its own toJSON may make anything of it.
  if (text === undefined || text.charCodeAt(0) !== 123 /* { */) {
    throw new InvalidEventError(`an event's payload must be an object in JSON, its toJSON made ${text ?? 'undefined'}`);
  }
  return text;
}

/** An object literal, `Object.create(null)`, or their like from another realm; no class instance, no array. */
export function isPlainObject(value: unknown): value is Payload {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    Object.getPrototypeOf(prototype) === null && !Array.isArray(value) && Object.hasOwn(prototype, 'hasOwnProperty')
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `${typeof value} ${String(value)}`.slice(0, 100);
  if (types.isProxy(value)) return 'a proxy';
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object with a prototype';
}

/** The message of whatever was thrown; never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'a value that throws when it is read';
  }
}
