import { ENVELOPE, type Key, type KeyTable, NO_KEY } from './key-table.ts';
import { isDigit } from './number-bits.ts';
import { type Prefilter, UNREADABLE } from './prefilter.ts';
import { TOKEN } from './rule.ts';
import type { TextRedactor } from './text.ts';

/** What a walk works with. */
export interface JsonContext {
  readonly keys: KeyTable;
  readonly text: TextRedactor;
  readonly prefilter: Prefilter;
  /** Another one, for the bytes of the whole text. */
  readonly lines: Prefilter;
  /** Room for a walk's own notes. */
  readonly kept: number[];
  /** By place in the line, the members of the event lines before: most lines are like one of those. */
  readonly former: FormerMember[];
}

/** A member whose name stands for itself. */
export interface FormerMember {
  /** Its name with the quotes. */
  readonly quoted: string;
  readonly key: Key;
  readonly inEnvelope: boolean;
}

/** `event` lines have the envelope's members; strings in a `nested` text are no JSON again. */
export type JsonKind = 'event' | 'value' | 'nested';

/**
 * Redacts JSON text in one walk over it. Only what a rule changes is written anew; all else is copied as it is,
 * numbers, order and repeated members included.
 * @param bytes the text's own, if it is ASCII; they are quicker to search
 * @returns the same string when nothing changed, undefined when it is not JSON
 */
