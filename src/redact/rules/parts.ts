import type { Rule, Surroundings } from '../rule.ts';
import { tokenFor } from '../rule.ts';

/**
 * Look ahead first for what a rule's match begins with: the look-behinds below cost ten times as much at each
 * character that can't begin one.
 *
 * A word begins here: no letter or digit is before it, save one that belongs to a backslash escape, since text is
 * often escaped once more than its reader thinks (`line\npassword=…` with a backslash and an n).
 */
export const START: string = String.raw`(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))`;
/** The same where `_` and `-` belong to the word. */
export const RUN_START: string = String.raw`(?:(?<![A-Za-z0-9_-])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))`;
export const END = '(?![A-Za-z0-9])';

export function rule(name: string, needs: number, source: string, spans?: Rule['spans'], flags = 'g'): Rule {
  const base = { name, token: tokenFor(name), pattern: new RegExp(source, flags), needs };
  return spans === undefined ? base : { ...base, spans };
}

/** The span of the last capture group, for patterns that end in it. */
export function lastGroup(match: RegExpExecArray): [number, number] {
  const end = match.index + match[0].length;
  return [end - (match[match.length - 1] ?? '').length, end];
}

/** Up to `length` characters before the match; the member's name stands before a value. */
export function textBefore(match: RegExpExecArray, around: Surroundings, length: number): string {
  const before = match.input.slice(Math.max(0, match.index - length), match.index);
  return match.index < length && around.key !== '' ? `${around.key.slice(-length)}: ${before}` : before;
}

export function textBehind(match: RegExpExecArray, length: number): string {
  const end = match.index + match[0].length;
  return match.input.slice(end, end + length);
}

export const isPlain = (text: string): boolean => /^[A-Za-z0-9]$/.test(text);
