import { CARD, IBAN, PHONE, SSN } from './bits.ts';

const SPACE = 32;
const DASH = 45;
const BACKSLASH = 92;

export const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isLetter = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);

/** Looks at a text's groups of digits. Separate, because few texts have as many digits as any of these rules needs. */
export function numberBits(bytes: Uint8Array, from: number, to: number): number {
  let bits = 0;
  let before = 0; // length of the group before the last one
  let last = 0;
  let separator = 0; // between those two
  let chain = 0;
  let card = false;
  let lastEnd = -2;
  for (let i = from; i < to; ) {
    if (!isDigit(bytes[i]!)) {
      // The digits of an escape are not the number's, which begins behind them.
      if (bytes[i] === BACKSLASH && bytes[i + 1] === 117) bits |= CARD | SSN | PHONE | IBAN;
      i++;
      continue;
    }
    const start = i;
    while (i < to && isDigit(bytes[i]!)) i++;
    const length = i - start;
    const between = start === lastEnd + 1 ? bytes[lastEnd]! : 0;
    if (between !== SPACE && between !== DASH) {
      chain = 0;
      card = false;
    }
    chain += length;
    const digit = bytes[start]!;
    if (digit >= 50 && digit <= 54) card = true;
    if (card && chain >= 13) bits |= CARD;
    if (length === 4 && before === 3 && between !== 0) {
      if (last === 2 && between === separator) bits |= SSN;
      if (last === 3) bits |= PHONE;
    }
    if (length >= 2 && start - 2 >= from && isLetter(bytes[start - 1]!) && isLetter(bytes[start - 2]!)) {
      if (beginsWord(bytes, from, start - 2)) bits |= IBAN;
    }
    before = between === 0 ? 0 : last;
    separator = between;
    last = length;
    lastEnd = i;
  }
  return bits;
}

/** Nothing of a word before it, or an escape such as `\n`, whose letter is not the word's. */
function beginsWord(bytes: Uint8Array, from: number, at: number): boolean {
  if (at === from) return true;
  const c = bytes[at - 1]!;
  if (!isDigit(c) && !isLetter(c)) return true;
  for (let i = at - 2; i >= from && i >= at - 6; i--) if (bytes[i] === BACKSLASH) return true;
  return false;
}
