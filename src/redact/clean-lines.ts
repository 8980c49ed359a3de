import { EXEMPT, HARMLESS, type HarmlessKeys, IN_ENVELOPE, nextHash } from './harmless-keys.ts';
import { plainEnd, QUOTE, scalarEnd } from './json-bytes.ts';
import { LineShapes } from './line-shapes.ts';
import type { Prefilter } from './prefilter.ts';

const COMMA = 44;
const COLON = 58;
const OBJECT = 123;
const OBJECT_END = 125;
const ARRAY = 91;
const ARRAY_END = 93;
const MAX_DEPTH = 31;
const MANY_FAILURES = 8;
const MANY_SKIPPED = 31;

/**
 * Tells of an event line's bytes, without decoding or allocating, that redaction would change nothing. It knows only
 * what ordinary lines have: JSON without spaces, keys that were seen before, strings for which the prefilter has no
 * bit. Its "no" says nothing; its "yes" has to hold. A line that is built like one before is compared with that.
 */
export class CleanLines {
  readonly #prefilter: Prefilter;
  readonly #keys: HarmlessKeys;
  readonly #shapes: LineShapes;
  /** Walks in a row that have found no clean line. */
  #failures = 0;
  /** So many lines of unknown shape are not walked: where many have something to redact it would be for nothing. */
  #skip = 0;

  constructor(prefilter: Prefilter, keys: HarmlessKeys) {
    this.#prefilter = prefilter;
    this.#keys = keys;
    this.#shapes = new LineShapes(prefilter);
  }

  isClean(json: Buffer, from: number, to: number): boolean {
    const known = this.#shapes.isClean(json, from, to);
    if (known !== undefined) return known;
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (!this.#walk(json, from, to)) {
      if (++this.#failures >= MANY_FAILURES) this.#skip = MANY_SKIPPED;
      return false;
    }
    this.#failures = 0;
    this.#shapes.learn(json, from, to);
    return true;
  }

  #walk(json: Buffer, from: number, to: number): boolean {
    const prefilter = this.#prefilter;
    const shapes = this.#shapes;
    shapes.begin();
    let at = from;
    let depth = 0;
    let objects = 0; // one bit for each depth: an object, not an array
    let exempt = false;
    for (;;) {
      let c = json[at]!;
      if (at >= to) return false;
      const value = at;
      if (c === QUOTE) {
        if (exempt) {
          at = plainEnd(json, at + 1, to);
          if (at < 0) return false;
        } else {
          if (prefilter.literal(json, at + 1, to) !== 0) return false;
          at = prefilter.end;
        }
        at++;
        shapes.value(value, at, exempt);
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
        shapes.value(value, at, exempt);
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
    let at = from + 1;
    let hash = 0;
    // A key with an escape in it is never known, so its quote may be taken for the end.
    for (let c = json[at]!; c !== QUOTE && at < to; c = json[++at]!) hash = nextHash(hash, c);
    const key = this.#keys.find(json, from + 1, at, hash);
    if (key === undefined || json[at + 1] !== COLON || at + 1 >= to) return 0;
    this.#end = at + 2;
    return depth === 1 && key.kind & IN_ENVELOPE ? key.kind : key.kind & HARMLESS;
  }
}
