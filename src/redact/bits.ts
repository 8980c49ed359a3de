/**
 * What the prefilter says of a text, as bits: a rule's `needs` names those without which it can't match. A bit may be
 * set for nothing; it may never be missing.
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
/** Three dots and four digits. */
export const IPV4: number = 1 << 13;
/** Five colons or five dashes. */
export const MAC: number = 1 << 14;
/** Seven digits, and a word that begins with two letters and two digits. */
export const IBAN: number = 1 << 15;
/** Begins like a JSON object or array. */
export const JSON_TEXT: number = 1 << 16;
/** Two colons in a row, or colons enough for an IPv6 address. */
export const IPV6: number = 1 << 17;
/** Comes with any text that a rule for every text has to see. */
export const EVERY: number = 1 << 18;

/** How long a run of word characters has to be to count as LONG. */
export const LONG_RUN = 15;
