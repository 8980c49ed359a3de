import * as assert from 'uvu/assert';
import { ConfigError, GanglionError, RedactionRuleError, SerializationError } from '../../src/errors.ts';
import { type RedactionRule, Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';
import { eventLine as event } from './event-line.ts';

const test = tests('redact/redactor');
const redactor = new Redactor();

test('redact leaves its argument alone and gives what JSON gives', () => {
  class Point {
    x = 1;
    toJSON(): unknown {
      return { x: this.x, mail: 'a@example.com' };
    }
  }
  const value = Object.freeze({
    at: new Date(0),
    map: new Map([[1, 2]]),
    none: undefined,
    nan: Number.NaN,
    f: () => 1,
    point: new Point(),
    list: Object.freeze([undefined, 'a@example.com', { secret: 'x' }]),
  });
  const before = JSON.stringify(value);
  assert.equal(redactor.redact(value), {
    at: '1970-01-01T00:00:00.000Z',
    map: {},
    nan: null,
    point: { x: 1, mail: '[REDACTED_EMAIL]' },
    list: [null, '[REDACTED_EMAIL]', { secret: '[REDACTED]' }],
  });
  assert.is(JSON.stringify(value), before);
  for (const plain of [null, true, 7, 'x', undefined]) assert.is(redactor.redact(plain), plain);
  assert.is(redactor.redact('a@example.com'), '[REDACTED_EMAIL]');
});

test('what JSON cannot hold is refused by its code', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const value of [
    cycle,
    { n: 1n },
    {
      toJSON: () => {
        throw new Error('no');
      },
    },
  ]) {
    assert.throws(
      () => redactor.redact(value),
      (e: unknown) => SerializationError.is(e) && e.cause instanceof Error,
    );
  }
});

test('__proto__ and constructor keys are data', () => {
  const value = JSON.parse('{"__proto__":{"password":"x","a":1},"constructor":{"prototype":{"token":"y"}}}') as object;
  const redacted = redactor.redact(value) as object;
  assert.is(
    JSON.stringify(redacted),
    '{"__proto__":{"password":"[REDACTED]","a":1},"constructor":{"prototype":{"token":"[REDACTED]"}}}',
  );
  assert.is(Object.getPrototypeOf(redacted), Object.prototype);
  assert.is(({} as Record<string, unknown>).password, undefined);
});

test('keys that redact to one name all stay', () => {
  const value = {
    'a@example.com': 1,
    '[REDACTED_EMAIL]_3': 0,
    'b@example.com': 2,
    'c@example.com': 3,
    '[REDACTED_EMAIL]': 4,
  };
  const redacted = redactor.redact(value) as Record<string, unknown>;
  assert.equal(redacted, {
    '[REDACTED_EMAIL]_2': 1,
    '[REDACTED_EMAIL]_3': 0,
    '[REDACTED_EMAIL]_4': 2,
    '[REDACTED_EMAIL]_5': 3,
    '[REDACTED_EMAIL]': 4,
  });
  assert.equal(redactor.redact(redacted), redacted);
  assert.is(
    redactor.redactLine('{"x":{"a@example.com":1,"a@example.com":2}}'),
    '{"x":{"[REDACTED_EMAIL]":1,"[REDACTED_EMAIL]_2":2}}',
  );
});

test('JSON in a string is redacted as JSON, one level deep, numbers and spaces kept', () => {
  const inner = '{ "password": "x", "id": 12345678901234567890, "f": 1.0, "list": [ "a@example.com" ] }';
  const expected = '{ "password": "[REDACTED]", "id": 12345678901234567890, "f": 1.0, "list": [ "[REDACTED_EMAIL]" ] }';
  assert.is(redactor.redactString(inner), expected);
  assert.equal(redactor.redact({ body: inner, lines: [` \n${inner}`] }), { body: expected, lines: [` \n${expected}`] });
  assert.is(redactor.redactString('["4111111111111111",{"cvv":123}]'), '["[REDACTED_CC]",{"cvv":"[REDACTED]"}]');
  // A second level is text, in which a quoted key and value still count.
  const two = JSON.stringify({ body: JSON.stringify({ password: 'x', pin_code: 'kept' }) });
  assert.is(redactor.redactString(two), JSON.stringify({ body: '{"password":"[REDACTED_SECRET]","pin_code":"kept"}' }));
  assert.is(redactor.redactString('{"password":"x"} and more'), '{"password":"[REDACTED_SECRET]"} and more');
});

