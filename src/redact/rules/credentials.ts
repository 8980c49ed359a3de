import { AT, LABEL, LONG, SCHEME } from '../bits.ts';
import { type Rule, TOKEN } from '../rule.ts';
import { lastGroup, RUN_START, rule, START } from './parts.ts';

/** What stands between a name and its value: quotes of any escaping, `:`, `=`, `=>`, `:=`. */
const LABELLED = String.raw`\\{0,4}["'\x60]?\s{0,4}(?:[:=]|:=|=>)\s{0,4}`;
/** A quoted value up to its quote or the text's end, or one word. Marks of sentence and bracket count inside a word only. */
const VALUE =
  String.raw`(?:"((?:[^"\\]|\\[^])*)|'((?:[^'\\]|\\[^])*)|\x60([^\x60]*)|\\{1,4}["']((?:[^"'\\]|\\(?![\\"']))*)` +
  String.raw`|([^\s"'\x60&,;)\]}>\\](?:[^\s"'\x60&,;)\]}>\\]|[)\]}>'](?=[A-Za-z0-9])|[,;](?=[^\s"',;=:&]{1,64}(?:[\s"',;&]|$))|\\(?![nrt"'\\]))*))`;

/** Words of documentation and code that stand where a secret would. */
const TYPE_NAMES = new Set(
  (
    'string str text number int integer float boolean bool null undefined none nil true false any unknown object never void ' +
    'symbol bigint buffer bytes date array uint8array'
  ).split(' '),
);

