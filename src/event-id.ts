import { inspect } from 'node:util';
import { InvalidEventError } from './errors.ts';

/**
 * Event ids: 23 lower-case letters, unique across threads and processes, in emission order when sorted.
 *
 *     ttttttttt cccc rrrrrrrrrr
 *     9 letters: milliseconds since the epoch, base 26 (good to the year 2142)
 *     4 letters: a counter within the millisecond; when it runs out the id borrows the next millisecond
 *     10 letters: random, once per thread, made with its first id: loading crypto is a tenth of a thread's start
 *
 * Letters only, so that no redaction rule (cards, phones, keys, tokens) can match an id: ids also stand inside payloads.
 */
export const EVENT_ID_LENGTH = 23;

const BASE = 26;
const PAIRS: readonly string[] = Array.from({ length: BASE * BASE }, (_, i) =>
  String.fromCharCode(97 + Math.floor(i / BASE), 97 + (i % BASE)),
);
const COUNTER_LIMIT = (BASE * BASE) ** 2;

function letters(value: number, width: number): string {
  let text = '';
  for (let rest = value; text.length < width; rest = Math.floor(rest / BASE)) {
    text = String.fromCharCode(97 + (rest % BASE)) + text;
  }
  return text;
}

/** The last pair of the counter with the random part: an id is then two pieces, since each more costs a string. */
let ends: readonly string[] = [];

let millisecond = 0;
let counter = 0;
let prefix = '';
/** The milliseconds and the counter's first pair. */
let start = '';

/** A new id for an event emitted at `nowMs`, in milliseconds since the epoch. A clock that steps back is held. */
export function nextEventId(nowMs: number): string {
  if (nowMs > millisecond) begin(nowMs);
  else if (++counter === COUNTER_LIMIT) begin(millisecond + 1);
  else if (counter % PAIRS.length === 0) start = prefix + PAIRS[counter / PAIRS.length]!;
  return start + ends[counter % PAIRS.length]!;
}

/**
 * Of other programs' ids. What JSON would have to escape is refused, so that a line is written without a look at its id.
 * Throws InvalidEventError.
 */
export function checkEventId(eventId: unknown): asserts eventId is string {
  if (typeof eventId === 'string' && /^[^"\\\p{Cc}\u2028\u2029]+$/u.test(eventId) && eventId.isWellFormed()) return;
  throw new InvalidEventError(
    `an event's id must be a non-empty string without quotes, backslashes and control characters, got ${inspect(eventId, { depth: 0 })}`,
  );
}

function randomEnds(): string[] {
  // 26^5 is under 2^24: 32 random bits for five letters leave no visible bias.
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  const suffix = letters(high!, 5) + letters(low!, 5);
  return PAIRS.map((pair) => pair + suffix);
}

function begin(ms: number): void {
  if (ends.length === 0) ends = randomEnds();
  millisecond = ms;
  counter = 0;
  prefix = letters(ms, 9);
  start = prefix + PAIRS[0]!;
}
