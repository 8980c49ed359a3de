import { inspect } from 'node:util';
import { isPlainObject } from './codec.ts';
import { Check } from './options/check.ts';

/** `domain.action`: lower-case words of letters, digits and `_`, at least two of them, joined by dots. */
export const EVENT_TYPE_PATTERN: RegExp = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;

/** Beyond it a name is noise to people and a burden to every table that is keyed by it. */
const MAX_EVENT_TYPE_LENGTH = 255;

/** What is looked at: the event as it was given to `emit`. */
export interface EventToValidate {
  eventType: unknown;
  payload?: unknown;
  source?: unknown;
}

export interface ValidationResult {
  /** True when there are no errors; warnings don't count. */
  ok: boolean;
  /** Every fault, each as a sentence that names the value. */
  errors: string[];
  /** What is allowed and probably not meant. */
  warnings: string[];
}

/** What the bus asks of a validator; `EventValidator` is one. */
export interface Validator {
  /** False: an event that fails passes all the same, and is counted. @default true */
  readonly strict?: boolean;
  validate(event: EventToValidate): ValidationResult;
}

export interface EventValidatorOptions {
  /** False: the bus lets events that fail pass, and counts them. @default true */
  strict?: boolean;
  /** Words that may stand before the first dot. @default any */
  allowedDomains?: Iterable<string>;
  /** An event must say who emitted it. @default false */
  requireSource?: boolean;
  /** Event types must match this in place of EVENT_TYPE_PATTERN. */
  customPattern?: RegExp;
}

const OPTIONS: readonly (keyof EventValidatorOptions)[] = [
  'strict',
  'allowedDomains',
  'requireSource',
  'customPattern',
];

/** Checks names, sources and payloads of events. Its methods never throw, whatever they are given. */
export class EventValidator implements Validator {
  readonly strict: boolean;
  readonly #domains: ReadonlySet<string> | undefined;
  readonly #requireSource: boolean;
  readonly #pattern: RegExp;

  /** Throws ConfigError, which names every fault of the options. */
  constructor(options?: EventValidatorOptions) {
    const check = new Check();
    const { allowedDomains, customPattern, ...given } = check.options('options', options, 'EventValidator', OPTIONS);
    const domains = allowedDomains === undefined ? undefined : toStrings(allowedDomains);
    if (allowedDomains !== undefined && domains === undefined)
      check.fail('allowedDomains', allowedDomains, 'an iterable of non-empty strings');
    if (customPattern !== undefined && !(customPattern instanceof RegExp))
      check.fail('customPattern', customPattern, 'a RegExp');
    this.strict = check.boolean('strict', given.strict, true);
    this.#requireSource = check.boolean('requireSource', given.requireSource, false);
    check.done();
    this.#domains = domains && new Set(domains);
    // With g or y a RegExp remembers where it stopped, and the next name would be tested from there.
    this.#pattern =
      customPattern instanceof RegExp
        ? new RegExp(customPattern.source, customPattern.flags.replace(/[gy]/g, ''))
        : EVENT_TYPE_PATTERN;
  }

  /** All faults of an event at once. */
  validate(event: EventToValidate): ValidationResult {
    const result = emptyResult();
    const read = (key: keyof EventToValidate): unknown => {
      try {
        return event[key];
      } catch {
        result.errors.push(`${key} can't be read`);
        return undefined;
      }
    };
    if (typeof event !== 'object' || event === null) {
      result.errors.push(`an event must be an object, got ${show(event)}`);
    } else {
      this.#checkType(read('eventType'), result);
      const payload = read('payload');
      if (!isPlainObject(payload)) result.errors.push(`payload must be a plain object, got ${show(payload)}`);
      this.#checkSource(read('source'), result);
    }
    result.ok = result.errors.length === 0;
    return result;
  }

  /** The name alone. */
  validateEventType(eventType: unknown): ValidationResult {
    const result = emptyResult();
    this.#checkType(eventType, result);
    result.ok = result.errors.length === 0;
    return result;
  }

  #checkType(eventType: unknown, { errors, warnings }: ValidationResult): void {
    if (typeof eventType !== 'string' || eventType.trim() === '') {
      errors.push(`event type must be a non-blank string, got ${show(eventType)}`);
      return;
    }
    if (eventType.length > MAX_EVENT_TYPE_LENGTH) {
      errors.push(`event type has ${eventType.length} characters, at most ${MAX_EVENT_TYPE_LENGTH} are allowed`);
      return;
    }
    if (!this.#pattern.test(eventType)) {
      const example = this.#pattern === EVENT_TYPE_PATTERN ? ", as 'order.placed' does" : '';
      errors.push(`event type ${show(eventType)} does not match ${this.#pattern}${example}`);
    }
    const domain = extractDomain(eventType);
    if (this.#domains !== undefined && (domain === null || !this.#domains.has(domain))) {
      errors.push(`domain ${show(domain)} is not one of ${[...this.#domains].join(', ')}`);
    }
    if (domain === 'system') warnings.push(`${show(eventType)}: names under system. are the bus's own`);
  }

  #checkSource(source: unknown, { errors }: ValidationResult): void {
    if (source === undefined || source === null) {
      if (this.#requireSource) errors.push('source is required');
    } else if (typeof source !== 'string' || source.trim() === '') {
      errors.push(`source must be a non-blank string, got ${show(source)}`);
    }
  }
}

/** True for a name that matches EVENT_TYPE_PATTERN. */
export function isValidEventType(eventType: unknown): boolean {
  return (
    typeof eventType === 'string' && eventType.length <= MAX_EVENT_TYPE_LENGTH && EVENT_TYPE_PATTERN.test(eventType)
  );
}

/** `chat.message.sent` → `chat`; null without a dot. */
export function extractDomain(eventType: unknown): string | null {
  const dot = typeof eventType === 'string' ? eventType.indexOf('.') : -1;
  return dot < 1 ? null : (eventType as string).slice(0, dot);
}

/** `chat.message.sent` → `message.sent`; null without a dot, or with nothing behind it. */
export function extractAction(eventType: unknown): string | null {
  const dot = typeof eventType === 'string' ? eventType.indexOf('.') : -1;
  return dot === -1 || dot === (eventType as string).length - 1 ? null : (eventType as string).slice(dot + 1);
}

function emptyResult(): ValidationResult {
  return { ok: true, errors: [], warnings: [] };
}

function toStrings(values: unknown): string[] | undefined {
  if (typeof values === 'string' || typeof (values as Iterable<unknown>)?.[Symbol.iterator] !== 'function') {
    return undefined;
  }
  const list = [...(values as Iterable<unknown>)];
  return list.every((value) => typeof value === 'string' && value !== '') ? (list as string[]) : undefined;
}

function show(value: unknown): string {
  try {
    return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 });
  } catch {
    return 'a value that throws when it is looked at';
  }
}
