/** Made-up values in each default pattern's format, none of them a key of anybody's. */
export interface Sample {
  readonly name: string;
  /** Each is replaced as a whole by the rule's token, wherever it stands. */
  readonly whole: readonly string[];
  /** Text in which only a part is replaced: before, after. */
  readonly within: readonly (readonly [before: string, after: string])[];
  /** Nothing in these is replaced. */
  readonly not: readonly string[];
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = base64url({ alg: 'HS256', typ: 'JWT' });
const claims = base64url({ sub: '42', name: 'Ann' });
const JWT = `${header}.${claims}.c2lnbmF0dXJl`;

const begin = (kind: string): string => `-----BEGIN ${kind}PRIVATE KEY-----`;
const end = (kind: string): string => `-----END ${kind}PRIVATE KEY-----`;
const body =
  'MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\nKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==';

const letters = (n: number): string => 'aB3dE5gH7jK9mN1pQ2sT4vW6xY8z'.repeat(8).slice(0, n);
const hex = (n: number): string => '0123456789abcdef'.repeat(8).slice(0, n);

export const SAMPLES: readonly Sample[] = [
  {
    name: 'PRIVATE_KEY',
    whole: [
      `${begin('')}\n${body}\n${end('')}`,
      `${begin('RSA ')}\n${body}\n${end('RSA ')}`,
      `${begin('ENCRYPTED ')}\\n${body.replace('\n', '\\n')}\\n${end('ENCRYPTED ')}`,
      '-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----',
    ],
    within: [[`key: then ${begin('EC ')}\nMHcCAQEE`, 'key: then [REDACTED_PRIVATE_KEY]']],
    not: [
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      '-----BEGIN PUBLIC KEY-----',
      'a private key -- begin',
    ],
  },
  {
    name: 'JWT',
    whole: [JWT, `${header}.${claims}.`, `${base64url({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`],
    within: [[`id ${JWT}, next`, 'id [REDACTED_JWT], next']],
    not: [`${base64url({ sub: 'no header' })}.${claims}.c2ln`, 'eyJub3QganNvbg.abc.def', `${header}.alone`, `x${JWT}`],
  },
  {
    name: 'AWS_KEY',
    whole: ['AKIAABCDEFGHIJKLMNOP', 'ASIA2345ABCDEFGHIJKL', 'ABIAABCDEFGHIJKLMNOP', 'ACCAABCDEFGHIJKLMNOP'],
    within: [
      ['id=AKIAABCDEFGHIJKLMNOP;', 'id=[REDACTED_AWS_KEY];'],
      ['line\\nAKIAABCDEFGHIJKLMNOP', 'line\\n[REDACTED_AWS_KEY]'],
      [`aws_secret_access_key = ${letters(36)}/+ab`, 'aws_secret_access_key = [REDACTED_AWS_KEY]'],
      [`AWS secret: ${letters(40)}.`, 'AWS secret: [REDACTED_AWS_KEY].'],
    ],
    not: ['AKIAABCDEFGHIJKLMNOPQ', 'AKIAshort', 'XAKIAABCDEFGHIJKLMNOP', letters(40), `commit ${hex(40)}`],
  },
  {
    name: 'AWS_ARN',
    whole: [
      'arn:aws:iam::123456789012:role/admin',
      'arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f',
      'arn:aws:sqs:eu-west-1:123456789012:queue',
    ],
    within: [['of "arn:aws:iam::123456789012:root".', 'of "[REDACTED_AWS_ARN]".']],
    not: ['arn:aws:s3:::bucket/key', 'arn:aws:iam::12345:role/x', 'barn:aws:iam::123456789012:x'],
  },
  {
    name: 'GITHUB_TOKEN',
    whole: 'pousr'
      .split('')
      .map((kind) => `gh${kind}_${letters(36)}`)
      .concat(`github_pat_${letters(22)}_${letters(59)}`),
    within: [[`(ghp_${letters(36)})`, '([REDACTED_GITHUB_TOKEN])']],
    not: ['ghp_short', `ghx_${letters(36)}`, `aghp_${letters(36)}`, 'ghs_helper_function'],
  },
  {
    name: 'GITLAB_TOKEN',
    whole: [`glpat-${letters(20)}`, `glrt-${letters(24)}`],
    within: [],
    not: ['glpat-short', `gl-${letters(20)}`],
  },
  {
    name: 'SLACK_TOKEN',
    whole: [`xoxb-123456789012-${letters(24)}`, `xoxp-${letters(30)}`, `xapp-1-A0-${letters(20)}`],
    within: [],
    not: ['xoxb-1', `xoxz-${letters(20)}`, 'xox-and-xo-games'],
  },
  {
    name: 'SLACK_WEBHOOK',
    whole: [
      `https://hooks.slack.com/services/T01234567/B01234567/${letters(24)}`,
      `https://hooks.slack.com/services/TABC/BABC/${'q'.repeat(24)}`,
    ],
    within: [],
    not: ['https://hooks.slack.com/docs', `https://example.com/services/T01234567/B01234567/${letters(24)}`],
  },
  {
    name: 'STRIPE_KEY',
    whole: [`sk_live_${letters(24)}`, `rk_test_${letters(24)}`, `pk_live_${letters(24)}`, `whsec_${letters(32)}`],
    within: [],
    not: ['sk_live_short', 'pk_testing'],
  },
  {
    name: 'GCP_KEY',
    whole: [`AIza${letters(35)}`, `ya29.${letters(40)}`, `GOCSPX-${letters(28)}`],
    within: [],
    not: [`AIza${letters(20)}`, `AIza${letters(36)}`],
  },
  {
    name: 'OPENAI_KEY',
    whole: [`sk-${letters(48)}`, `sk-proj-${letters(40)}`, `sk-svcacct-${letters(30)}`],
    within: [],
    not: ['sk-short', `task-${letters(20)}`, 'sk-'],
  },
  {
    name: 'ANTHROPIC_KEY',
    whole: [`sk-ant-api03-${letters(40)}`],
    within: [],
    not: ['sk-ant-', 'ask-ants-about-the-hill'],
  },
  {
    name: 'NPM_TOKEN',
    whole: [`npm_${letters(36)}`],
    within: [],
    not: [`npm_${letters(20)}`, 'npm_config_registry', 'npm_package_version_number'],
  },
  {
    name: 'PYPI_TOKEN',
    whole: [`pypi-AgEIcHlwaS5vcmc${letters(60)}`],
    within: [],
    not: ['pypi-server', 'pypi-package-names-are-short'],
  },
  {
    name: 'SENDGRID_KEY',
    whole: [`SG.${letters(22)}.${letters(43)}`, `SG.${hex(22)}.${hex(43)}`],
    within: [],
    not: ['SG.short.short', `MSG.${letters(22)}.x`],
  },
  {
    name: 'TWILIO_KEY',
    whole: [`SK${hex(32)}`, `AC${hex(32)}`],
    within: [],
    not: [hex(32), `SK${hex(31)}`, `SK${hex(33)}`, `sk${hex(32)}`, `XSK${hex(32)}`, `SK${hex(32).toUpperCase()}`],
  },
  {
    name: 'HUGGINGFACE_TOKEN',
    whole: [`hf_${letters(34)}`],
    within: [],
    not: ['hf_hub_download', `hf_${letters(12)}`],
  },
  {
    name: 'AZURE_KEY',
    whole: [`abc8Q~${letters(34)}`],
    within: [
      [
        `AccountName=a;AccountKey=${letters(86)}==;EndpointSuffix=x`,
        'AccountName=a;AccountKey=[REDACTED_AZURE_KEY];EndpointSuffix=x',
      ],
      [`https://a.blob/x?sv=1&sig=${letters(43)}%3D&se=2`, 'https://a.blob/x?sv=1&sig=[REDACTED_AZURE_KEY]&se=2'],
    ],
    not: ['AccountKey=', `ab8Q~${letters(10)}`],
  },
  {
    name: 'URL_CREDENTIALS',
    whole: [],
    within: [
      ['postgres://ann:hunter2@db.example.com:5432/x', 'postgres://[REDACTED]:[REDACTED]@db.example.com:5432/x'],
      ['redis://:hunter2@host/0', 'redis://[REDACTED]:[REDACTED]@host/0'],
      ['mongodb+srv://u:p@ss@w@host/?w=1', 'mongodb+srv://[REDACTED]:[REDACTED]@host/?w=1'],
      ['a https://u:p@h, b ftp://x:y@z', 'a https://[REDACTED]:[REDACTED]@h, b ftp://[REDACTED]:[REDACTED]@z'],
    ],
    not: ['https://example.com:8080/a', 'http://host:80/path@x', 'https://host/a:b@c'],
  },
  {
    name: 'BEARER',
    whole: [
      'Bearer abc123def',
      `bearer ${JWT.slice(30)}`,
      'Bearer my_opaque_token',
      'Basic YW5uOmh1bnRlcjI=',
      `Token ${hex(40)}`,
      'Digest username="ann", realm="x", nonce="n", uri="/", response="r"',
    ],
    within: [
      ['authorization: Bearer onlyletters', 'authorization: [REDACTED_BEARER]'],
      ['{"Authorization": "Token abc"}x', '{"Authorization": "[REDACTED_BEARER]"}x'],
      [
        'curl -H "Authorization: Basic YW5uOmh1bnRlcjI=" https://x.example',
        'curl -H "Authorization: [REDACTED_BEARER]" https://x.example',
      ],
      ['Bearer mysecret', '[REDACTED_BEARER]'],
      ['Digest username="a", nonce="b",nc=1 and more', '[REDACTED_BEARER] and more'],
    ],
    not: [
      'basic training',
      'Basic principles',
      'the bearer of news',
      'bearer token',
      'Unexpected token in JSON',
      'Token 5 of 10',
      'digest of the week',
    ],
  },
  {
    name: 'COOKIE',
    whole: [],
    within: [
      ['cookie: sid=abc; theme=dark', 'cookie: [REDACTED_COOKIE]'],
      [
        'Set-Cookie: id=a3f; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly\nnext',
        'Set-Cookie: [REDACTED_COOKIE]\nnext',
      ],
      ['x "Cookie":"a=b" y', 'x "Cookie":"[REDACTED_COOKIE]" y'],
    ],
    not: ['cookie: string', 'cookies are sweet', 'a cookie jar'],
  },
  {
    name: 'SECRET',
    whole: [],
    within: [
      ['password=hunter2', 'password=[REDACTED_SECRET]'],
      ['DB_PASSWORD=hunter2 x', 'DB_PASSWORD=[REDACTED_SECRET] x'],
      ['api_key: abc, rest', 'api_key: [REDACTED_SECRET], rest'],
      ['secret => "a b \\" c" z', 'secret => "[REDACTED_SECRET]" z'],
      ["client-secret: 'a b'", "client-secret: '[REDACTED_SECRET]'"],
      ['log: "password":"x" end', 'log: "password":"[REDACTED_SECRET]" end'],
      ['log: \\"password\\":\\"x\\" end', 'log: \\"password\\":\\"[REDACTED_SECRET]\\" end'],
      ['a\\npassword=x', 'a\\npassword=[REDACTED_SECRET]'],
      ['?token=abc&page=2', '?token=[REDACTED_SECRET]&page=2'],
      ['password=a,b;c host=d', 'password=[REDACTED_SECRET] host=d'],
      ['Server=db;Password=x1;Database=y', 'Server=db;Password=[REDACTED_SECRET];Database=y'],
      ['pin: 1234, otp=123456', 'pin: [REDACTED_SECRET], otp=[REDACTED_SECRET]'],
      ['password="unclosed and more', 'password="[REDACTED_SECRET]'],
      ['connection string: x', 'connection string: [REDACTED_SECRET]'],
    ],
    not: [
      'token: string',
      'token: boolean',
      'token: null',
      'token: undefined',
      'token: string | undefined',
      'token: string|null;',
      'tokens: string[]',
      'password',
      'the secret is out',
      'password:',
      'spin: 1234',
      'pin: header',
      'monkey=1',
      'tokenizer=fast',
    ],
  },
  {
    name: 'KEY',
    whole: [
      `api_${letters(20)}`,
      `key-${hex(32)}`,
      `token_${letters(24)}`,
      `secret-${letters(30)}`,
      `pk_${letters(22)}`,
    ],
    within: [],
    not: [
      'api-gateway-production-eu-west-1',
      'token-based-authentication-flow',
      `key_${letters(10)}`,
      `monkey_${letters(24)}`,
      'api_key',
    ],
  },
  {
    name: 'EMAIL',
    whole: [
      'alice@example.com',
      'a.b+c_d@mail.example.co.uk',
      'alice%40example.com',
      'jörg@müller.example',
      "o'neil@example.org",
      'x@xn--80ak6aa92e.xn--p1ai',
    ],
    within: [
      ['<alice@example.com>,bob@example.org.', '<[REDACTED_EMAIL]>,[REDACTED_EMAIL].'],
      ['line\\nalice@example.com', 'line\\n[REDACTED_EMAIL]'],
      ['mailto:alice@example.com?subject=x', 'mailto:[REDACTED_EMAIL]?subject=x'],
      ['メールはalice@example.comです', 'メールは[REDACTED_EMAIL]です'],
    ],
    not: [
      '@scope/pkg',
      'npm i @scope/pkg@1.2.3',
      'git@github.com:org/repo.git',
      'ssh://git@github.com/org/repo',
      'icon@2x.png',
      'a@b',
      'user@localhost',
      '@ home.com',
      '50%40',
    ],
  },
  {
    name: 'IBAN',
    whole: [
      'GB82WEST12345698765432',
      'GB82 WEST 1234 5698 7654 32',
      'DE89370400440532013000',
      'NO9386011117947',
      'de89370400440532013000',
      'FR14 2004 1010 0505 0001 3M02 606',
    ],
    within: [['to GB82 WEST 1234 5698 7654 32 AND MORE', 'to [REDACTED_IBAN] AND MORE']],
    not: [
      'GB82WEST12345698765431',
      'DE8937040044053201300',
      'DE893704004405320130001',
      'ZZ82WEST12345698765432',
      'XGB82WEST12345698765432',
    ],
  },
  {
    name: 'CC',
    whole: [
      '4111111111111111',
      '4111 1111 1111 1111',
      '5500-0000-0000-0004',
      '340000000000009',
      '3400 000000 00009',
      '6011000000000004',
      '30000000000004',
      '3530111333300000',
      '4222222222222',
      '6304000000000000',
      '2221000000000009',
    ],
    within: [
      ['order 12 4111 1111 1111 1111 123', 'order 12 [REDACTED_CC] 123'],
      ['paid:4111111111111111.', 'paid:[REDACTED_CC].'],
      ['a\\n4111111111111111', 'a\\n[REDACTED_CC]'],
    ],
    not: [
      '4111111111111112',
      '1760000000000',
      '1760000000007',
      '0.4111111111111111',
      '4111111111111111.5',
      'a4111111111111111',
      '41111111111111111111111',
      '1234567812345670',
      '999-4111-22',
    ],
  },
  {
    name: 'SSN',
    whole: ['123-45-6789', '123 45 6789', '123.45.6789'],
    within: [['no 123-45-6789, ok', 'no [REDACTED_SSN], ok']],
    not: [
      '000-45-6789',
      '666-45-6789',
      '900-45-6789',
      '123-00-6789',
      '123-45-0000',
      '123456789',
      '123-45 6789',
      '1123-45-6789',
      '123-45-67890',
      '123-45-6789-0',
    ],
  },
  {
    name: 'ROUTING_NUMBER',
    whole: [],
    within: [
      ['routing number 021000021', 'routing number [REDACTED_ROUTING_NUMBER]'],
      ['ABA: 021000021', 'ABA: [REDACTED_ROUTING_NUMBER]'],
      ['021000021 (ABA)', '[REDACTED_ROUTING_NUMBER] (ABA)'],
    ],
    not: ['021000021', 'routing number 021000022', 'routing to 021000021 hosts', 'grabaABA 0210000211'],
  },
  {
    name: 'PASSPORT',
    whole: [],
    within: [
      ['passport no. C01X00T47', 'passport no. [REDACTED_PASSPORT]'],
      ['Passport number: 123456789', 'Passport number: [REDACTED_PASSPORT]'],
      ['X1234567 is my passport', '[REDACTED_PASSPORT] is my passport'],
    ],
    not: ['123456789', 'passport office 12', 'passport: pending', 'C01X00T47'],
  },
  {
    name: 'DATE_OF_BIRTH',
    whole: [],
    within: [
      ['DOB 1990-04-01', 'DOB [REDACTED_DATE_OF_BIRTH]'],
      ['date of birth: 01/04/1990', 'date of birth: [REDACTED_DATE_OF_BIRTH]'],
      ['born on April 1, 1990 in', 'born on [REDACTED_DATE_OF_BIRTH] in'],
      ['birthday=1 Apr 1990', 'birthday=[REDACTED_DATE_OF_BIRTH]'],
    ],
    not: ['1990-04-01', 'released 1990-04-01', 'DOB 1990-14-01', 'born in 1990'],
  },
  {
    name: 'IP',
    whole: [
      '10.0.0.1',
      '255.255.255.255',
      '2001:db8::1',
      'fe80::1',
      '2001:db8:0:0:0:0:0:1',
      '::1',
      '::ffff:10.0.0.1',
      'fe80::1%eth0',
      '1:2:3:4:5:6:7:8',
    ],
    within: [
      ['from 10.0.0.1:8080.', 'from [REDACTED_IP]:8080.'],
      ['http://10.0.0.1/', 'http://[REDACTED_IP]/'],
      ['server: 10.0.0.1', 'server: [REDACTED_IP]'],
      ['[2001:db8::1]:443', '[[REDACTED_IP]]:443'],
      ['addr:2001:db8::1', 'addr:[REDACTED_IP]'],
      ['10.0.0.0/8', '[REDACTED_IP]/8'],
    ],
    not: [
      '256.1.1.1',
      '1.2.3',
      '1.2.3.4.5',
      'v1.2.3.4',
      'version 1.2.3.4',
      'Version=8.0.0.0',
      'Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36',
      '1.2.3.4-beta',
      '01.02.03.04',
      'std::x',
      'a::b',
      '::',
      '12:34:56',
      '2025-10-09T08:53:20Z',
      'Foo::Bar',
      'appVersion=1.2.3.4',
      '1:2:3',
    ],
  },
  {
    name: 'MAC',
    whole: ['00:1a:2b:3c:4d:5e', '00-1A-2B-3C-4D-5E'],
    within: [],
    not: ['00:1a:2b:3c:4d', '00:1a:2b-3c:4d:5e', '00:1a:2b:3c:4d:5e:6f', '12:34:56'],
  },
  {
    name: 'PHONE',
    whole: [
      '+14155550123',
      '+44 20 7946 0958',
      '+1 (415) 555-0123',
      '(415) 555-0123',
      '415-555-0123',
      '415.555.0123',
      '415 555 0123',
      '1-415-555-0123',
      '%2B14155550123',
    ],
    within: [
      ['call +1 415 555 0123, or', 'call [REDACTED_PHONE], or'],
      ['+14155550123 2025 10 09', '[REDACTED_PHONE] 2025 10 09'],
    ],
    not: ['4155550123', '1760000000', '+1234', '2025-10-09', '+02:00', 'a+14155550123', '415-555-01234', '1.415.555'],
  },
];
