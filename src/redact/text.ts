import { EVERY, JSON_TEXT } from './bits.ts';
import type { Key } from './key-table.ts';
import type { Prefilter } from './prefilter.ts';
import { ERROR_TOKEN, type Rule, type Surroundings, TOKEN } from './rule.ts';
import { type Hidden, put, show, Tokens } from './tokens.ts';

/**
 * A user's pattern sees this many characters at once: what it costs may grow faster than its input. A longer string is
 * searched in windows that overlap, so that no match shorter than the overlap is missed.
 */
const WINDOW = 8_192;
const OVERLAP = 1_024;
/** How far before a window a look-behind sees. */
const LOOK_BEHIND = 256;

/** A token can make a neighbour match that did not before. More rounds than this are no accident. */
const MAX_ROUNDS = 12;

/** Sets of bits whose rules are remembered. */
const MAX_CHOICES = 1_024;

/** Ends the work on one line or value. */
class BudgetError extends Error {}

/** The time that one line or value may take. */
export class Budget {
  #deadline = Number.POSITIVE_INFINITY;

  start(ms: number): void {
    this.#deadline = performance.now() + ms;
  }
  /** @throws BudgetError when the time is up */
  check(): void {
    if (performance.now() > this.#deadline) throw new BudgetError('the redaction budget is used up');
  }
}

/** Redacts decoded strings: never raw JSON, whose escapes no pattern expects. */
export class TextRedactor {
  readonly tokens: Tokens;
  readonly #rules: readonly Rule[];
  /** The rules for a set of bits, of which few occur. */
  readonly #chosen = new Map<number, readonly Rule[]>();
  readonly #prefilter: Prefilter;
  readonly #budget: Budget;

  constructor(rules: readonly Rule[], tokens: Iterable<string>, prefilter: Prefilter, budget: Budget) {
    this.#rules = rules;
    this.tokens = new Tokens(tokens);
    this.#prefilter = prefilter;
    this.#budget = budget;
  }

  /**
   * The text with every match replaced, the same string if there is none. Repeats itself until nothing changes, so
   * that a second call finds nothing new.
   * @param bits of the text, from the prefilter
   * @param key the member whose value this is
   * @param asJson redacts the text as JSON, undefined when it is none; without it all text is plain
   */
  redact(text: string, bits: number, key: Key, asJson?: (text: string) => string | undefined): string {
    if (bits === 0) return text;
    let current = text;
    let currentBits = bits;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const json = asJson !== undefined && currentBits & JSON_TEXT ? asJson(current) : undefined;
      if (json !== undefined) return json;
      const hidden = this.tokens.hide(current);
      const next = this.#settle(hidden, currentBits, key);
      if (next === hidden) return current;
      current = show(next);
      if (this.#staysAsPut(next, current)) return current;
      currentBits = this.#prefilter.text(current) | key.bits;
    }
    return ERROR_TOKEN;
  }

  /** What stands for the value of a listed key: the token of the pattern that the value matches as a whole. */
  whole(text: string, bits: number, key: Key): string {
    if (bits === 0 && !text.includes(']')) return TOKEN;
    const hidden = this.tokens.hide(text);
    if (hidden.tokens.length === 1 && hidden.text === hidden.mark) return text;
    for (const rule of this.#rulesFor(bits)) {
      const spans = this.#find(rule, hidden, key.name);
      if (spans !== undefined && spans[0] === 0 && spans[1] === hidden.text.length)
        return rule.token === '' ? TOKEN : rule.token;
    }
    return TOKEN;
  }

  /** The token of the first rule that matches in a number. */
  number(text: string, bits: number, key: Key): string | undefined {
    const hidden = { text, mark: '', tokens: [] };
    return this.#rulesFor(bits).find((rule) => this.#find(rule, hidden, key.name) !== undefined)?.token;
  }