test('tokens are exempt, as values and as keys', () => {
  const texts = [
    '[REDACTED]',
    '[REDACTED_UNSCANNABLE]',
    '[REDACTED_PHONE]_2',
    'password=[REDACTED_SECRET]',
    'x [REDACTED_CC].',
  ];
  for (const text of texts) assert.is(redactor.redactString(text), text);
  for (const text of ['[REDACTED]', '[REDACTED_PHONE]', '[REDACTED_SECRET]_2', 'x [REDACTED_CC].']) {
    const value = { [text]: { a: 1 }, password: '[REDACTED_EMAIL]' };
    assert.equal(redactor.redact(value), value);
  }
  const own = new Redactor({ patterns: [{ name: 'letters', pattern: /[A-Z]+/ }] });
  assert.is(own.redactString('ab CD [REDACTED] E'), 'ab [REDACTED_LETTERS] [REDACTED] [REDACTED_LETTERS]');
  // A token hides nothing that is glued to it.
  assert.is(redactor.redactString('password=[REDACTED]hunter2'), 'password=[REDACTED_SECRET]');
  assert.is(redactor.redactString('[REDACTED_4111111111111111]'), '[REDACTED_[REDACTED_CC]]');
});

test('patterns of the user replace the default ones or run before them', () => {
  const rule: RedactionRule = { name: 'employee', pattern: /\bE-[0-9]{4}\b/ };
  const own = new Redactor({ patterns: [rule] });
  assert.is(own.redactString('E-1234, E-5678 a@example.com'), '[REDACTED_EMPLOYEE], [REDACTED_EMPLOYEE] a@example.com');
  assert.equal(own.redact({ password: 'E-1234', n: 1234 }), { password: '[REDACTED_EMPLOYEE]', n: 1234 });
  const both = new Redactor({ patterns: [{ ...rule, token: '<employee>' }], extendDefaults: true });
  assert.is(both.redactString('E-1234 a@example.com'), '<employee> [REDACTED_EMAIL]');
  assert.is(new Redactor({ patterns: [] }).redactString('a@example.com'), 'a@example.com');
  assert.equal(new Redactor({ patterns: [] }).redact({ token: 'a@example.com' }), { token: '[REDACTED]' });
  assert.equal(new Redactor({ patterns: [{ name: 'n', pattern: /^5[0-9]+$/ }] }).redact({ a: 512, b: 412 }), {
    a: '[REDACTED_N]',
    b: 412,
  });
  assert.is(
    new Redactor({ patterns: [{ name: 'b', pattern: /b/y }] }).redactString('abcb'),
    'a[REDACTED_B]c[REDACTED_B]',
  );
});

test('tokens of the user: any text, and none of them is searched again', () => {
  for (const token of ['', '***', 'N0', 'hidden', '[x]', '$&']) {
    const own = new Redactor({ patterns: [{ name: 'digits', pattern: /[0-9]{3}/, token }], redactKeys: [] });
    const once = own.redact({ a: '1234567x', 'k 123': 1, 'k 456': 2, b: 'plain' }) as Record<string, unknown>;
    assert.not.match(JSON.stringify(once), /123|456/);
    assert.is(Object.keys(once).length, 4);
    assert.equal(own.redact(once), once);
  }
});

test('a token that its own rule makes grow ends in an error token, not in a loop', () => {
  const own = new Redactor({ patterns: [{ name: 'x', pattern: /x/, token: 'axa' }] });
  const once = own.redactString('bxb');
  assert.is(once, '[REDACTED_ERROR]');
  assert.is(own.redactString(once), once);
});

test('rules that are none are refused by their code', () => {
  const bad: unknown[] = [
    null,
    7,
    {},
    { name: 'a' },
    { name: '', pattern: /x/ },
    { name: 'a', pattern: 'x' },
    { name: 'a', pattern: /x/, token: 7 },
    { name: 'a', pattern: /x*/ },
    { name: 'a', pattern: /(?:)/ },
    { name: 'a', pattern: /\b/ },
    { name: 'a', pattern: /(?=a)/ },
    { name: 'a', pattern: /$/ },
  ];
  for (const rule of bad) {
    assert.throws(
      () => new Redactor({ patterns: [rule as RedactionRule] }),
      (e: unknown) => RedactionRuleError.is(e) && e.code === 'ERR_GANGLION_REDACTION_RULE',
    );
  }
  const forged = Object.defineProperty(/x/, 'source', { value: '(' });
  assert.throws(
    () => new Redactor({ patterns: [{ name: 'a', pattern: forged }] }),
    (e: unknown) => RedactionRuleError.is(e) && e.cause instanceof SyntaxError,
  );
});

test('options of a wrong type are named all at once', () => {
  const options = { enabled: 1, redactKeys: 'password', patterns: 'x', extendDefaults: 'no', budgetMs: 0 };
  try {
    new Redactor(options as never);
    assert.unreachable();
  } catch (e) {
    assert.ok(ConfigError.is(e));
    assert.is((e as ConfigError).problems.length, 5);
  }
  assert.throws(
    () => new Redactor({ redactKeys: ['__'] }),
    (e: unknown) => ConfigError.is(e),
  );
  assert.throws(
    () => new Redactor({ redactKeys: [7 as never] }),
    (e: unknown) => GanglionError.is(e),
  );
});

test('disabled: all comes back as it is', () => {
  const off = new Redactor({ enabled: false });
  const value = { password: 'x' };
  assert.is(off.redact(value), value);
  assert.is(off.redactString('a@example.com'), 'a@example.com');
  assert.is(off.redactLine('{"password":"x"}'), '{"password":"x"}');
  assert.is(off.enabled, false);
});

