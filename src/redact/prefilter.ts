import {
  ARN,
  AT,
  CONTEXT,
  DASHES,
  EVERY,
  IPV4,
  IPV6,
  JSON_TEXT,
  LABEL,
  LONG,
  LONG_RUN,
  MAC,
  PERCENT,
  PHONE,
  SCHEME,
  TILDE,
  WORD,
} from './bits.ts';
import { isDigit, numberBits } from './number-bits.ts';

/** What `literal` gives for a string with escapes that must be decoded first, or without an end. */
export const UNREADABLE = -1;

const LETTER = 0;
const DIGIT = 1;
const DASH = 2;
const BREAK = 3;
const DOT = 4;
const COLON = 5;
const EQUALS = 6;
const AT_SIGN = 7;
const PERCENT_SIGN = 8;
const OPENING = 9;
const TILDE_SIGN = 10;
const STOP = 11;

const C_SPACE = 32;
const C_QUOTE = 34;
const C_DASH = 45;
const C_BACKSLASH = 92;

function classes(inJson: boolean): Uint8Array {
  const table = new Uint8Array(256).fill(BREAK);
  for (let c = 0; c < 128; c++) {
    const char = String.fromCharCode(c);
    if (/[A-Za-z_]/.test(char)) table[c] = LETTER;
    else if (/[0-9]/.test(char)) table[c] = DIGIT;
    else if (inJson && (c < 32 || c === C_QUOTE || c === C_BACKSLASH)) table[c] = STOP;
  }
  const special: [string, number][] = [
    ['-', DASH],
    ['.', DOT],
    [':', COLON],
    ['=', EQUALS],
    ['@', AT_SIGN],
    ['%', PERCENT_SIGN],
    ['+', OPENING],
    ['(', OPENING],
    ['~', TILDE_SIGN],
  ];
  for (const [char, kind] of special) table[char.charCodeAt(0)] = kind;
  return table;
}

const IN_JSON = classes(true);
const IN_TEXT = classes(false);

/** The escapes whose character is a break like the backslash itself. */
const PLAIN_ESCAPES = new Uint8Array(256);
for (const char of '"/bfnrt') PLAIN_ESCAPES[char.charCodeAt(0)] = 1;

/** Letters without case, `_`, `-`, and the digits as one, in five bits; 0 is anything else. */
const FOLDED = new Uint8Array(256);
for (let i = 0; i < 26; i++) FOLDED[65 + i] = FOLDED[97 + i] = i + 1;
FOLDED[95] = 27;
FOLDED[C_DASH] = 28;
for (let i = 0; i < 10; i++) FOLDED[48 + i] = 29;

const E_WORD = 1;
const E_SCHEME = 2;
const E_CONTEXT = 4;
const E_ARN = 8;

/** What a word's last three characters say of it. A dot in a name stands for whatever is before a two-letter word. */
const ENDINGS = new Uint8Array(1 << 15);
function ending(names: string, bit: number): void {
  for (const name of names.split(' ')) {
    const [c, b, a] = name
      .split('')
      .reverse()
      .map((char) => FOLDED[char.charCodeAt(0)]!) as [number, number, number];
    const firsts = name.startsWith('.') ? Array.from({ length: 32 }, (_, i) => i) : [a];
    for (const first of firsts) ENDINGS[(first << 10) | (b << 5) | c]! |= bit;
  }
}
ending('ord rds swd pwd ase ses ret ets ken ens key eys ion uth ial als kie pin otp cvv cvc ing sig .id', E_WORD);
ending('rer sic ken est', E_SCHEME);
ending('ort rts ing sit aba rtn dob o.b rth ate day orn ber num ode .no .nr .id', E_CONTEXT);
ending('arn', E_ARN);

