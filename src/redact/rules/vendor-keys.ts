import { ARN, DASHES, LABEL, LONG, TILDE, WORD } from '../bits.ts';
import type { Rule } from '../rule.ts';
import { END, lastGroup, RUN_START, rule, START } from './parts.ts';

/** The header of a JSON Web Token is JSON that names its algorithm; other `eyJ…` text is any JSON in base64. */
function hasTokenHeader(match: RegExpExecArray): number[] | undefined {
  const header = match[0].slice(0, match[0].indexOf('.'));
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    if (typeof parsed !== 'object' || parsed === null || !('alg' in parsed)) return undefined;
  } catch {
    return undefined;
  }
  return [match.index, match.index + match[0].length];
}

const END_LINE = /-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?(?:-----)?/g;

/** Without its END line a key goes on to the end of the text: better too much than half a key. */
function throughEndLine(match: RegExpExecArray): number[] {
  END_LINE.lastIndex = match.index + match[0].length;
  const end = END_LINE.exec(match.input);
  return [match.index, end === null ? match.input.length : end.index + end[0].length];
}

/** A prefix that its vendor documents for keys, then the key. */
const prefixed = (name: string, first: string, shape: string): Rule =>
  rule(name, LONG, `(?=${first})${START}(?:${shape})${END}`);

export const VENDOR_KEY_RULES: readonly Rule[] = [
  rule('PRIVATE_KEY', DASHES, '-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----', throughEndLine),
  rule('JWT', LONG, String.raw`(?=eyJ)${RUN_START}eyJ[A-Za-z0-9_-]{12,}(?:\.[A-Za-z0-9_-]*){2,4}`, hasTokenHeader),
  rule('AWS_KEY', LONG, `(?=A[A-Z]{3})${START}(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}${END}`),
  rule(
    'AWS_KEY',
    WORD,
    'aws[A-Za-z0-9_ .-]{0,16}?(?:secret|secret[_ .-]?(?:access[_ .-]?)?key)' +
      String.raw`[\\"'\x60\s:=>]{1,8}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])`,
    lastGroup,
    'gi',
  ),
  rule(
    'AWS_ARN',
    ARN,
    String.raw`(?=arn:)${START}arn:aws[a-z-]{0,20}:[a-z0-9-]{1,40}:[a-z0-9-]{0,30}:[0-9]{12}:[^\s"'<>\\,;)\]}]+`,
  ),
  prefixed('GITHUB_TOKEN', 'g[hi]', 'gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,}'),
  rule('GITLAB_TOKEN', LONG, `(?=gl)${START}gl(?:pat|ptt|dt|rt|cbt|ft|oas|soat|agent|imt|ffct)-[A-Za-z0-9_-]{20,}`),
  rule('SLACK_TOKEN', LONG, `(?=x[oa])${START}(?:xox[abcdeoprs]|xapp)-[A-Za-z0-9-]{10,}`),
  rule(
    'SLACK_WEBHOOK',
    LONG,
    String.raw`https?://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9_]{2,30}/[A-Za-z0-9_]{2,30}/(?:[A-Za-z0-9_]{2,30}/)?[A-Za-z0-9]{15,}`,
  ),
  prefixed('STRIPE_KEY', '[srp]k_|wh', '[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{12,}[A-Za-z0-9/+=]*'),
  rule(
    'GCP_KEY',
    LONG,
    String.raw`(?=AI|GO|ya)${START}(?:AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,})`,
  ),
  rule(
    'OPENAI_KEY',
    LONG,
    `(?=sk-)${RUN_START}sk-(?!ant-)(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9][A-Za-z0-9_-]{19,}`,
  ),
  rule('ANTHROPIC_KEY', LONG, `(?=sk-)${RUN_START}sk-ant-[A-Za-z0-9_-]{16,}`),
  prefixed('NPM_TOKEN', 'npm_', 'npm_[A-Za-z0-9]{36}'),
  rule('PYPI_TOKEN', LONG, `(?=pypi)${START}pypi-[A-Za-z0-9_-]{32,}`),
  rule('SENDGRID_KEY', LONG, String.raw`(?=SG)${START}SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}(?![A-Za-z0-9_-])`),
  // Its case and length set it apart from the hex ids of other systems.
  prefixed('TWILIO_KEY', '[SA][KC]', '(?:SK|AC)[0-9a-f]{32}'),
  prefixed('HUGGINGFACE_TOKEN', 'hf_|api_', '(?:hf|api_org)_[A-Za-z0-9]{30,}'),
  rule(
    'AZURE_KEY',
    LABEL,
    '(?:(?:Account|SharedAccess)Key=|[?&]sig=)((?:[A-Za-z0-9/+]|%2[BbFf]){40,}(?:=|%3[Dd]){0,2})',
    lastGroup,
  ),
  rule('AZURE_KEY', TILDE, `(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])`),
];
