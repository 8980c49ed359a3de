import { statSync } from 'node:fs';
import { readLetters } from '../dead-letters/file.ts';
import { toFailedEvent } from '../dead-letters/letter.ts';
import { compilePattern } from '../pattern.ts';
import type { SerializedError } from '../serialized-error.ts';
import type { FailedEvent } from '../types.ts';
import { UsageError } from './command.ts';
import { timeText } from './event-text.ts';
import { count, plural } from './figures.ts';
import { clip, printable, printableJson, type Terminal, table } from './terminal.ts';

const MAX_MESSAGE = 60;
const MAX_TYPE = 40;

export interface LetterQuery {
  /** Empty: of any id. */
  readonly ids: readonly string[];
  readonly reason: string | undefined;
  readonly type: string | undefined;
  readonly olderThanMs: number | undefined;
}

/** The path of a file that is there: a queue would make one. Throws UsageError. */
export function existingLetters(file: string): string {
  const entry = statSync(file, { throwIfNoEntry: false });
  if (entry === undefined) throw new UsageError(`there is no file ${file}`);
  if (!entry.isFile()) throw new UsageError(`${file} is no file`);
  return file;
}

/** Throws InvalidPatternError. */
export function letterFilter({ ids, reason, type, olderThanMs }: LetterQuery): (letter: FailedEvent) => boolean {
  const wanted = new Set(ids);
  const pattern = type === undefined ? undefined : compilePattern(type);
  const before = olderThanMs === undefined ? Number.POSITIVE_INFINITY : Date.now() - olderThanMs;
  return (letter) => {
    const { eventType } = letter.event;
    const typed =
      pattern === undefined ||
      pattern.kind === 'all' ||
      (pattern.kind === 'exact' ? pattern.source === eventType : pattern.matches(eventType));
    return (
      typed &&
      (wanted.size === 0 || wanted.has(letter.id)) &&
      (reason === undefined || letter.reason === reason) &&
      letter.timestamp < before
    );
  };
}

/** Newest first. */
function readAll(file: string, terminal: Terminal): FailedEvent[] {
  const { letters, damaged, torn } = readLetters(file);
  // The last one may be about to be written.
  const bad = torn ? damaged - 1 : damaged;
  if (bad > 0) terminal.note(`${plural(bad, 'damaged line')} left out`);
  return letters.map(toFailedEvent).reverse();
}

export function listLetters(
  file: string,
  query: LetterQuery,
  limit: number,
  json: boolean,
  terminal: Terminal,
): number {
  const all = readAll(file, terminal);
  const found = all.filter(letterFilter(query));
  const shown = found.slice(0, limit);
  if (json) {
    for (const letter of shown) terminal.say(letterJson(letter));
    return 0;
  }
  if (shown.length > 0) {
    const rows = shown.map((letter) => [
      printable(letter.id),
      timeText(letter.timestamp),
      printable(letter.reason),
      printable(letter.handlerName ?? '-'),
      clip(printable(letter.event.eventType), MAX_TYPE),
      count(letter.attempts.length),
      clip(printable(`${letter.error.name}: ${letter.error.message}`), MAX_MESSAGE),
    ]);
    const head = ['id', 'first failed (UTC)', 'reason', 'handler', 'type', 'attempts', 'error'];
    for (const line of table([head, ...rows], [5])) terminal.say(line);
  }
  const rest = found.length - shown.length;
  terminal.say(
    `${plural(found.length, 'dead letter')}${rest > 0 ? `, ${count(rest)} of them not shown: --limit` : ''}`,
  );
  return 0;
}

export function showLetter(file: string, id: string, json: boolean, terminal: Terminal): number {
  const letter = readAll(file, terminal).find((each) => each.id === id);
  if (letter === undefined) {
    terminal.note(`there is no dead letter ${printable(id)}`);
    return 1;
  }
  if (json) {
    terminal.say(letterJson(letter));
    return 0;
  }
  const { event, handlerName, reason, retryCount, orderingKey, incomplete } = letter;
  const rows: [string, string][] = [
    ['id', letter.id],
    ['handler', handlerName ?? 'none: the event was not accepted'],
    ['reason', reason],
    ['retries', count(retryCount)],
    ['event', `${event.eventType} ${event.eventId}`],
    ['emitted', `${timeText(event.timestamp)} UTC${event.source === null ? '' : ` from ${event.source}`}`],
  ];
  if (event.correlationId !== null) rows.push(['flow', event.correlationId]);
  if (orderingKey !== null) rows.push(['key', orderingKey]);
  if (incomplete) rows.push(['note', 'the file does not hold the event as it was emitted: it can not be retried']);
  for (const line of table(rows.map(([name, text]) => [name, printable(text)]))) terminal.say(line);
  terminal.say('');
  for (const line of JSON.stringify(event.payload, null, 2).split('\n')) terminal.say(printable(line));
  for (const [i, attempt] of letter.attempts.entries()) {
    terminal.say('');
    terminal.say(
      terminal.paint(
        'bold',
        `attempt ${i + 1}, ${timeText(attempt.at)} UTC, thread ${attempt.threadId}: ${printable(attempt.reason)}`,
      ),
    );
    for (const line of errorLines(attempt.error)) terminal.say(`  ${printable(line)}`);
  }
  return 0;
}

function errorLines(error: SerializedError): string[] {
  const lines = (error.stack ?? `${error.name}: ${error.message}`).split('\n');
  if (error.code !== undefined) lines.push(`code: ${error.code}`);
  const { cause } = error;
  if (cause !== undefined) {
    const [first, ...rest] = 'message' in cause ? errorLines(cause) : [JSON.stringify(cause.value) ?? 'undefined'];
    lines.push(`cause: ${first}`, ...rest);
  }
  return lines;
}

function letterJson(letter: FailedEvent): string {
  const { id, reason, error, subscriptionId, handlerName, timestamp, retryCount, attempts, orderingKey } = letter;
  return printableJson(
    JSON.stringify({
      id,
      event: letter.event,
      reason,
      error,
      subscription_id: subscriptionId,
      handler_name: handlerName,
      timestamp: timestamp / 1_000,
      retry_count: retryCount,
      attempts: attempts.map(({ at, threadId, ...attempt }) => ({ at: at / 1_000, ...attempt, thread_id: threadId })),
      ordering_key: orderingKey,
      incomplete: letter.incomplete,
    }),
  );
}
