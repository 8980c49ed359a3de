import type { Prefilter } from './prefilter.ts';

const MAX_KEYS = 4_096;
const SLOTS = 16_384;
const MAX_PROBES = 16;

/** A key that changes nothing, wherever it stands. */
const HARMLESS = 1;
/** A member of the envelope, when it stands there. */
const IN_ENVELOPE = 2;
const EXEMPT = 4;

interface KnownKey {
  readonly bytes: Uint8Array;
  readonly hash: number;
  /** Grows only. */
  kind: number;
}

/** So many keys of a line are expected to be those of the line before. */
const MAX_EXPECTED = 256;

/** Keys by their bytes, found without making a string of them. */
export class HarmlessKeys {
  #known: (KnownKey | undefined)[] = [];
  readonly #envelope: readonly (readonly [name: string, exempt: boolean])[];
  #size = 0;

  constructor(envelope: Iterable<readonly [name: string, exempt: boolean]>) {
    this.#envelope = [...envelope];
    this.#clear();
  }

  add(key: string): void {
    if (this.#size >= MAX_KEYS) this.#clear();
    this.#put(key, HARMLESS);
  }

  /** The key in these bytes; undefined for an unknown one. */
  find(json: Uint8Array, from: number, to: number, hash: number): KnownKey | undefined {
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const known = this.#known[(hash + probe) & (SLOTS - 1)];
      if (known === undefined) return undefined;
      if (known.hash === hash && isSame(known.bytes, json, from, to)) return known;
    }
    return undefined;
  }

  #clear(): void {
    this.#known = Array.from({ length: SLOTS }, () => undefined);
    this.#size = 0;
    for (const [name, exempt] of this.#envelope) this.#put(name, exempt ? IN_ENVELOPE | EXEMPT : IN_ENVELOPE);
  }

  #put(key: string, kind: number): void {
    const bytes = new TextEncoder().encode(key);
    let hash = 0;
    for (const byte of bytes) hash = nextHash(hash, byte);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & (SLOTS - 1);
      const there = this.#known[slot];
      if (there !== undefined && !(there.hash === hash && isSame(there.bytes, bytes, 0, bytes.length))) continue;
      if (there !== undefined) there.kind |= kind;
      else {
        this.#known[slot] = { bytes, hash, kind };
        this.#size++;
      }
      return;
    }
  }
}

const nextHash = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

function isSame(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  if (a.length !== to - from) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[from + i]) return false;
  return true;
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OBJECT = 123;
const OBJECT_END = 125;
const ARRAY = 91;
const ARRAY_END = 93;
const MAX_DEPTH = 31;

const PLACES = 64;
const LONGEST_VALUE = 128;
/** A place whose value was new so often in a row is left alone for so many lines. */
const MAX_MISSES = 4;
const REST = 256;

/**
 * The clean strings of the line before, each by its place among the strings of a line. Many fields hold the same text in
 * line after line, and comparing is less than searching.
 */
class FormerValues {
  readonly #bytes = new Uint8Array(PLACES * LONGEST_VALUE);
  readonly #lengths = new Int32Array(PLACES);
  readonly #misses = new Int32Array(PLACES);
  #place = 0;

  start(): void {
    this.#place = 0;
  }

  /** Behind the string that begins with the quote at `at`, when it is the one of the line before; else 0. */
  end(json: Uint8Array, at: number): number {
    const place = this.#place++;
    if (place >= PLACES) return 0;
    const length = this.#lengths[place]!;
    if (length === 0) return 0;
    const begin = place * LONGEST_VALUE;
    for (let i = 0; i < length; i++) if (this.#bytes[begin + i] !== json[at + i]) return 0;
    this.#misses[place] = 0;
    return at + length;
  }

  /** After `end` has given 0: the string is clean, and stands there with its quotes. */
  learn(json: Uint8Array, from: number, to: number): void {
    const place = this.#place - 1;
    if (place >= PLACES) return;
    const misses = ++this.#misses[place]!;
    if (misses <= MAX_MISSES && to - from <= LONGEST_VALUE) {
      const begin = place * LONGEST_VALUE;
      for (let i = from; i < to; i++) this.#bytes[begin + i - from] = json[i]!;
      this.#lengths[place] = to - from;
    } else {
      this.#lengths[place] = 0;
      if (misses > REST) this.#misses[place] = 0;
    }
  }
}

/**
 * Tells of an event line's bytes, without decoding or allocating, that redaction would change nothing. It knows only
 * what ordinary lines have: JSON without spaces, keys that were seen before, strings for which the prefilter has no
 * bit. Its "no" says nothing; its "yes" has to hold.
 */
export class CleanLines {
  readonly #prefilter: Prefilter;
  readonly #keys: HarmlessKeys;
  /** The keys of the lines before, in their order: lines of one type have the same, and comparing is less than hashing. */
  readonly #expected: (KnownKey | undefined)[] = Array.from({ length: MAX_EXPECTED }, () => undefined);
  #next = 0;
  readonly #values = new FormerValues();

