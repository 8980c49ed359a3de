import type { Prefilter } from './prefilter.ts';
import { JSON_TEXT } from './prefilter.ts';
import { ERROR_TOKEN, EVERY_TEXT, type Rule, type Surroundings, TOKEN } from './rule.ts';
import { type Hidden, put, show, Tokens } from './tokens.ts';

/**
 * A user's pattern sees this many characters at once: what it costs may grow faster than its input. A longer string is
 * searched in windows that overlap, so that no match shorter than the overlap is missed.
 */
export const WINDOW = 32_768;
const OVERLAP = 4_096;
/** How far before a window a look-behind sees. */
const LOOK_BEHIND = 256;

/** A token can make a neighbour match that did not before. More rounds than this are no accident. */
const MAX_ROUNDS = 12;

/** Ends the work on one line or value. */
export class BudgetError extends Error {}

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
  /** True when a rule must see every string, so that prefilter bits decide nothing. */
  readonly seesAll: boolean;
  readonly #rules: readonly Rule[];
  readonly #prefilter: Prefilter;
  readonly #budget: Budget;

  constructor(rules: readonly Rule[], tokens: Iterable<string>, prefilter: Prefilter, budget: Budget) {
    this.#rules = rules;
    this.tokens = new Tokens(tokens);
    this.seesAll = rules.some((rule) => rule.needs === EVERY_TEXT);
    this.#prefilter = prefilter;
    this.#budget = budget;
  }

  /**
   * The text with every match replaced, the same string if there is none. Repeats itself until nothing changes, so
   * that a second call finds nothing new.
   * @param bits of the text, from the prefilter
   * @param key the member whose value this is, '' for none
   * @param asJson redacts the text as JSON, undefined when it is none; without it all text is plain
   */
  redact(text: string, bits: number, key: string, asJson?: (text: string) => string | undefined): string {
    let current = text;
    let currentBits = bits;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const json = asJson !== undefined && currentBits & JSON_TEXT ? asJson(current) : undefined;
      if (json !== undefined) return json;
      const next = this.#round(current, currentBits, key);
      if (next === current) return current;
      current = next;
      currentBits = (bits & ~this.#prefilter.text(text)) | this.#prefilter.text(current);
    }
    return ERROR_TOKEN;
  }

  /** What stands for the value of a listed key: the token of the pattern that the value matches as a whole. */
  whole(text: string, bits: number, key: string): string {
    const hidden = this.tokens.hide(text);
    if (hidden.text === hidden.mark && text !== hidden.mark) return text;
    for (const rule of this.#rules) {
      if (rule.needs !== EVERY_TEXT && (rule.needs & bits) === 0) continue;
      const spans = this.#find(rule, hidden, key);
      if (spans !== undefined && spans[0] === 0 && spans[1] === hidden.text.length)
        return rule.token === '' ? TOKEN : rule.token;
    }
    return TOKEN;
  }

  /** The token of the first rule that matches in a number. */
  number(text: string, bits: number, key: string): string | undefined {
    const hidden = this.tokens.hide(text);
    for (const rule of this.#rules) {
      if (rule.needs !== EVERY_TEXT && (rule.needs & bits) === 0) continue;
      if (this.#find(rule, hidden, key) !== undefined) return rule.token;
    }
    return undefined;
  }

  #round(text: string, bits: number, key: string): string {
    let hidden = this.tokens.hide(text);
    let changed = false;
    for (const rule of this.#rules) {
      if (rule.needs !== EVERY_TEXT && (rule.needs & bits) === 0) continue;
      const spans = this.#find(rule, hidden, key);
      if (spans === undefined) continue;
      hidden = put(hidden, spans, rule.token);
      changed = true;
    }
    return changed ? show(hidden) : text;
  }

  #find(rule: Rule, hidden: Hidden, key: string): readonly number[] | undefined {
    const found: number[] = [];
    if (rule.needs !== EVERY_TEXT || hidden.text.length <= WINDOW)
      search(rule, hidden.text, { mark: hidden.mark, key }, 0, 0, found);
    else this.#findInWindows(rule, hidden, key, found);
    this.#budget.check();
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
      if (end < start || isAllMarks(text, start - offset, end - offset, around.mark)) continue;
      found.push(start, end);
    }
    pattern.lastIndex = Math.max(pattern.lastIndex, (found.at(-1) ?? 0) - offset);
  }
}

/** What holds nothing but tokens is redacted already. */
function isAllMarks(text: string, start: number, end: number, mark: string): boolean {
  if (start === end) return false;
  for (let i = start; i < end; i++) if (text[i] !== mark) return false;
  return true;
}
