import { isUtf8 } from 'node:buffer';
import { inspect } from 'node:util';
import { BUS_SOURCE, SEAL_TYPE } from '../audit-format.ts';
import { ConfigError, InvalidPatternError } from '../errors.ts';
import { BusEvent, type EventRecordJson, eventOf } from '../event.ts';
import { compilePattern } from '../pattern.ts';
import { type Stretch, visitBackwards } from './backwards.ts';
import { NO_ROTATION, openSegments, type RotationClock } from './segments.ts';

export interface AuditQuery {
  /** Exact or a pattern. @default every event but seals */
  eventType?: string;
  /** Milliseconds since the epoch or a Date; events of that moment are included. */
  since?: number | Date;
  /** Only events of this flow. @default all */
  correlationId?: string;
  /** @default 100 */
  limit?: number;
}

const DEFAULT_LIMIT = 100;
const TYPE_AT = Buffer.from('{"event_type":"');
const STAMP_AT = Buffer.from(',"timestamp":');
const QUOTE = 34;
const BACKSLASH = 92;

interface Filter {
  readonly limit: number;
  readonly sinceMs: number;
  readonly correlationId: string | undefined;
  matches(eventType: string, source: () => string | null): boolean;
}

/** Reads the log's events newest first, from the active file back to the oldest. Throws ConfigError, InvalidPatternError. */
export async function readEvents(
  path: string,
  query: AuditQuery,
  clock: RotationClock = NO_ROTATION,
): Promise<{ events: BusEvent[]; damaged: number }> {
  const events: BusEvent[] = [];
  const damaged = await visitEvents(filesOf(path, clock), query, (event) => void events.push(event));
  return { events, damaged };
}

async function* filesOf(path: string, clock: RotationClock): AsyncGenerator<Stretch, void, void> {
  for await (const fd of openSegments(path, clock)) yield { fd };
}

/**
 * The same one by one out of these files, newest first, with its line as it stands there. Resolves with the number of
 * damaged lines.
 */
export async function visitEvents(
  files: AsyncIterable<Stretch>,
  query: AuditQuery,
  take: (event: BusEvent, line: string) => void,
): Promise<number> {
  const filter = resolveQuery(query);
  const sieve = new Sieve(filter);
  let taken = 0;
  let damaged = 0;
  const visit = (line: Buffer): boolean => {
    if (line.length === 0) return true;
    if (!sieve.mayMatch(line)) return true;
    const text = line.toString();
    const event = isUtf8(line) ? parseLine(text) : undefined;
    if (event === undefined) damaged++;
    else if (isWanted(event, filter)) {
      taken++;
      take(event, text);
    }
    return taken < filter.limit;
  };
  if (filter.limit > 0) {
    for await (const file of files) if (!(await visitBackwards(file, visit))) break;
  }
  return damaged;
}

function isWanted(event: BusEvent, { sinceMs, correlationId, matches }: Filter): boolean {
  if (correlationId !== undefined && event.correlationId !== correlationId) return false;
  return event.timestamp >= sinceMs && matches(event.eventType, () => event.source);
}