/** Ids of all kinds are long runs; a key's run, or what is around it, has one of these. */
const KEY_START =
  /eyJ|A(?:KIA|SIA|BIA|CCA|Iza|C[0-9a-f])|g(?:h[pousr]_|ithub_pat_|l[a-z]{2,5}-)|xox|xapp|hooks\.slack|[srp]k_(?:live|test)|whsec_|GOCSPX|ya29|npm_|pypi-|S(?:G\.|K[0-9a-f])|hf_|api_org_|(?:[SsPp][Kk]|[Aa][Pp][Ii]|[Kk][Ee][Yy]|[Tt][Oo][Kk][Ee][Nn]|[Ss][Ee][Cc][Rr][Ee][Tt])[-_]/;

const encoder = new TextEncoder();
const FIRST_SCRATCH_BYTES = 65_536;
const MAX_SCRATCH_BYTES = 1_048_576;

/**
 * One pass over a string that tells which rules could match in it, so that nearly every string needs none of them. It
 * works on UTF-8 bytes, which cost a third of a string's characters to look at.
 */
export class Prefilter {
  /** Where the last `literal` ended: at its closing quote. */
  end = 0;
  readonly #mask: number;
  readonly #always: number;
  #scratch: Buffer = Buffer.allocUnsafeSlow(FIRST_SCRATCH_BYTES);

  /** @param mask the bits that some rule needs; the others are never set */
  constructor(mask: number) {
    this.#mask = mask;
    this.#always = mask & EVERY;
  }

  /** The UTF-8 bytes of a text, until the next call. */
  bytes(text: string): Buffer {
    const size = text.length * 3;
    if (size > MAX_SCRATCH_BYTES) return Buffer.from(text);
    if (size > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(MAX_SCRATCH_BYTES);
    return this.#scratch.subarray(0, encoder.encodeInto(text, this.#scratch).written);
  }

  /** The bits of a text. */
  text(text: string): number {
    const size = text.length * 3;
    const fits = size <= this.#scratch.length;
    const bytes = fits ? this.#scratch : this.bytes(text);
    const length = fits ? encoder.encodeInto(text, bytes).written : bytes.length;
    return this.#scan(bytes, 0, length, IN_TEXT);
  }

  /** The bits of a JSON string literal whose first character is at `from`; UNREADABLE if it needs decoding or has no end. */
  literal(json: Buffer, from: number, to: number): number {
    const known = to - from < 21 ? -1 : ordinaryEnd(json, from);
    if (known > 0 && known < to && json[known] === C_QUOTE) {
      this.end = known;
      return this.#always;
    }
    return this.#scan(json, from, to, IN_JSON);
  }

  /** The bits of a number: only a card's has as many digits as matter. */
  number(literal: string): number {
    return literal.length < 13 ? this.#always : this.text(literal);
  }

  /** The same of a number in JSON. */
  numberLiteral(json: Uint8Array, from: number, to: number): number {
    return this.#always | (to - from < 13 ? 0 : numberBits(json, from, to) & this.#mask);
  }

  #scan(bytes: Buffer, from: number, to: number, table: Uint8Array): number {
    let bits = this.#always;
    let found = 0;
    let digits = 0;
    let dots = 0;
    let colons = 0;
    let labels = 0;
    let dashes = 0;
    let run = from;
    let i = from;
    for (; i < to; i++) {
      const kind = table[bytes[i]!]!;
      if (kind === LETTER) continue;
      if (kind === DIGIT) {
        digits++;
        continue;
      }
      if (kind === DASH) {
        dashes++;
        if (i > from && bytes[i - 1] === C_DASH) bits |= DASHES;
        continue;
      }
      if (i > run) {
        if (i - run >= LONG_RUN && !isPlainId(bytes, run, i, from)) bits |= LONG;
        found |= endingAt(bytes, from, i);
      }
      run = i + 1;
      if (kind === BREAK) continue;
      if (kind === STOP) {
        if (bytes[i] !== C_BACKSLASH || PLAIN_ESCAPES[bytes[i + 1]!] === 0) break;
        i++;
        run++;
      } else if (kind === DOT) dots++;
      else if (kind === COLON) {
        colons++;
        if (i > from && bytes[i - 1] === bytes[i]) bits |= IPV6;
      } else if (kind === EQUALS) labels++;
      else if (kind === AT_SIGN) bits |= AT;
      else if (kind === PERCENT_SIGN) bits |= PERCENT;
      else if (kind === OPENING) {
        if (i + 1 < to && isDigit(bytes[i + 1]!)) bits |= PHONE;
      } else if (i > from && bytes[i - 1] === 81) bits |= TILDE;
    }
    this.end = i;
    if (table === IN_JSON) {
      if (i >= to || bytes[i] !== C_QUOTE) return UNREADABLE;
    } else if (i > run) {
      if (i - run >= LONG_RUN && !isPlainId(bytes, run, i, from)) bits |= LONG;
      found |= endingAt(bytes, from, i);
    }
    if (found !== 0) {
      if (found & E_WORD) bits |= labels + colons > 0 ? WORD | LABEL : WORD;
      if (found & E_SCHEME) bits |= SCHEME;
      if (found & E_CONTEXT && digits >= 4) bits |= CONTEXT;
      if (found & E_ARN && colons > 0) bits |= ARN;
    }
    if (bits & LONG && !KEY_START.test(bytes.toString('latin1', from, i))) bits &= ~LONG;
    if (dots >= 3 && digits >= 4) bits |= IPV4;
    if (colons >= 5) bits |= colons >= 6 ? MAC | IPV6 : MAC;
    if (dashes >= 5) bits |= MAC;
    if (digits >= 7) bits |= numberBits(bytes, from, i);
    const first = bytes[from]!;
    if (i > from && (first === 123 || first === 91 || first <= C_SPACE || first === C_BACKSLASH))
      bits |= jsonBit(bytes, from, i);
    return bits & this.#mask;
  }
}

