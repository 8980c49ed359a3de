import { isUtf8 } from 'node:buffer';
import { GanglionError } from '../errors.ts';
import { BusEvent, type EventRecordJson, eventOf } from '../event.ts';
import { type Stretch, visitBackwards } from './backwards.ts';
import { openError } from './path.ts';
import { type AuditQuery, isWanted, resolveQuery } from './query.ts';
import { NO_ROTATION, openSegments, type RotationClock } from './segments.ts';
import { Sieve } from './sieve.ts';

/**
 * Reads the log's events newest first, from the active file back to the oldest. Throws ConfigError, InvalidPatternError;
 * AuditOpenError when a file of the log can't be read.
 */
export async function readEvents(
  path: string,
  query: AuditQuery,
  clock: RotationClock = NO_ROTATION,
): Promise<{ events: BusEvent[]; damaged: number }> {
  const events: BusEvent[] = [];
  try {
    const damaged = await visitEvents(filesOf(path, clock), query, (event) => void events.push(event));
    return { events, damaged };
  } catch (error) {
    throw GanglionError.is(error) ? error : openError(path, error);
  }
}

async function* filesOf(path: string, clock: RotationClock): AsyncGenerator<Stretch, void, void> {
  for await (const fd of openSegments(path, clock)) yield { fd };
}

/**
 * The same one by one out of these files, newest first, with its line as it stands there; what the file system throws is
 * thrown as it is. Resolves with the number of damaged lines: those that are no record, no UTF-8, or longer than
 * `maxLineBytes`, by default the most that a string can hold. An empty line is no damage, and a torn end no line.
 */
export async function visitEvents(
  files: AsyncIterable<Stretch>,
  query: AuditQuery,
  take: (event: BusEvent, line: string) => void,
  maxLineBytes?: number,
): Promise<number> {
  const filter = resolveQuery(query);
  const sieve = new Sieve(filter);
  let taken = 0;
  let damaged = 0;
  const visit = (line: Buffer | undefined): boolean => {
    if (line === undefined) {
      damaged++;
      return true;
    }
    if (line.length === 0 || !sieve.mayMatch(line)) return true;
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
    for await (const file of files) if (!(await visitBackwards(file, visit, maxLineBytes))) break;
  }
  return damaged;
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