  #rulesFor(bits: number): readonly Rule[] {
    let rules = this.#chosen.get(bits);
    if (rules === undefined) {
      if (this.#chosen.size >= MAX_CHOICES) this.#chosen.clear();
      rules = this.#rules.filter((rule) => (rule.needs & bits) !== 0);
      this.#chosen.set(bits, rules);
    }
    return rules;
  }

  /** All rules over and over until none matches; the same object if none did. */
  #settle(first: Hidden, firstBits: number, key: Key): Hidden {
    let hidden = first;
    let bits = firstBits;
    for (let round = 0; round < MAX_ROUNDS && bits !== 0; round++) {
      const before = hidden;
      for (const rule of this.#rulesFor(bits)) {
        const spans = this.#find(rule, hidden, key.name);
        if (spans !== undefined) hidden = put(hidden, spans, rule.token);
      }
      this.#budget.check();
      if (hidden === before) return hidden;
      // A single mark is all that is left of most values.
      bits = hidden.text === hidden.mark ? 0 : this.#prefilter.text(hidden.text) | key.bits;
    }
    return bits === 0 ? hidden : { text: ERROR_TOKEN, mark: first.mark, tokens: [] };
  }

  /** A text may have become JSON, and a token of the user's own, or one with a number behind it, may read otherwise than it was put. */
  #staysAsPut(put: Hidden, shown: string): boolean {
    const first = put.text.charCodeAt(0);
    const mayBeJson = first <= 32 || first === 91 || first === 123;
    return this.tokens.areBracketed && !mayBeJson && !shown.includes(']_');
  }

  #find(rule: Rule, hidden: Hidden, key: string): readonly number[] | undefined {
    const found: number[] = [];
    if (rule.needs !== EVERY) search(rule, hidden.text, { mark: hidden.mark, key }, 0, 0, found);
    else {
      this.#findInWindows(rule, hidden, key, found);
      this.#budget.check();
    }
    return found.length > 0 ? found : undefined;
  }

  #findInWindows(rule: Rule, hidden: Hidden, key: string, found: number[]): void {
    const { text, mark } = hidden;
    for (let at = 0; at < text.length; ) {
      const begin = Math.max(0, at - LOOK_BEHIND);
      const last = at + WINDOW >= text.length;
      const next = last ? text.length : at + WINDOW - OVERLAP;
      search(rule, text.slice(begin, at + WINDOW), { mark, key }, begin, at, found, next);
      at = Math.max(next, found.at(-1) ?? 0);
      this.#budget.check();
    }
  }
}

/**
 * Adds to `found` the spans of a rule's matches that begin in [from, to).
 * @param offset where `text` begins in the whole text that the other offsets are of
 */
function search(
  rule: Rule,
  text: string,
  around: Surroundings,
  offset: number,
  from: number,
  found: number[],
  to = Number.POSITIVE_INFINITY,
): void {
  const { pattern, spans } = rule;
  pattern.lastIndex = from - offset;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match.index + offset >= to) return;
    if (match[0] === '') {
      pattern.lastIndex++;
      continue;
    }
    const pairs = spans === undefined ? [match.index, pattern.lastIndex] : spans(match, around);
    if (pairs === undefined) continue;
    for (let i = 0; i < pairs.length; i += 2) {
      const start = Math.max(pairs[i]! + offset, found.at(-1) ?? 0);
      const end = pairs[i + 1]! + offset;
      if (end < start || isRedacted(text, start - offset, end - offset, around.mark)) continue;
      found.push(start, end);
    }
    pattern.lastIndex = Math.max(pattern.lastIndex, (found.at(-1) ?? 0) - offset);
  }
}

/** What holds nothing but tokens, and marks of punctuation beside them, is redacted already. */
function isRedacted(text: string, start: number, end: number, mark: string): boolean {
  const markCode = mark.charCodeAt(0);
  let marks = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === markCode) marks++;
    // Mostly it ends at the first letter or digit.
    else if (isAlphanumeric(c) || !/[!-/:-@[-`{-~\s]/.test(text[i]!)) return false;
  }
  return marks > 0;
}

function isAlphanumeric(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || (c >= 65 && c <= 90);
}
