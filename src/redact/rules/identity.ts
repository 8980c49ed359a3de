import { AT, CARD, CONTEXT, IBAN, PERCENT, SSN } from '../bits.ts';
import { ibanLength, isCardNumber, isRoutingNumber, passesMod97 } from '../checks.ts';
import type { Rule, Surroundings } from '../rule.ts';
import { END, isPlain, rule, START, textBefore, textBehind } from './parts.ts';

const whole = (match: RegExpExecArray): number[] => [match.index, match.index + match[0].length];

/** Letters beyond ASCII that European names and domains use. */
const LATIN = '\\u00C0-\\u024F';
const LABEL_TEXT = `[A-Za-z0-9${LATIN}](?:[A-Za-z0-9${LATIN}-]{0,61}[A-Za-z0-9${LATIN}])?`;

const LOCAL = new Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_%+.'-");
const isLocal = (char: string): boolean => LOCAL.has(char) || (char >= '\u00c0' && char <= '\u024f');
const LONGEST_LOCAL = 256;

/**
 * From an `@` and a domain back over the mailbox's name: a pattern that began with the name would have to try each of
 * its characters. `git@host:` and `ssh://git@host` name no mailbox, and an escape's letter is not the name's first.
 */
function mailbox(match: RegExpExecArray): number[] | undefined {
  const { input, index } = match;
  let start = index;
  while (start > 0 && index - start < LONGEST_LOCAL && isLocal(input[start - 1]!)) start--;
  while (start < index && input[start] === "'") start++;
  if (input[start - 1] === '\\' && /[bfnrt]/.test(input[start]!)) start++;
  if (start >= index) return undefined;
  const end = index + match[0].length;
  if (input.slice(start, index) === 'git' && (input[end] === ':' || input.slice(start - 3, start) === '://'))
    return undefined;
  return [start, end];
}

