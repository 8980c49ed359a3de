import { SerializationError } from '../errors.ts';
import { Check } from '../options/check.ts';
import { JSON_TEXT } from './bits.ts';
import { CleanLines } from './clean-lines.ts';
import { DEFAULT_RULES } from './default-rules.ts';
import { HarmlessKeys } from './harmless-keys.ts';
import { type JsonContext, redactJson } from './json.ts';
import { DEFAULT_KEYS, KeyMatcher, wordsOf } from './key-matcher.ts';
import { ENVELOPE, KeyTable, NO_KEY } from './key-table.ts';
import { Prefilter } from './prefilter.ts';
import { compileRule, ERROR_TOKEN, type RedactionRule } from './rule.ts';
import { Budget, TextRedactor } from './text.ts';

export type { RedactionRule } from './rule.ts';
export { BASE64_RULE } from './rules/network.ts';

export interface RedactorOptions {
  /** False: everything comes back as it is. @default true */
  enabled?: boolean;
  /** Keys whose values are replaced, in any case and with any separators, in place of the default ones; none for `[]`. */
  redactKeys?: Iterable<string>;
  /** Patterns to search for, in order, in place of the default ones; none for `[]`. */
  patterns?: readonly RedactionRule[];
  /** True: `redactKeys` and `patterns` are added to the defaults; the given patterns run first. @default false */
  extendDefaults?: boolean;
  /** Milliseconds for one line or value, and one more for each KiB of it. The sum is at most 5_000. @default 1_000 */
  budgetMs?: number;
}

/** A redactor as plain data, for a structured clone. */
export interface RedactorConfig {
  enabled: boolean;
  redactKeys: string[] | null;
  patterns: Required<RedactionRule>[] | null;
  extendDefaults: boolean;
  budgetMs: number;
}

const DEFAULT_BUDGET_MS = 1_000;
const MAX_BUDGET_MS = 5_000;

/**
 * Replaces secrets and personal data by tokens such as `[REDACTED_EMAIL]`. What is redacted once stays the same when
 * it is redacted again. When a rule fails or takes too long, what it should have searched becomes `[REDACTED_ERROR]`.
 */
export class Redactor {
  readonly #config: RedactorConfig;
  readonly #context: JsonContext;
  readonly #prefilter: Prefilter;
  readonly #lines: Prefilter;
  readonly #clean: CleanLines;
  readonly #budget = new Budget();

  /**
   * @throws ConfigError for options that are unknown or of a wrong type
   * @throws RedactionRuleError for a pattern that can't be compiled or matches the empty string
   */
  constructor(options: RedactorOptions = {}) {
    this.#config = resolve(options);
    const { redactKeys, patterns, extendDefaults } = this.#config;
    const given = (patterns ?? []).map(compileRule);
    const rules = [...given, ...(patterns === null || extendDefaults ? DEFAULT_RULES : [])];
    const keys = [...(redactKeys ?? []), ...(redactKeys === null || extendDefaults ? DEFAULT_KEYS : [])];
    const mask = rules.reduce((bits, rule) => bits | rule.needs, JSON_TEXT);
    const prefilter = new Prefilter(mask);
    const lines = new Prefilter(mask);
    const harmless = new HarmlessKeys([...ENVELOPE.values()].map(({ name, exempt }) => [name, exempt] as const));
    const tokens = [...given, ...DEFAULT_RULES].map((rule) => rule.token);
    const text = new TextRedactor(rules, tokens, prefilter, this.#budget);
    this.#prefilter = prefilter;
    this.#lines = lines;
    this.#clean = new CleanLines(lines, harmless);
    this.#context = {
      text,
      prefilter,
      lines,
      keys: new KeyTable(new KeyMatcher(keys), text, prefilter, harmless),
      kept: [],
      former: [],
    };
  }

  get enabled(): boolean {
    return this.#config.enabled;
  }

  /** This redactor as data that a structured clone takes into a worker thread. */
  toConfig(): RedactorConfig {
    const { redactKeys, patterns } = this.#config;
    return {
      ...this.#config,
      redactKeys: redactKeys === null ? null : [...redactKeys],
      patterns: patterns === null ? null : patterns.map((rule) => ({ ...rule })),
    };
  }

  /** @throws as the constructor does */
  static fromConfig(config: RedactorConfig): Redactor {
    const { redactKeys, patterns, ...rest } = config;
    return new Redactor({
      ...rest,
      ...(redactKeys === null ? {} : { redactKeys }),
      ...(patterns === null ? {} : { patterns }),
    });
  }

