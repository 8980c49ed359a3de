/**
 * One pass over a string that tells which rules could match in it, so that nearly every string needs none of them.
 * A bit may be set for nothing; it may never be missing. What each bit stands for is what a rule's `needs` may rely on.
 */

/** An `@`. */
export const AT: number = 1 << 0;
/** A `%`, which may begin an encoded `@` or `+`. */
export const PERCENT: number = 1 << 1;
/** A run of `LONG_RUN` or more letters, digits, `_` and `-`, and what one of the rules for such keys begins with. */
export const LONG: number = 1 << 2;
/** The last letters of a word that names a secret, at the word's end. */
export const WORD: number = 1 << 3;
/** WORD, and a `:` or `=` somewhere. */
export const LABEL: number = 1 << 4;
/** The last letters of Bearer, Basic, Token or Digest at a word's end. */
export const SCHEME: number = 1 << 5;
/** The last letters of a word that some numbers need beside them, and four digits or more. */
export const CONTEXT: number = 1 << 6;
/** A word's end in `arn` and a colon. */
export const ARN: number = 1 << 7;
/** Two dashes in a row. */
export const DASHES: number = 1 << 8;
/** `Q~`. */
export const TILDE: number = 1 << 9;
/** A chain of 13 or more digits, single spaces or dashes between them, with a group that begins like a card number. */
export const CARD: number = 1 << 10;
/** Digits 3-2-4 with one separator. */
export const SSN: number = 1 << 11;
/** A `+` or `(` before a digit, or digits 3-3-4. */
export const PHONE: number = 1 << 12;
/** Three dots and four digits, or colons enough for an IPv6 address. */
export const IP: number = 1 << 13;
/** Five colons or five dashes. */
export const MAC: number = 1 << 14;
/** Seven digits, and a word that begins with two letters and two digits. */
export const IBAN: number = 1 << 15;
/** Begins like a JSON object or array. */
export const JSON_TEXT: number = 1 << 16;

export const LONG_RUN = 15;

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

const C_QUOTE = 34;
const C_DASH = 45;
const C_BACKSLASH = 92;

function classes(inJson: boolean): Uint8Array {
  const table = new Uint8Array(128).fill(BREAK);
  for (let c = 0; c < 128; c++) {
    const char = String.fromCharCode(c);
    if (/[A-Za-z_]/.test(char)) table[c] = LETTER;
    else if (/[0-9]/.test(char)) table[c] = DIGIT;
    else if (inJson && (c < 32 || c === C_QUOTE || c === C_BACKSLASH)) table[c] = STOP;
  }
  const special: Record<string, number> = {
    '-': DASH,
    '.': DOT,
    ':': COLON,
    '=': EQUALS,
    '@': AT_SIGN,
    '%': PERCENT_SIGN,
    '+': OPENING,
    '(': OPENING,
    '~': TILDE_SIGN,
  };
  for (const [char, kind] of Object.entries(special)) table[char.charCodeAt(0)] = kind;
  return table;
}

const IN_JSON = classes(true);
const IN_TEXT = classes(false);

/** Letters without case, `_`, `-`, and the digits as one, in five bits; 0 is anything else. */
const FOLDED = new Uint8Array(128);
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
    const [c, b, a] = [...name].reverse().map((char) => FOLDED[char.charCodeAt(0)]!) as [number, number, number];
    const firsts = name.startsWith('.') ? Array.from({ length: 32 }, (_, i) => i) : [a];
    for (const first of firsts) ENDINGS[(first << 10) | (b << 5) | c]! |= bit;
  }
}
ending('ord rds swd pwd ase ses ret ets ken ens key eys ion uth ial als kie pin otp cvv cvc ing sig .id', E_WORD);
ending('ser rer sic ken est', E_SCHEME);
ending('ort rts ing sit aba rtn dob o.b rth ate day orn ber num ode .no .nr .id', E_CONTEXT);
ending('arn', E_ARN);

/** Ids of all kinds are long runs; a key's run has one of these in it. */
const KEY_START =
  /eyJ|A(?:KIA|SIA|BIA|CCA|Iza|C[0-9a-f])|g(?:h[pousr]_|ithub_pat_|l[a-z]{2,5}-)|xox|xapp|hooks\.slack|[srp]k_(?:live|test)|whsec_|GOCSPX|ya29|npm_|pypi-|S(?:G\.|K[0-9a-f])|hf_|api_org_|Q~|(?:[SsPp][Kk]|[Aa][Pp][Ii]|[Kk][Ee][Yy]|[Tt][Oo][Kk][Ee][Nn]|[Ss][Ee][Cc][Rr][Ee][Tt])[-_]/;

export class Prefilter {
  /** Where the last `scan` stopped: in JSON at the closing quote, or at what is no plain character. */
  end = 0;

  /** The bits of a whole text. */
  text(text: string): number {
    return this.#scan(text, 0, IN_TEXT);
  }

  /** The bits of a JSON string literal whose first character is at `from`; -1 when it ends otherwise than by a quote. */
  literal(json: string, from: number): number {
    const bits = this.#scan(json, from, IN_JSON);
    return json.charCodeAt(this.end) === C_QUOTE ? bits : -1;
  }