test('travels as plain data', () => {
  const options = {
    redactKeys: new Set(['employeeNo']),
    patterns: [{ name: 'e', pattern: /\be-[0-9]+\b/i, token: '<e>' }],
    extendDefaults: true,
  };
  for (const from of [
    new Redactor(options),
    new Redactor(),
    new Redactor({ redactKeys: [], patterns: [] }),
    new Redactor({ enabled: false }),
  ]) {
    const to = Redactor.fromConfig(structuredClone(from.toConfig()));
    const value = { employee_no: 1, a: 'E-12 a@example.com', password: 'x' };
    assert.equal(to.redact(value), from.redact(value));
    assert.equal(to.toConfig(), from.toConfig());
  }
});

test('a runaway pattern costs the payload, not the envelope', () => {
  const own = new Redactor({ patterns: [{ name: 'run', pattern: /^(?:a+)+$/ }], budgetMs: 5 });
  const line = event({ ok: 1, text: `${'a'.repeat(23)}!` }, { correlation_id: 'c-1', extra: 'aaa' });
  assert.equal(JSON.parse(own.redactLine(line)), {
    ...JSON.parse(line),
    payload: '[REDACTED_ERROR]',
    extra: '[REDACTED_RUN]',
  });
  assert.is(own.redact({ text: `${'a'.repeat(23)}!` }), '[REDACTED_ERROR]');
  assert.is(own.redactString(`${'a'.repeat(23)}!`), '[REDACTED_ERROR]');
  assert.is(
    own.redactLine(event({ text: 'aaa' })),
    event({ text: '[REDACTED_RUN]' }),
    'the next line has its own budget',
  );
});

test('a rule that throws costs the payload, not the envelope', () => {
  const line = event({ text: 'a@example.com' }, { correlation_id: 'c-1', extra: 'b@example.com' });
  const exec = Object.getOwnPropertyDescriptor(RegExp.prototype, 'exec')!;
  const failing = (): never => {
    // The engine throws when a match overflows its stack; no text within the caps does that for sure.
    throw new RangeError('Maximum call stack size exceeded');
  };
  let texts: unknown[] = [];
  try {
    Object.defineProperty(RegExp.prototype, 'exec', { ...exec, value: failing });
    texts = [redactor.redactString('a@example.com'), redactor.redact(['a@example.com']), redactor.redactLine(line)];
  } finally {
    Object.defineProperty(RegExp.prototype, 'exec', exec);
  }
  assert.equal(texts.slice(0, 2), ['[REDACTED_ERROR]', '[REDACTED_ERROR]']);
  const { extra: _, ...envelope } = JSON.parse(line) as Record<string, unknown>;
  const expected = { ...envelope, payload: '[REDACTED_ERROR]', '[REDACTED_ERROR]_6': '[REDACTED_ERROR]' };
  assert.equal(JSON.parse(texts[2] as string), expected);
});

test('a failed payload beside members of any depth costs at most those members', () => {
  const own = new Redactor({ patterns: [{ name: 'run', pattern: /^(?:a+)+$/ }], budgetMs: 5 });
  // Deeper than Node 20 writes; the budget grows with the line.
  const deep = `${'['.repeat(20_000)}1${']'.repeat(20_000)}`;
  const line = `{"event_type":"a","payload":"${'a'.repeat(27)}!","source":${deep},"correlation_id":"aaa","extra":${deep}}`;
  // Whether this depth can be written depends on the version of Node.
  const redacted = JSON.parse(own.redactLine(line)) as Record<string, unknown>;
  assert.is(redacted.event_type, 'a');
  assert.is(redacted.payload, '[REDACTED_ERROR]');
  assert.is(redacted.correlation_id, '[REDACTED_RUN]');
  assert.is(Object.keys(redacted).length, 5);
});

test("a long string is searched by the user's patterns in windows, and all of it", () => {
  const own = new Redactor({ patterns: [{ name: 'e', pattern: /(?<=^|\s)E-[0-9]{4}(?=\s|$)/ }] });
  for (const length of [8_000, 8_192, 10_000, 50_000]) {
    for (const at of [0, 7_166, 7_168, 8_184, 8_190, 8_192, 14_330, length - 7]) {
      if (at > length - 6) continue;
      const text = `${' '.repeat(at)}E-1234${' '.repeat(length - at - 6)}`;
      assert.is(own.redactString(text), text.replace('E-1234', '[REDACTED_E]'), `${at} of ${length}`);
    }
  }
  const first = new Redactor({ patterns: [{ name: 'e', pattern: /^x/ }] });
  assert.is(first.redactString('x'.repeat(100_000)), `[REDACTED_E]${'x'.repeat(99_999)}`);
});

test('what a quadratic pattern may take is capped by the window and the budget', () => {
  const own = new Redactor({ patterns: [{ name: 'q', pattern: /a+b/ }], budgetMs: 1 });
  // Without a cap this is a matter of minutes.
  assert.is(own.redactString('a'.repeat(1_000_000)), '[REDACTED_ERROR]');
});

test.run();