function resolveQuery({ eventType, since, correlationId, limit = DEFAULT_LIMIT }: AuditQuery): Filter {
  const problems: string[] = [];
  const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : Number(since);
  if (typeof limit !== 'number' || !(limit >= 0)) problems.push(`limit must be a number from 0, got ${inspect(limit)}`);
  if (Number.isNaN(sinceMs) || (since !== undefined && typeof since !== 'number' && !(since instanceof Date))) {
    problems.push(`since must be milliseconds since the epoch or a Date, got ${inspect(since)}`);
  }
  if (correlationId !== undefined && typeof correlationId !== 'string') {
    problems.push(`correlationId must be a string, got ${inspect(correlationId)}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { limit, sinceMs, correlationId, matches: resolveType(eventType) };
}

function resolveType(eventType: string | undefined): Filter['matches'] {
  if (eventType === undefined) return (type) => type !== SEAL_TYPE;
  if (typeof eventType !== 'string' || eventType.trim() === '') {
    throw new InvalidPatternError(`an event pattern must be a non-empty string, got ${inspect(eventType)}`);
  }
  const pattern = compilePattern(eventType);
  if (pattern.kind === 'exact') return (type) => type === eventType;
  if (pattern.kind === 'glob') return pattern.matches;
  // As for a subscriber, * is everything but what the bus itself raises.
  return (type, source) => !(type.startsWith('system.') && source() === BUS_SOURCE);
}

/** Tells without decoding a line that the query does not want it; a scan of a whole log is mostly this. */
class Sieve {
  readonly #filter: Filter;
  /** The type of the line before, quotes and all: neighbours often have the same. */
  #type: Buffer = Buffer.alloc(0);
  #wanted = true;
  /** As it stands in a line, of whoever wrote it in the usual way. */
  readonly #correlation: Buffer | undefined;

  constructor(filter: Filter) {
    this.#filter = filter;
    const id = filter.correlationId;
    // Letters that may be written in two ways say nothing by their absence.
    if (id !== undefined && /^[\w.:-]+$/.test(id)) this.#correlation = Buffer.from(id);
  }

  /** False only for a line of our own writing. */
  mayMatch(line: Buffer): boolean {
    if (this.#correlation !== undefined && !line.includes(this.#correlation)) return false;
    if (!startsWith(line, this.#type) || this.#type.length === 0) {
      const quote = line.indexOf(QUOTE, TYPE_AT.length);
      if (quote === -1 || !startsWith(line, TYPE_AT)) return true;
      const type = line.subarray(TYPE_AT.length, quote);
      if (type.includes(BACKSLASH)) return true;
      this.#type = Buffer.from(line.subarray(0, quote + 1));
      this.#wanted = this.#filter.matches(type.toString(), () => null);
    }
    return this.#wanted && this.#isRecent(line);
  }

  #isRecent(line: Buffer): boolean {
    const { sinceMs } = this.#filter;
    if (sinceMs === Number.NEGATIVE_INFINITY) return true;
    // The envelope's is the last: quotes inside strings are escaped.
    const stamp = line.lastIndexOf(STAMP_AT);
    if (stamp === -1) return true;
    const seconds = Number.parseFloat(line.toString('latin1', stamp + STAMP_AT.length, stamp + STAMP_AT.length + 24));
    // Compared with a margin; the event itself decides.
    return !(seconds * 1000 < sinceMs - 1);
  }
}

function startsWith(line: Buffer, start: Buffer): boolean {
  for (let i = 0; i < start.length; i++) if (line[i] !== start[i]) return false;
  return true;
}

/** What a query wants of events that come from elsewhere than `readEvents`. Throws ConfigError, InvalidPatternError. */
export function auditFilter(query: AuditQuery): (event: BusEvent) => boolean {
  const filter = resolveQuery(query);
  return (event) => isWanted(event, filter);
}

/** The event of a log's line; undefined: the line is damaged. */
export function parseLine(line: string): BusEvent | undefined {
  try {
    return BusEvent.fromJsonl(line);
  } catch {
    return withoutPayload(line);
  }
}

/** An event whose payload was replaced whole: by a token, or by null when it was no JSON to begin with. */
function withoutPayload(line: string): BusEvent | undefined {
  try {
    const record = JSON.parse(line) as Omit<EventRecordJson, 'payload'> & { payload: unknown };
    const { payload, ...envelope } = record;
    if (payload !== null && typeof payload !== 'string') return undefined;
    const { eventType, timestamp, eventId, source, correlationId } = BusEvent.fromJsonl(
      JSON.stringify({ ...envelope, payload: {} }),
    );
    const payloadJson = JSON.stringify(payload);
    return eventOf({ eventType, payloadJson, timestamp, eventId, source, correlationId }, undefined, false);
  } catch {
    return undefined;
  }
}