  #scan(text: string, from: number, table: Uint8Array): number {
    const limit = text.length;
    let bits = 0;
    let found = 0;
    let digits = 0;
    let dots = 0;
    let colons = 0;
    let labels = 0;
    let dashes = 0;
    let run = from;
    let i = from;
    for (; i < limit; i++) {
      const c = text.charCodeAt(i);
      const kind = c < 128 ? table[c]! : BREAK;
      if (kind === LETTER) continue;
      if (kind === DIGIT) {
        digits++;
        continue;
      }
      if (kind === DASH) {
        dashes++;
        if (i > from && text.charCodeAt(i - 1) === C_DASH) bits |= DASHES;
        continue;
      }
      if (i > run) {
        if (i - run >= LONG_RUN) bits |= LONG;
        found |= endingAt(text, from, i);
      }
      run = i + 1;
      if (kind === BREAK) continue;
      if (kind === STOP) break;
      if (kind === DOT) dots++;
      else if (kind === COLON) {
        colons++;
        if (i > from && text.charCodeAt(i - 1) === c) bits |= IP;
      } else if (kind === EQUALS) labels++;
      else if (kind === AT_SIGN) bits |= AT;
      else if (kind === PERCENT_SIGN) bits |= PERCENT;
      else if (kind === OPENING) {
        const next = text.charCodeAt(i + 1);
        if (next >= 48 && next <= 57) bits |= PHONE;
      } else if (i > from && text.charCodeAt(i - 1) === 81) bits |= TILDE;
    }
    this.end = i;
    if (i > run) {
      if (i - run >= LONG_RUN) bits |= LONG;
      found |= endingAt(text, from, i);
    }
    if (found !== 0) {
      if (found & E_WORD) bits |= labels + colons > 0 ? WORD | LABEL : WORD;
      if (found & E_SCHEME) bits |= SCHEME;
      if (found & E_CONTEXT && digits >= 4) bits |= CONTEXT;
      if (found & E_ARN && colons > 0) bits |= ARN;
    }
    if (bits & LONG && !KEY_START.test(text.slice(from, i))) bits &= ~LONG;
    if (dots >= 3 && digits >= 4) bits |= IP;
    if (colons >= 5) bits |= colons >= 7 ? MAC | IP : MAC;
    if (dashes >= 5) bits |= MAC;
    if (digits >= 7) bits |= numberBits(text, from, i);
    const first = text.charCodeAt(from);
    if (first === 123 || first === 91 || first <= 32) bits |= jsonBit(text, from, i);
    return bits;
  }
}

function endingAt(text: string, from: number, end: number): number {
  const c = text.charCodeAt(end - 1);
  if (c < 65) return 0;
  const b = end - 2 >= from ? text.charCodeAt(end - 2) : 0;
  const a = end - 3 >= from ? text.charCodeAt(end - 3) : 0;
  return ENDINGS[((a < 128 ? FOLDED[a]! : 0) << 10) | ((b < 128 ? FOLDED[b]! : 0) << 5) | FOLDED[c]!]!;
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** Looks at a text's groups of digits. Separate, because few texts have as many digits as any of these rules needs. */
function numberBits(text: string, from: number, to: number): number {
  let bits = 0;
  let before = 0; // length of the group before the last one
  let last = 0;
  let separator = 0; // between those two
  let chain = 0;
  let card = false;
  let i = from;
  let lastEnd = -2;
  while (i < to) {
    if (!isDigit(text.charCodeAt(i))) {
      i++;
      continue;
    }
    const start = i;
    while (i < to && isDigit(text.charCodeAt(i))) i++;
    const length = i - start;
    const between = start === lastEnd + 1 ? text.charCodeAt(lastEnd) : 0;
    if (between !== 32 && between !== C_DASH) {
      chain = 0;
      card = false;
    }
    chain += length;
    const digit = text.charCodeAt(start);
    if (digit >= 50 && digit <= 54) card = true;
    if (card && chain >= 13) bits |= CARD;
    if (between !== 0 && last > 0 && length === 4 && before === 3) {
      if (last === 2 && between === separator) bits |= SSN;
      if (last === 3) bits |= PHONE;
    }
    if (
      length >= 2 &&
      start - 2 >= from &&
      isLetter(text.charCodeAt(start - 1)) &&
      isLetter(text.charCodeAt(start - 2))
    ) {
      if (beginsWord(text, from, start - 2)) bits |= IBAN;
    }
    before = between === 0 ? 0 : last;
    separator = between;
    last = length;
    lastEnd = i;
  }
  return bits;
}

/** Nothing of a word before it, or an escape such as `\\n`, whose letter is not the word's. */
function beginsWord(text: string, from: number, at: number): boolean {
  if (at === from) return true;
  const c = text.charCodeAt(at - 1);
  return !(isDigit(c) || isLetter(c)) || text.lastIndexOf('\\', at) >= at - 6;
}

const isLetter = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);

function jsonBit(text: string, from: number, to: number): number {
  let i = from;
  while (i < to && text.charCodeAt(i) <= 32) i++;
  const c = i < to ? text.charCodeAt(i) : 0;
  return c === 123 || c === 91 ? JSON_TEXT : 0;
}

/** The bits of a number literal: only a card number has as many digits as matter. */
export function numberLiteralBits(json: string, from: number, to: number): number {
  return to - from < 13 ? 0 : numberBits(json, from, to);
}