  /**
   * A redacted copy of a value, as JSON holds it: what `toJSON` gives, no undefined members, a Map as `{}`. The
   * argument stays as it is.
   * @throws SerializationError for what JSON can't hold: a cycle, a BigInt, a throwing `toJSON`
   */
  redact(value: unknown): unknown {
    if (!this.#config.enabled) return value;
    let json: string | undefined;
    try {
      json = JSON.stringify(value) as string | undefined;
    } catch (cause) {
      throw new SerializationError('a value that JSON cannot hold cannot be redacted', { cause });
    }
    if (json === undefined) return undefined;
    const redacted = this.#attempt(json.length, () => redactJson(json, 'value', this.#context));
    return redacted === undefined ? ERROR_TOKEN : JSON.parse(redacted);
  }

  /** A redacted copy of a text. A text that is JSON is redacted as JSON. */
  redactString(text: string): string {
    if (!this.#config.enabled) return text;
    return this.#attempt(text.length, () => this.#string(text)) ?? ERROR_TOKEN;
  }

  /**
   * Redacts an event's JSON line. `event_type`, `event_id` and `timestamp` are never searched. A line with nothing to
   * redact comes back as the same string. A line that is not JSON comes back as the JSON string `"[REDACTED_ERROR]"`.
   */
  redactLine(jsonLine: string): string {
    if (!this.#config.enabled) return jsonLine;
    const bytes = this.#lines.bytes(jsonLine);
    if (this.#clean.isClean(bytes, 0, bytes.length)) return jsonLine;
    const ascii = bytes.length === jsonLine.length ? bytes : undefined;
    const redacted = this.#attempt(jsonLine.length, () => redactJson(jsonLine, 'event', this.#context, ascii));
    return redacted ?? this.#envelopeOnly(jsonLine);
  }

  /**
   * True only if `redactLine` would give an event line back as it is, so that its UTF-8 bytes need no decoding. False
   * says nothing. The bytes from `from` to `to` are the line without its line feed.
   */
  isCleanLine(bytes: Uint8Array, from = 0, to: number = bytes.length): boolean {
    if (!this.#config.enabled) return true;
    const json = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#clean.isClean(json, from, to);
  }

  #string(text: string): string {
    const nested = (json: string): string | undefined => redactJson(json, 'nested', this.#context);
    return this.#context.text.redact(text, this.#prefilter.text(text), NO_KEY, nested);
  }

  /** Undefined when it fails: whatever a rule throws, the text it could not search must not get through. */
  #attempt(length: number, work: () => string | undefined): string | undefined {
    this.#budget.start(Math.min(this.#config.budgetMs + length / 1024, MAX_BUDGET_MS));
    try {
      return work();
    } catch {
      return undefined;
    }
  }

  /** The line with each member that could not be searched replaced by a token. */
  #envelopeOnly(line: string): string {
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch {
      return JSON.stringify(ERROR_TOKEN);
    }
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return JSON.stringify(ERROR_TOKEN);
    const members = Object.entries(event).map(([name, value], i) => {
      const redact = (): string | undefined => redactJson(JSON.stringify({ [name]: value }), 'event', this.#context);
      const member = name === 'payload' ? undefined : this.#attempt(line.length, redact);
      if (member !== undefined) return member.slice(1, -1);
      return `${JSON.stringify(ENVELOPE.has(name) ? name : `${ERROR_TOKEN}_${i}`)}:${JSON.stringify(ERROR_TOKEN)}`;
    });
    return `{${members.join(',')}}`;
  }
}

const OPTIONS: readonly (keyof RedactorOptions)[] = ['enabled', 'redactKeys', 'patterns', 'extendDefaults', 'budgetMs'];

/** All options with their defaults. @throws as the constructor does; a ConfigError names every fault */
function resolve(options: RedactorOptions): RedactorConfig {
  const check = new Check();
  const given: RedactorOptions = check.options('options', options, 'Redactor', OPTIONS);
  const { enabled = true, redactKeys, patterns, extendDefaults = false, budgetMs = DEFAULT_BUDGET_MS } = given;
  const { problems } = check;
  if (typeof enabled !== 'boolean') problems.push('enabled must be a boolean');
  if (typeof extendDefaults !== 'boolean') problems.push('extendDefaults must be a boolean');
  if (typeof budgetMs !== 'number' || !(budgetMs > 0)) problems.push('budgetMs must be a positive number');
  if (patterns !== undefined && !Array.isArray(patterns)) problems.push('patterns must be an array of redaction rules');
  let keys: string[] | null = null;
  if (redactKeys !== undefined) {
    if (typeof redactKeys !== 'object' || redactKeys === null || !(Symbol.iterator in redactKeys)) {
      problems.push('redactKeys must be an iterable of strings, not one string');
    } else {
      keys = [...redactKeys];
      for (const key of keys) {
        if (typeof key !== 'string' || wordsOf(key).length === 0)
          problems.push(`redactKeys: ${String(key)} has no letter or digit`);
      }
    }
  }
  check.done();
  const rules = patterns?.map((rule) => {
    const { name, pattern, token } = compileRule(rule);
    return { name, pattern, token };
  });
  return { enabled, redactKeys: keys, patterns: rules ?? null, extendDefaults, budgetMs };
}
