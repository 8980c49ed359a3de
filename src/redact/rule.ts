import { inspect, types } from 'node:util';
import { messageOf } from '../codec.ts';
import { RedactionRuleError } from '../errors.ts';
import { EVERY } from './bits.ts';

/** One value pattern. Plain data: a rule travels into the audit worker by structured clone. */
export interface RedactionRule {
  /** Names the rule in errors and in its default token. */
  name: string;
  /** Searched in every string and number. Flags are kept, `g` is added, `y` is dropped. It must not match the empty string. */
  pattern: RegExp;
  /** What stands in place of a match. @default `[REDACTED_<NAME>]`, the name in upper case */
  token?: string;
}

/** Where a match was found: what a rule may look at besides the match itself. */
export interface Surroundings {
  /** The character that stands for a token already put in. It belongs to no word. */
  readonly mark: string;
  /** The name of the member whose value is searched, '' elsewhere. */
  readonly key: string;
}

/** A rule ready to run. */
export interface Rule {
  readonly name: string;
  readonly token: string;
  /** Has the g flag. */
  readonly pattern: RegExp;
  /** Prefilter bits, one of which a text must have for this rule to match in it. */
  readonly needs: number;
  /** Offsets of what to replace, start and end alternating; undefined refuses the match. Without it the whole match is replaced. */
  readonly spans?: (match: RegExpExecArray, around: Surroundings) => readonly number[] | undefined;
}

export const TOKEN = '[REDACTED]';
/** Stands for what could not be searched because a rule failed or took too long. */
export const ERROR_TOKEN = '[REDACTED_ERROR]';
/** Stands for a record that stalled the thread that redacts. */
export const UNSCANNABLE_TOKEN = '[REDACTED_UNSCANNABLE]';

export function tokenFor(name: string): string {
  return `[REDACTED_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}]`;
}

/** A pattern that finds nothing but positions is refused; those that need a neighbour show themselves on one of these. */
const EMPTY_MATCH_PROBES = ['', 'a', 'A b', '0', ' x=1, y-2.\n_', '"k":"v"'];

/**
 * Checks and compiles a rule of the user.
 * @throws RedactionRuleError when it is not a rule, can't be compiled, or matches the empty string
 */
export function compileRule(rule: RedactionRule): Rule {
  if (typeof rule !== 'object' || rule === null)
    throw new RedactionRuleError(
      `a redaction rule must be { name, pattern, token? }, got ${inspect(rule, { depth: 0 })}`,
    );
  const { name, pattern: given, token } = rule;
  if (typeof name !== 'string' || !/[A-Za-z0-9]/.test(name)) {
    throw new RedactionRuleError(`a redaction rule needs a name with a letter or digit in it, got ${inspect(name)}`);
  }
  if (token !== undefined && typeof token !== 'string') {
    throw new RedactionRuleError(`redaction rule ${name}: token must be a string, got ${inspect(token)}`);
  }
  if (!types.isRegExp(given))
    throw new RedactionRuleError(`redaction rule ${name}: pattern must be a RegExp, got ${inspect(given)}`);
  let pattern: RegExp;
  try {
    pattern = new RegExp(given.source, `${given.flags.replace(/[gy]/g, '')}g`);
  } catch (cause) {
    throw new RedactionRuleError(`redaction rule ${name}: pattern can't be compiled: ${messageOf(cause)}`, { cause });
  }
  for (const probe of EMPTY_MATCH_PROBES) {
    if ([...probe.matchAll(pattern)].some((match) => match[0] === '')) {
      throw new RedactionRuleError(
        `redaction rule ${name}: pattern ${String(given)} matches the empty string, so it would match everywhere: say what it must contain`,
      );
    }
  }
  return { name, token: token ?? tokenFor(name), pattern, needs: EVERY };
}
