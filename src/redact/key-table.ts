import { CONTEXT } from './bits.ts';
import type { HarmlessKeys } from './harmless-keys.ts';
import type { KeyMatch, KeyMatcher } from './key-matcher.ts';
import type { Prefilter } from './prefilter.ts';
import type { TextRedactor } from './text.ts';

/** All that matters of a member's name. */
export interface Key {
  /** The name with its own text redacted. */
  readonly name: string;
  readonly match: KeyMatch;
  /** True when the value is copied unseen. */
  readonly exempt: boolean;
  /** Prefilter bits that the name adds to its value's. */
  readonly bits: number;
}

/** Stands for the name of what is no member. */
export const NO_KEY: Key = { name: '', match: 'none', exempt: false, bits: 0 };

const envelope = (name: string, exempt: boolean): [string, Key] => [name, { ...NO_KEY, name, exempt }];

/** The members of an event line that are the bus's own. A list of keys doesn't mean these names. */
export const ENVELOPE: ReadonlyMap<string, Key> = new Map([
  envelope('event_type', true),
  envelope('payload', false),
  envelope('timestamp', true),
  envelope('event_id', true),
  envelope('source', false),
  envelope('correlation_id', false),
]);

/** Words that make the number beside them a secret; as a key they stand beside their value. */
const CONTEXT_WORD = /passport|routing|aba|rtn|dob|birth|born/i;

const MAX_KEPT = 4_096;
const LONGEST_KEPT = 64;

/** Keeps what it found out of a key: programs use the same few again and again. */
export class KeyTable {
  readonly #matcher: KeyMatcher;
  readonly #text: TextRedactor;
  readonly #prefilter: Prefilter;
  readonly #kept = new Map<string, Key>();
  readonly #harmless: HarmlessKeys;

  /** @param harmless is told of every key that changes nothing */
  constructor(matcher: KeyMatcher, text: TextRedactor, prefilter: Prefilter, harmless: HarmlessKeys) {
    this.#matcher = matcher;
    this.#text = text;
    this.#prefilter = prefilter;
    this.#harmless = harmless;
  }

  /** The key that stands in JSON as this text between quotes, if it was seen before and has no escapes in it. */
  known(literal: string): Key | undefined {
    return this.#kept.get(literal);
  }

  of(text: string): Key {
    const name = this.#text.redact(text, this.#prefilter.text(text), NO_KEY);
    // Judged by what is left of it, so that the next redaction of the same line finds the same.
    const bare = this.#text.tokens.without(name);
    const bits = CONTEXT_WORD.test(bare) ? CONTEXT : 0;
    const match = this.#matcher.match(bare);
    if (text.length > LONGEST_KEPT || /["\\\p{Cc}]/u.test(text)) return { name, match, exempt: false, bits };
    // Parsed, for a slice would keep the whole line it was cut from.
    const literal = JSON.parse(`"${text}"`) as string;
    const key: Key = { name: name === text ? literal : name, match, exempt: false, bits };
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(literal, key);
    if (name === text && match === 'none' && bits === 0) this.#harmless.add(text);
    return key;
  }
}
