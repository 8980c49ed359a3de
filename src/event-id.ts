import { randomBytes } from 'node:crypto';

/**
 * Event ids: 23 lower-case letters, unique across threads and processes, in emission order when sorted.
 *
 *     ttttttttt cccc rrrrrrrrrr
 *     9 letters: milliseconds since the epoch, base 26 (good to the year 2142)
 *     4 letters: a counter within the millisecond; when it runs out the id borrows the next millisecond
 *     10 letters: random, once per thread
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

// 26^5 is under 2^24: four random bytes for five letters leave no visible bias.
const random = randomBytes(8);
const SUFFIX = letters(random.readUIntBE(0, 4), 5) + letters(random.readUIntBE(4, 4), 5);

let millisecond = 0;
let counter = 0;
let prefix = '';

/** A new id for an event emitted at `nowMs`, in milliseconds since the epoch. A clock that steps back is held. */
export function nextEventId(nowMs: number): string {
  if (nowMs > millisecond) {
    millisecond = nowMs;
    counter = 0;
    prefix = letters(nowMs, 9);
  } else if (++counter === COUNTER_LIMIT) {
    counter = 0;
    prefix = letters(++millisecond, 9);
  }
  return prefix + PAIRS[Math.floor(counter / PAIRS.length)] + PAIRS[counter % PAIRS.length] + SUFFIX;
}
