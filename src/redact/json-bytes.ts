/** Ends of JSON's tokens in UTF-8 bytes, for JSON as `JSON.stringify` writes it; what it doesn't write is -1. */

export const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** Where the string without escapes that goes on at `from` has its closing quote; -1 for another string. */
export function plainEnd(json: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const c = json[at]!;
    if (c === QUOTE) return at;
    if (c === BACKSLASH || c < 32) return -1;
  }
  return -1;
}

/** Behind the number, true, false or null that begins at `from`; -1 for anything else and for an exponent. */
export function scalarEnd(json: Uint8Array, from: number): number {
  let at = from;
  let c = json[at]!;
  if (c === MINUS) c = json[++at]!;
  if (!(c >= ZERO && c <= NINE)) return at === from ? wordEnd(json, from) : -1;
  at = c === ZERO ? at + 1 : digitsEnd(json, at + 1);
  if (json[at] !== DOT) return at;
  const fraction = at + 1;
  at = digitsEnd(json, fraction);
  return at === fraction ? -1 : at;
}

function digitsEnd(json: Uint8Array, from: number): number {
  let at = from;
  for (let c = json[at]!; c >= ZERO && c <= NINE; c = json[++at]!);
  return at;
}

/** Letters are compared one by one: a loop over a list of words takes several times as long, and most lines have a null. */
function wordEnd(json: Uint8Array, at: number): number {
  const a = json[at];
  const b = json[at + 1];
  const c = json[at + 2];
  const d = json[at + 3];
  if (a === 110) return b === 117 && c === 108 && d === 108 ? at + 4 : -1;
  if (a === 116) return b === 114 && c === 117 && d === 101 ? at + 4 : -1;
  if (a === 102) return b === 97 && c === 108 && d === 115 && json[at + 4] === 101 ? at + 5 : -1;
  return -1;
}