/** From two letters and two digits on as many characters as the country's account numbers have, in groups or not. */
function accountNumber(match: RegExpExecArray): number[] | undefined {
  const { input, index } = match;
  const length = ibanLength(match[0].slice(0, 2));
  if (length === undefined) return undefined;
  let text = '';
  let at = index;
  for (; at < input.length && text.length < length; at++) {
    const char = input[at]!;
    if (isPlain(char)) text += char;
    else if (char !== ' ' || !isPlain(input[at - 1]!)) return undefined;
  }
  if (text.length < length || (at < input.length && isPlain(input[at]!))) return undefined;
  const digits = text.replace(/[^0-9]/g, '').length;
  return digits >= 7 && passesMod97(text) ? [index, at] : undefined;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

function insideUuid(input: string, start: number, end: number): boolean {
  const from = Math.max(0, start - 36);
  return [...input.slice(from, end + 36).matchAll(UUID)].some(
    (uuid) => from + uuid.index < end && from + uuid.index + uuid[0].length > start,
  );
}

/** Card numbers among the groups of a chain of digits: an order number before one, or a code behind it, must not hide it. */
function cards(match: RegExpExecArray): number[] | undefined {
  const groups = [...match[0].matchAll(/[0-9]+/g)];
  const spans: number[] = [];
  for (let first = 0; first < groups.length; first++) {
    let digits = '';
    for (let last = first; last < groups.length && digits.length < 19; last++) {
      digits += groups[last]![0];
      if (digits.length < 13 || digits.length > 19 || !isCardNumber(digits)) continue;
      const start = match.index + groups[first]!.index;
      const end = match.index + groups[last]!.index + groups[last]![0].length;
      if (
        /[0-9]\.$/.test(match.input.slice(Math.max(0, start - 2), start)) ||
        /^(?:[A-Za-z0-9]|\.[0-9])/.test(match.input.slice(end, end + 2))
      )
        continue;
      if (last > first && insideUuid(match.input, start, end)) continue;
      spans.push(start, end);
      first = last;
      break;
    }
  }
  return spans.length > 0 ? spans : undefined;
}

type Check = (match: RegExpExecArray) => boolean;

/** A number that means something only beside a word that says so. */
const beside =
  (before: RegExp, behind: RegExp, check: Check): NonNullable<Rule['spans']> =>
  (match: RegExpExecArray, around: Surroundings) =>
    check(match) && (before.test(textBefore(match, around, 40)) || behind.test(textBehind(match, 40)))
      ? whole(match)
      : undefined;

/** What may stand between the word and the number. */
const JOIN = String.raw`(?:[\s_-]{0,2}(?:number|num|no|nr|id|code))?[\s.:=#"'\x60\\(]{0,6}(?:is\s{0,2})?$`;
const BEHIND = String.raw`^["'\x60]?\s{0,2}[(,]?\s{0,2}(?:is\s(?:the|my|his|her|our|your|their)\s)?`;

const MONTHS =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const DATE = [
  '(?:1[89]|20)[0-9]{2}([-/.])(?:0?[1-9]|1[0-2])\\1(?:0?[1-9]|[12][0-9]|3[01])',
  '(?:0?[1-9]|[12][0-9]|3[01])([-/.])(?:0?[1-9]|[12][0-9]|3[01])\\2(?:(?:1[89]|20)?[0-9]{2})',
  `(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?[ -](?:${MONTHS})\\.?,?[ -](?:1[89]|20)[0-9]{2}`,
  `(?:${MONTHS})\\.? (?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?,? (?:1[89]|20)[0-9]{2}`,
  '(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])',
].join('|');

export const IDENTITY_RULES: readonly Rule[] = [
  rule(
    'EMAIL',
    AT | PERCENT,
    // `icon@2x.png` is an image for a dense screen.
    `(?:@|%40)(?![0-9]x\\.)(?:${LABEL_TEXT}\\.){1,8}(?:xn--[A-Za-z0-9-]{2,30}|[A-Za-z]{2,24})(?![A-Za-z0-9${LATIN}])`,
    mailbox,
  ),
  rule('IBAN', IBAN, `(?=[A-Za-z]{2}[0-9])${START}[A-Za-z]{2}[0-9]{2}(?= ?[A-Za-z0-9])`, accountNumber),
  rule('CC', CARD, `(?=[0-9])${START}[0-9](?:[ -]?[0-9])*`, cards),
  rule(
    'SSN',
    SSN,
    String.raw`(?=[0-9]{3}[-. ])${START}(?<![0-9][-.])(?!000|666|9)[0-9]{3}([-. ])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}${END}(?![-.][0-9])`,
  ),
  rule(
    'ROUTING_NUMBER',
    CONTEXT,
    `(?=[0-9]{9})${START}[0-9]{9}${END}`,
    beside(
      new RegExp(`(?:routing(?:[\\s_-]{0,2}transit)?|\\baba|\\brtn)${JOIN}`, 'i'),
      new RegExp(`${BEHIND}(?:aba|rtn|routing)(?![A-Za-z0-9_-])`, 'i'),
      (match) => isRoutingNumber(match[0]),
    ),
  ),
  rule(
    'PASSPORT',
    CONTEXT,
    `(?=[A-Za-z]{0,2}[0-9])${START}[A-Za-z]{0,2}[0-9][A-Za-z0-9]{5,8}${END}`,
    beside(new RegExp(`passports?${JOIN}`, 'i'), new RegExp(`${BEHIND}passport(?![A-Za-z0-9_-])`, 'i'), (match) =>
      /^(?:[^0-9]*[0-9]){4}/.test(match[0]),
    ),
  ),
  rule(
    'DATE_OF_BIRTH',
    CONTEXT,
    `${START}(?:${DATE})${END}`,
    beside(
      new RegExp(
        `(?:\\bdob|\\bd\\.o\\.b\\.?|date[\\s_-]?of[\\s_-]?birth|birth[\\s_-]?da(?:te|y)|\\bborn(?:\\s(?:on|in|at))?|\\bbirth)${JOIN}`,
        'i',
      ),
      new RegExp(`${BEHIND}(?:dob|date of birth|birth ?da(?:te|y))(?![A-Za-z0-9_-])`, 'i'),
      () => true,
    ),
    'gi',
  ),
];