export function redactJson(json: string, kind: JsonKind, context: JsonContext, bytes?: Buffer): string | undefined {
  return new Walk(json, kind, context, bytes).run();
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OBJECT = 123;
const OBJECT_END = 125;
const ARRAY = 91;
const ARRAY_END = 93;
const END = -1;
/** A walk's notes that are kept for the next one; more of them go with an unusual line. */
const MAX_KEPT = 65_536;
const MAX_FORMER = 64;
/** Needs no escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A container that has not ended yet. */
interface Open {
  readonly from: number;
  readonly isObject: boolean;
  /** Its own members begin here among those that keep their names. */
  readonly kept: number;
  /** Members that get another name: which piece of the output it is, and the name. */
  renamed: { piece: number; name: string }[] | undefined;
}

class Walk {
  readonly #json: string;
  readonly #kind: JsonKind;
  readonly #context: JsonContext;
  readonly #bytes: Buffer | undefined;
  readonly #open: Open[] = [];
  /** Of each member of an open object that keeps its name: where that begins and ends, with its quotes. */
  readonly #kept: number[];
  #keptCount = 0;
  #members = 0;
  #at = 0;
  #key: Key = NO_KEY;
  /** How many containers are around the one that is replaced whole; -1 outside of one. */
  #dropped = -1;
  #pieces: string[] | undefined;
  #copied = 0;

  constructor(json: string, kind: JsonKind, context: JsonContext, bytes: Buffer | undefined) {
    this.#json = json;
    this.#kind = kind;
    this.#context = context;
    this.#bytes = bytes;
    // One array for all texts but those that are redacted inside of another.
    this.#kept = kind === 'nested' ? [] : context.kept;
    if (this.#kept.length > MAX_KEPT) this.#kept.length = 0;
  }

  run(): string | undefined {
    for (;;) {
      const c = this.#skipSpace();
      let whole = true;
      if (c === OBJECT || c === ARRAY) {
        whole = this.#enter(c === OBJECT);
        if (!whole && c === OBJECT && !this.#member()) return undefined;
      } else if (!(c === QUOTE ? this.#string() : this.#scalar(c))) return undefined;
      if (!whole) continue;
      const more = this.#afterValue();
      if (more === undefined) return undefined;
      if (!more) break;
    }
    if (this.#skipSpace() !== END) return undefined;
    if (this.#pieces === undefined) return this.#json;
    this.#pieces.push(this.#json.slice(this.#copied));
    return joined(this.#pieces);
  }

  /** True when the container that begins here is empty, and so over. */
  #enter(isObject: boolean): boolean {
    if (this.#dropped < 0 && this.#key.match === 'whole') this.#dropped = this.#open.length;
    this.#open.push({ from: this.#at, isObject, kept: this.#keptCount, renamed: undefined });
    this.#at++;
    if (this.#skipSpace() === (isObject ? OBJECT_END : ARRAY_END)) {
      this.#leave();
      return true;
    }
    if (!isObject) this.#key = NO_KEY;
    return false;
  }

  #leave(): void {
    this.#at++;
    const { from, kept, renamed } = this.#open.pop()!;
    if (this.#dropped === this.#open.length) {
      this.#dropped = -1;
      this.#replace(from, this.#at, TOKEN);
    }
    if (renamed !== undefined) this.#nameAll(kept, renamed);
    this.#keptCount = kept;
  }

  /** Goes on to the next value: false at the end of the text, undefined if there is something else. */
  #afterValue(): boolean | undefined {
    for (;;) {
      const top = this.#open.at(-1);
      if (top === undefined) return false;
      const c = this.#skipSpace();
      if (c === COMMA) {
        this.#at++;
        if (!top.isObject) {
          this.#key = NO_KEY;
          return true;
        }
        this.#skipSpace();
        return this.#member() ? true : undefined;
      }
      if (c !== (top.isObject ? OBJECT_END : ARRAY_END)) return undefined;
      this.#leave();
    }
  }

  /** Reads a member's name and the colon. */
  #member(): boolean {
    const json = this.#json;
    const from = this.#at;
    if (json.charCodeAt(from) !== QUOTE) return false;
    const { former } = this.#context;
    const inEnvelope = this.#kind === 'event' && this.#open.length === 1;
    const place = this.#kind === 'event' ? this.#members++ : MAX_FORMER;
    const expected = place < former.length ? former[place] : undefined;
    if (expected !== undefined && expected.inEnvelope === inEnvelope && json.startsWith(expected.quoted, from)) {
      this.#at = from + expected.quoted.length;
      return this.#named(from, expected.key, expected.key.name);
    }
    const end = json.indexOf('"', from + 1);
    if (end < 0) return false;
    const literal = json.slice(from + 1, end);
    let name = literal;
    let key = (inEnvelope ? ENVELOPE.get(literal) : undefined) ?? this.#context.keys.known(literal);
    if (key !== undefined) {
      this.#at = end + 1;
      if (place < MAX_FORMER && key.name === name)
        former[place] = { quoted: JSON.stringify(key.name), key, inEnvelope };
    } else {
      const text = this.#decode(from, this.#stringEnd(from));
      if (text === undefined) return false;
      name = text;
      key = (inEnvelope ? ENVELOPE.get(text) : undefined) ?? this.#context.keys.of(text);
    }
    return this.#named(from, key, name);
  }

  /** Behind the name; reads the colon. */
  #named(from: number, key: Key, name: string): boolean {
    this.#key = key;
    if (this.#dropped < 0) {
      if (key.name === name) {
        this.#kept[this.#keptCount++] = from;
        this.#kept[this.#keptCount++] = this.#at;
      } else this.#rename(from, this.#at, key.name);
    }
    if (this.#skipSpace() !== COLON) return false;
    this.#at++;
    return true;
  }

  #string(): boolean {
    const { prefilter, text } = this.#context;
    const key = this.#key;
    const from = this.#at;
    const end = this.#stringEnd(from);
    if (key.exempt || this.#dropped >= 0) {
      this.#at = end;
      return end > 0;
    }
    let bits = UNREADABLE;
    if (this.#bytes !== undefined) {
      bits = this.#context.lines.literal(this.#bytes, from + 1, this.#bytes.length);
      if (bits === 0 && key.bits === 0 && key.match === 'none') {
        this.#at = end;
        return end > 0;
      }
    }
    const decoded = this.#decode(from, end);
    if (decoded === undefined) return false;
    if (bits === UNREADABLE) bits = prefilter.text(decoded);
    bits |= key.bits;
    let redacted = decoded;
    if (key.match !== 'none') redacted = text.whole(decoded, bits, key);
    else if (bits !== 0) redacted = text.redact(decoded, bits, key, this.#kind === 'nested' ? undefined : this.#nested);
    if (redacted !== decoded) this.#replace(from, this.#at, redacted);
    return true;
  }

  readonly #nested = (json: string): string | undefined => redactJson(json, 'nested', this.#context);

  /** A number, true, false or null. */
  #scalar(c: number): boolean {
    const json = this.#json;
    const from = this.#at;
    const word = c === 116 ? 'true' : c === 102 ? 'false' : c === 110 ? 'null' : undefined;
    const end = word === undefined ? numberEnd(json, from) : json.startsWith(word, from) ? from + word.length : -1;
    if (end < 0) return false;
    this.#at = end;
    const key = this.#key;
    if (key.exempt || this.#dropped >= 0) return true;
    if (key.match !== 'none') this.#replace(from, end, TOKEN);
    else if (word === undefined) {
      const token = this.#number(json.slice(from, end));
      if (token !== undefined) this.#replace(from, end, token);
    }
    return true;
  }

  #number(literal: string): string | undefined {
    const { prefilter, text } = this.#context;
    const bits = prefilter.number(literal) | this.#key.bits;
    return bits === 0 ? undefined : text.number(literal, bits, this.#key);
  }

  #replace(from: number, to: number, text: string): void {
    this.#pieces ??= [];
    this.#pieces.push(this.#json.slice(this.#copied, from), PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
    this.#copied = to;
  }

  #rename(from: number, to: number, name: string): void {
    this.#replace(from, to, name);
    const open = this.#open.at(-1)!;
    open.renamed ??= [];
    open.renamed.push({ piece: this.#pieces!.length - 1, name });
  }

  /** Gives each renamed member a name that no other has. Only now are all names of the object known. */
  #nameAll(first: number, renamed: readonly { piece: number; name: string }[]): void {
    const used = new Set<string>();
    for (let i = first; i < this.#keptCount; i += 2) {
      used.add(decoded(this.#json.slice(this.#kept[i]! + 1, this.#kept[i + 1]! - 1))!);
    }
    const last = new Map<string, number>();
    for (const { piece, name } of renamed) {
      let unique = name;
      let n = last.get(name) ?? 1;
      while (used.has(unique)) unique = `${name}_${++n}`;
      last.set(name, n);
      used.add(unique);
      this.#pieces![piece] = JSON.stringify(unique);
    }
  }

  /** Moves to `end` and gives the string between the quotes, undefined if it is none. */
  #decode(from: number, end: number): string | undefined {
    if (end < 0) return undefined;
    this.#at = end;
    return decoded(this.#json.slice(from + 1, end - 1));
  }

  /** Behind the closing quote of the string that begins at `from`; -1 without one. */
  #stringEnd(from: number): number {
    const json = this.#json;
    for (let end = json.indexOf('"', from + 1); end >= 0; end = json.indexOf('"', end + 1)) {
      let first = end;
      while (json.charCodeAt(first - 1) === BACKSLASH) first--;
      if ((end - first) % 2 === 0) return end + 1;
    }
    return -1;
  }

  #skipSpace(): number {
    const json = this.#json;
    for (; this.#at < json.length; this.#at++) {
      const c = json.charCodeAt(this.#at);
      if (c > 32 || (c !== 32 && c !== 10 && c !== 13 && c !== 9)) return c;
    }
    return END;
  }
}

/** A few short pieces are put together faster one by one than by an array. */
function joined(pieces: readonly string[]): string {
  if (pieces.length > 64) return pieces.join('');
  let text = '';
  for (const piece of pieces) text += piece;
  return text;
}

/** What stands between the quotes of a string, undefined if it is none. */
function decoded(literal: string): string | undefined {
  if (!literal.includes('\\')) return literal;
  try {
    return JSON.parse(`"${literal}"`) as string;
  } catch {
    return undefined;
  }
}

/** Behind the number that begins at `from`; -1 if none does. */
function numberEnd(json: string, from: number): number {
  let at = json.charCodeAt(from) === 45 ? from + 1 : from;
  const digits = (): boolean => {
    const first = at;
    while (isDigit(json.charCodeAt(at))) at++;
    return at > first;
  };
  if (json.charCodeAt(at) === 48) at++;
  else if (!digits()) return -1;
  if (json.charCodeAt(at) === 46) {
    at++;
    if (!digits()) return -1;
  }
  const c = json.charCodeAt(at) | 32;
  if (c === 101) {
    at++;
    const sign = json.charCodeAt(at);
    if (sign === 43 || sign === 45) at++;
    if (!digits()) return -1;
  }
  return at;
}