/** `string`, `string[]`, `string|null`: a type, not a value. */
function isTypeName(value: string): boolean {
  return value
    .replace(/[.!?|:]+$/, '')
    .split('|')
    .every((part) => TYPE_NAMES.has(part.replace(/(?:\[\])+$|\[$/, '').toLowerCase()));
}

/** The value in whichever form it was written. The groups before `first` belong to the label. */
function valueSpan(match: RegExpExecArray, first: number): [number, number] | undefined {
  const groups = match.slice(first);
  const at = groups.findIndex((group) => group !== undefined);
  const value = groups[at] ?? '';
  const bare = at === groups.length - 1;
  if (value === '' || (bare && isTypeName(value))) return undefined;
  const end = match.index + match[0].length;
  return [end - value.length, end];
}

/** Both parts of a URL's user information. */
function userInfo(match: RegExpExecArray): number[] {
  const user = match.index + 3;
  const password = user + match[1]!.length + 1;
  return [user, password - 1, password, match.index + match[0].length - 1];
}

/** Basic credentials are `user:password` in base64; "basic training" is not. */
function decodesToCredentials(match: RegExpExecArray): number[] | undefined {
  const text = Buffer.from(match[1]!, 'base64').toString('latin1');
  return text.includes(':') && !/\p{Cc}/u.test(text) ? whole(match) : undefined;
}

/** A token has digits in it, or the look of no word; "bearer token" and "the bearer of news" have neither. */
function looksLikeToken(match: RegExpExecArray): number[] | undefined {
  const token = match[1]!;
  if (/[0-9]/.test(token) || /[a-z][A-Z]|[A-Za-z][._~+/][A-Za-z]|-[A-Za-z]+-|=$/.test(token) || token.length >= 20)
    return whole(match);
  const alone = match[0].length === match.input.trim().length;
  const word = /^(?:tokens?|auth|authentication|authorization|scheme|only|required)$/i.test(token);
  return alone && !word && match[0].startsWith('Bearer') ? whole(match) : undefined;
}

/** A key's random part has twenty letters and digits in one piece, or mixes cases and digits; a hyphenated name does neither. */
function looksLikeKey(match: RegExpExecArray): number[] | undefined {
  const body = match[1]!;
  const mixed = /[0-9].*[0-9].*[0-9]/.test(body) && /[a-z]/.test(body) && /[A-Z]/.test(body);
  return mixed || /[A-Za-z0-9]{20}/.test(body) ? whole(match) : undefined;
}

const whole = (match: RegExpExecArray): number[] => [match.index, match.index + match[0].length];

const DIGEST_VALUE = String.raw`(?:\\?"[^"\\]*\\?"|[^\s,"]+)`;
const DIGEST_NAME = '(?:username|realm|nonce|uri|response|opaque|qop|algorithm|cnonce|nc|userhash|domain|stale)[*]?';

const SECRET_NAMES = [
  'passwords?|passwd|pwd|passphrases?|secrets?|token|api[_ -]?keys?|(?:access|secret|private|session|account|encryption|signing|auth|client|master|gcp|azure)[_ -]?keys?',
  `secret[_ -]?access[_ -]?key|authorization|credentials?|session[_ -]?id|connection[_ -]?string|(?=auth)${START}auth`,
].join('|');

export const CREDENTIAL_RULES: readonly Rule[] = [
  {
    ...rule('URL_CREDENTIALS', AT, String.raw`://([^\s:/@?#"'<>\\]*):([^\s/?#"'<>\\]*)@`, userInfo),
    token: TOKEN,
  },
  rule('BEARER', SCHEME, String.raw`(?=Bea)${START}Bearer\s{1,8}([A-Za-z0-9._~+/-]{3,}={0,4})`, looksLikeToken, 'gi'),
  rule(
    'BEARER',
    SCHEME,
    String.raw`(?=Bas)${START}Basic\s{1,8}([A-Za-z0-9+/_-]{6,}={0,2})`,
    decodesToCredentials,
    'gi',
  ),
  rule(
    'BEARER',
    SCHEME,
    String.raw`(?=Tok)${START}Token\s{1,8}(?=[A-Za-z._~+/=-]{0,64}[0-9])[A-Za-z0-9._~+/-]{16,}={0,4}`,
    undefined,
    'gi',
  ),
  rule(
    'BEARER',
    SCHEME,
    String.raw`(?=Dig)${START}Digest\s{1,8}${DIGEST_NAME}\s{0,4}=\s{0,4}${DIGEST_VALUE}(?:\s{0,4},\s{0,4}[A-Za-z0-9_-]{1,32}[*]?\s{0,4}=\s{0,4}${DIGEST_VALUE})*`,
    undefined,
    'gi',
  ),
  rule(
    'BEARER',
    LABEL,
    // Beside the header's name any scheme's credentials count, also those that look like words.
    String.raw`authorization${LABELLED}\\{0,4}["']?((?:Bearer|Basic|Token|ApiKey|Api-Key|Negotiate|NTLM|HOBA|Mutual|DPoP|GoogleLogin|OAuth|Hawk|SCRAM-SHA-(?:1|256)|AWS4-HMAC-SHA256)\s{1,8}[^\s"'\\,;]+(?:,\s{0,4}[A-Za-z_]{1,32}=[^\s"'\\,;]+)*)`,
    lastGroup,
    'gi',
  ),
  rule(
    'COOKIE',
    LABEL,
    String.raw`cookie${LABELLED}(?:\\{0,4}["'\x60])?([^\s=;,"'\\]+=[^\s;"'\\]*(?:;\s{0,4}[^\s=;,"'\\]+(?:=[^;\r\n"'\\]*)?)*|[^\s"'\\,;]+)`,
    (match) => valueSpan(match, 1),
    'gi',
  ),
  rule('SECRET', LABEL, `(?:${SECRET_NAMES})${LABELLED}${VALUE}`, (match) => valueSpan(match, 1), 'gi'),
  rule(
    'SECRET',
    LABEL,
    String.raw`(?=pin|otp|cv)${START}(?:pin|otp|cvv|cvc)${LABELLED}\\{0,4}["']?([0-9]{3,8})(?![A-Za-z0-9]|[.][0-9])`,
    lastGroup,
    'gi',
  ),
  rule(
    'KEY',
    LONG,
    `(?=[spakt])${RUN_START}(?:sk|pk|api|key|token|secret)[-_]([A-Za-z0-9_-]{20,})`,
    looksLikeKey,
    'gi',
  ),
];
