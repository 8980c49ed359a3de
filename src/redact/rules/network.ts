import { isIPv6 } from 'node:net';
import { IPV4, IPV6, MAC, PERCENT, PHONE } from '../bits.ts';
import type { RedactionRule, Rule, Surroundings } from '../rule.ts';
import { END, rule, START, textBefore, textBehind } from './parts.ts';

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
/** `server` and `conversion` are no versions, `appVersion` is; the digits are those of a second key of one name. */
const VERSION_WORD =
  /(?<=(?:(?<![A-Za-z])(?:[Vv](?:er)?|[Rr]ev|[Bb]uild|[Rr]elease)|(?<![a-z])version|Version|(?<![A-Z])VERSION)s?(?:_[0-9]+)?\.?[\\"'`]{0,4}\s{0,2}[:=]?\s{0,2}[\\"'`]{0,4})/y;
/** In all of these words, and in few others; a look-behind costs many times as much. */
const LIKE_VERSION = /[Vv]|uild|elease/;
/** A product in a user agent or a package, not a part of a path. */
const PRODUCT = /(?<=(?:^|[\s("'`;,=])[A-Za-z][A-Za-z0-9_.+-]{0,40}\/)/y;

/** Sticky look-behinds read from the text's end on: forwards a pattern would be tried at each character. */
function endsIn(text: string, ending: RegExp): boolean {
  ending.lastIndex = text.length;
  return ending.test(text);
}

/** Four small numbers with dots are a version at least as often as an address. */
function notVersion(match: RegExpExecArray, around: Surroundings): number[] | undefined {
  const before = textBefore(match, around, 48);
  if (LIKE_VERSION.test(before) && endsIn(before, VERSION_WORD)) return undefined;
  if (before.endsWith('/') && endsIn(before, PRODUCT)) return undefined;
  if (/^-(?:alpha|beta|rc|snapshot|preview|dev)/i.test(textBehind(match, 12))) return undefined;
  return [match.index, match.index + match[0].length];
}

/** An address somewhere in a chain of words and colons: a label may be before it, a full stop or colon behind. */
function address6(match: RegExpExecArray): number[] | undefined {
  let start = match.index;
  const end = start + match[0].replace(/\.+$/, '').replace(/([^:]):$/, '$1').length;
  for (let labels = 0; labels < 3; labels++) {
    const text = match.input.slice(start, end);
    // "::" and "a::b" are code as often as addresses; one with a number in it or many groups is not.
    if (isIPv6(text) && (/[0-9]/.test(text) || text.split(':').length > 4)) return [start, end];
    const colon = text.indexOf(':');
    if (colon <= 0) return undefined;
    start += colon + 1;
  }
  return undefined;
}

/** E.164 has 8 to 15 digits with the country's; groups beyond them are another number. */
function international(match: RegExpExecArray): number[] | undefined {
  const start = match.index;
  const text = match[0];
  let end = 0;
  let digits = 0;
  let wasDigit = false;
  for (let i = text[0] === '%' ? 3 : 1; i <= text.length && digits <= 15; i++) {
    // NaN behind the end, which is none.
    const c = text.charCodeAt(i);
    const isDigit = c >= 48 && c <= 57;
    if (isDigit) digits++;
    else if (wasDigit && digits >= 8) {
      end = i;
      // Written without separators it is whole; what is behind is another number.
      if (digits === i - (text[0] === '%' ? 3 : 1)) break;
    }
    wasDigit = isDigit;
  }
  return end > 0 ? [start, start + end] : undefined;
}

export const NETWORK_RULES: readonly Rule[] = [
  rule(
    'IP',
    IPV6,
    '(?<![A-Za-z0-9_:.])[A-Za-z0-9_]{0,32}(?::[A-Za-z0-9_.]{0,32}){2,12}(?:%[A-Za-z0-9]{1,16})?(?![A-Za-z0-9_:])',
    address6,
  ),
  rule(
    'IP',
    IPV4,
    String.raw`(?=[0-9]{1,3}\.[0-9]{1,3}\.)${START}(?<![0-9]\.)(?:${OCTET}\.){3}${OCTET}${END}(?!\.[0-9])`,
    notVersion,
  ),
  rule(
    'MAC',
    MAC,
    String.raw`(?=[0-9A-Fa-f]{2}[-:])${START}(?<![-:])[0-9A-Fa-f]{2}([-:])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}${END}(?![-:][0-9A-Fa-f])`,
  ),
  rule(
    'PHONE',
    PHONE | PERCENT,
    String.raw`(?=[+%])(?<![A-Za-z0-9+])(?:\+|%2[Bb])[1-9][0-9]{0,14}(?:(?:[ .-]\(?|\(|(?<=\)))[0-9]{1,6}\)?){0,7}${END}`,
    international,
  ),
  rule(
    'PHONE',
    PHONE,
    String.raw`(?=[(0-9][-0-9. ()]{10})${START}(?<![0-9][-.])(?:1(?:[-. ]|(?=\()))?(?:\([0-9]{3}\)[-. ]?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}${END}(?![-.][0-9])`,
  ),
];

/**
 * Long base64, for `patterns`. Not among the defaults: digests, signatures and image data look the same.
 * Hex and the integrity hashes of packages stay.
 */
export const BASE64_RULE: RedactionRule = {
  name: 'BASE64',
  pattern:
    /(?<![A-Za-z0-9+/_=-])(?!sha(?:256|384|512)-)(?![0-9a-fA-F]+(?![A-Za-z0-9+/_=-]))[A-Za-z0-9+/_-]{64,}={0,2}/g,
};