  constructor(prefilter: Prefilter, keys: HarmlessKeys) {
    this.#prefilter = prefilter;
    this.#keys = keys;
  }

  isClean(json: Buffer, from: number, to: number): boolean {
    const prefilter = this.#prefilter;
    this.#next = 0;
    this.#values.start();
    let at = from;
    let depth = 0;
    let objects = 0; // one bit for each depth: an object, not an array
    let exempt = false;
    for (;;) {
      let c = json[at]!;
      if (at >= to) return false;
      if (c === QUOTE) {
        if (exempt) {
          at = plainEnd(json, at + 1, to);
          if (at < 0) return false;
          at++;
        } else {
          const end = this.#values.end(json, at);
          if (end > 0) at = end;
          else {
            if (prefilter.literal(json, at + 1, to) !== 0) return false;
            this.#values.learn(json, at, prefilter.end + 1);
            at = prefilter.end + 1;
          }
        }
      } else if (c === OBJECT || c === ARRAY) {
        if (++depth > MAX_DEPTH) return false;
        objects = c === OBJECT ? objects | (1 << depth) : objects & ~(1 << depth);
        exempt = false;
        at++;
        if (json[at] !== c + 2) {
          if (c === ARRAY) continue;
          const kind = this.#key(json, at, to, depth);
          if (kind === 0) return false;
          exempt = (kind & EXEMPT) !== 0;
          at = this.#end;
          continue;
        }
        depth--;
        at++;
      } else {
        const end = scalarEnd(json, at);
        if (end < 0) return false;
        if (!exempt && c < 58 && prefilter.numberLiteral(json, at, end) !== 0) return false;
        at = end;
      }
      // Behind a value.
      for (;;) {
        if (depth === 0) return at === to;
        c = json[at++]!;
        const isObject = (objects & (1 << depth)) !== 0;
        exempt = false;
        if (c === COMMA) {
          if (isObject) {
            const kind = this.#key(json, at, to, depth);
            if (kind === 0) return false;
            exempt = (kind & EXEMPT) !== 0;
            at = this.#end;
          }
          break;
        }
        if (c !== (isObject ? OBJECT_END : ARRAY_END)) return false;
        depth--;
      }
    }
  }

  /** Behind the colon of the key last read. */
  #end = 0;

  /** The kind of the key that begins at `from` as it counts at this depth, 0 if it is none that can be passed over. */
  #key(json: Buffer, from: number, to: number, depth: number): number {
    if (json[from] !== QUOTE) return 0;
    const place = this.#next++;
    let key = place < MAX_EXPECTED ? this.#expected[place] : undefined;
    let at = from + 1;
    if (key !== undefined && isThere(key.bytes, json, at)) at += key.bytes.length;
    else {
      let hash = 0;
      // A key with an escape in it is never known, so its quote may be taken for the end.
      for (let c = json[at]!; c !== QUOTE && at < to; c = json[++at]!) hash = nextHash(hash, c);
      key = this.#keys.find(json, from + 1, at, hash);
      if (key === undefined) return 0;
      if (place < MAX_EXPECTED) this.#expected[place] = key;
    }
    if (json[at + 1] !== COLON || at + 1 >= to) return 0;
    this.#end = at + 2;
    return depth === 1 && key.kind & IN_ENVELOPE ? key.kind : key.kind & HARMLESS;
  }
}

/** Whether a key's bytes and a closing quote stand at `at`. */
function isThere(key: Uint8Array, json: Uint8Array, at: number): boolean {
  const { length } = key;
  if (json[at + length] !== QUOTE) return false;
  for (let i = 0; i < length; i++) if (key[i] !== json[at + i]) return false;
  return true;
}

/** Where the string without escapes that goes on at `at` has its closing quote; -1 for another string. */
function plainEnd(json: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const c = json[at]!;
    if (c === QUOTE) return at;
    if (c === BACKSLASH || c < 32) return -1;
  }
  return -1;
}

const WORDS = ['true', 'false', 'null'].map((word) => new TextEncoder().encode(word));

/** Behind the number, true, false or null that begins at `from`; -1 for anything else and for an exponent. */
function scalarEnd(json: Uint8Array, from: number): number {
  let at = from;
  const first = json[at] === 45 ? json[++at]! : json[at]!;
  if (first >= 48 && first <= 57) {
    at = first === 48 ? at + 1 : digitsEnd(json, at);
    if (json[at] === 46) {
      const fraction = at + 1;
      at = digitsEnd(json, fraction);
      if (at === fraction) return -1;
    }
    return at;
  }
  for (const word of WORDS) {
    if (json[from] === word[0] && isSame(word, json, from, from + word.length)) return from + word.length;
  }
  return -1;
}

function digitsEnd(json: Uint8Array, from: number): number {
  let at = from;
  while (json[at]! >= 48 && json[at]! <= 57) at++;
  return at;
}