/**
 * A run of lower-case hex digits and dashes (a UUID, a trace id) or of lower-case letters (an event id): no key looks
 * like that, and most lines have one. Behind a dot or slash it may be the rest of a key all the same.
 */
function isPlainId(bytes: Uint8Array, start: number, end: number, from: number): boolean {
  if (start > from && (bytes[start - 1] === 46 || bytes[start - 1] === 47)) return false;
  let hex = true;
  let letters = true;
  for (let i = start; i < end && (hex || letters); i++) {
    const c = bytes[i]!;
    const lower = c >= 97 && c <= 122;
    letters &&= lower;
    hex &&= lower ? c <= 102 : c === C_DASH || isDigit(c);
  }
  return hex || letters;
}

/** Behind the UUID or the time in UTC that begins at `from`, -1 for anything else: full of digits, and in most lines. */
function ordinaryEnd(bytes: Uint8Array, from: number): number {
  if (bytes[from + 8] === C_DASH && bytes[from + 13] === C_DASH) {
    for (let i = 0; i < 36; i++) {
      const c = bytes[from + i]!;
      const dash = i === 8 || i === 13 || i === 18 || i === 23;
      if (dash ? c !== C_DASH : !isDigit(c) && (c < 97 || c > 102)) return -1;
    }
    return from + 36;
  }
  if (bytes[from + 4] !== C_DASH || bytes[from + 10] !== 84) return -1;
  for (let i = 0; i < 19; i++) {
    const c = bytes[from + i]!;
    const between = i === 4 || i === 7 ? C_DASH : i === 10 ? 84 : i === 13 || i === 16 ? 58 : 0;
    if (between === 0 ? !isDigit(c) : c !== between) return -1;
  }
  let at = from + 19;
  if (bytes[at] === 46)
    do at++;
    while (isDigit(bytes[at]!));
  return bytes[at] === 90 ? at + 1 : -1;
}

function endingAt(bytes: Uint8Array, from: number, end: number): number {
  const c = bytes[end - 1]!;
  if (c < 65) return 0;
  const b = end - 2 >= from ? FOLDED[bytes[end - 2]!]! : 0;
  const a = end - 3 >= from ? FOLDED[bytes[end - 3]!]! : 0;
  return ENDINGS[(a << 10) | (b << 5) | FOLDED[c]!]!;
}

function jsonBit(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to && bytes[i]! <= C_SPACE) i++;
  const c = i < to ? bytes[i]! : 0;
  return c === 123 || c === 91 || c === C_BACKSLASH ? JSON_TEXT : 0;
}
