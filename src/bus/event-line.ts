import { BUS_SOURCE } from '../audit-format.ts';
import { encodePayload, isPlainObject } from '../codec.ts';
import { InvalidEventError } from '../errors.ts';
import { checkEventType, type EventRecordJson, secondsToMs } from '../event.ts';
import { checkEventId } from '../event-id.ts';
import type { Payload } from '../types.ts';

/** What an event's line says. What it does not say is undefined or null. */
export interface EventLine {
  readonly eventType: string;
  readonly payloadJson: string;
  /** Undefined: nobody has parsed the payload. */
  readonly payload: Payload | undefined;
  /** Milliseconds since the epoch. */
  readonly timestamp: number | undefined;
  readonly eventId: string | undefined;
  readonly source: string | null;
  readonly correlationId: string | null;
}

type Envelope = Partial<Omit<EventRecordJson, 'payload'>>;

const TYPE_AT = '{"event_type":"';
const PAYLOAD_AT = '","payload":';
const STAMP_AT = ',"timestamp":';
/** What this library writes behind the payload; further keys follow. */
const OWN_KEYS = ['timestamp', 'event_id', 'source', 'correlation_id'] as const;
/** So a key behind the payload begins; a payload that has nothing like it in it needs no closer look. */
const OBJECT_THEN_KEY = /\}\s*,\s*"/;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

/**
 * An event's line: its type and payload, and what it has of time, id, source and correlation id. Of a line as this library
 * writes them the payload is cut out and left for others to parse. Throws InvalidEventError.
 */
export function readEventLine(line: string): EventLine {
  return cut(line) ?? parse(line);
}

/** What to tell of a line whose payload turned out not to be JSON. */
export function whyMalformed(line: string, error: Error): Error {
  try {
    parse(line);
  } catch {
    return error;
  }
  return new InvalidEventError(
    'keys of another writer stand between payload and timestamp. Put them behind correlation_id',
    { cause: error },
  );
}

/** The bus's own records in a log that is read again: they told of that bus. */
export function isOfBus({ eventType, source }: EventLine): boolean {
  return source === BUS_SOURCE && eventType.startsWith('system.');
}

/** Undefined: the line is not as this library writes it. */
function cut(line: string): EventLine | undefined {
  if (!line.startsWith(TYPE_AT)) return undefined;
  const typeEnd = line.indexOf('"', TYPE_AT.length);
  const eventType = line.slice(TYPE_AT.length, typeEnd);
  if (eventType.includes('\\') || !line.startsWith(PAYLOAD_AT, typeEnd)) return undefined;
  // Quotes inside strings are escaped, so this is a key; if it is one inside of another value the rest is no JSON.
  const stamp = line.lastIndexOf(STAMP_AT);
  const payloadJson = line.slice(typeEnd + PAYLOAD_AT.length, stamp);
  if (!payloadJson.startsWith('{') || !payloadJson.endsWith('}')) return undefined;
  let envelope: Envelope & { payload?: unknown };
  try {
    envelope = JSON.parse(`{${line.slice(stamp + 1)}`) as typeof envelope;
  } catch {
    return undefined;
  }
  if (envelope.payload !== undefined || envelope.event_type !== undefined) return undefined;
  if (!isOwn(envelope) && !isOneObject(payloadJson)) return undefined;
  return { eventType: checked(eventType), payloadJson, payload: undefined, ...originOf(envelope) };
}

/** Whoever has all of this library's keys in its order is taken to have put none between: looking takes a fifth of the speed. */
function isOwn(envelope: object): boolean {
  let at = 0;
  for (const key in envelope) {
    if (at === OWN_KEYS.length) return true;
    if (key !== OWN_KEYS[at++]) return false;
  }
  return at === OWN_KEYS.length;
}

/**
 * False where further keys of another writer stand behind the payload. Whether its text is sound is for whoever parses it to
 * say.
 */
function isOneObject(json: string): boolean {
  if (!OBJECT_THEN_KEY.test(json)) return true;
  const bytes = Buffer.from(json);
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === BACKSLASH) i++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (quoted) continue;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return i === bytes.length - 1;
  }
  return true;
}

function parse(line: string): EventLine {
  let record: Envelope & { payload?: unknown };
  try {
    record = JSON.parse(line) as typeof record;
  } catch (cause) {
    throw new InvalidEventError('the line is not JSON', { cause });
  }
  if (!isPlainObject(record)) throw new InvalidEventError('the line is no JSON object');
  const { event_type: eventType, payload } = record as typeof record;
  if (eventType === undefined) throw new InvalidEventError('the line has no event_type');
  const payloadJson = encodePayload(payload);
  return { eventType: checked(eventType), payloadJson, payload: payload as Payload, ...originOf(record) };
}

function checked(eventType: unknown): string {
  checkEventType(eventType);
  return eventType;
}

function originOf(envelope: Envelope): Pick<EventLine, 'timestamp' | 'eventId' | 'source' | 'correlationId'> {
  const { timestamp, event_id: eventId, source = null, correlation_id: correlationId = null } = envelope;
  if (timestamp !== undefined && (typeof timestamp !== 'number' || !Number.isFinite(timestamp))) {
    throw new InvalidEventError("the line's timestamp is not a number");
  }
  if (eventId !== undefined) checkEventId(eventId);
  if (source !== null && typeof source !== 'string') throw new InvalidEventError("the line's source is not a string");
  if (correlationId !== null && typeof correlationId !== 'string') {
    throw new InvalidEventError("the line's correlation_id is not a string");
  }
  return {
    timestamp: timestamp === undefined ? undefined : secondsToMs(timestamp),
    eventId,
    source,
    correlationId,
  };
}
