import * as assert from 'uvu/assert';
import { Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';

const test = tests('redact/line-shapes');

function event(payload: object, type = 'order.placed', more: object = {}): string {
  return JSON.stringify({
    event_type: type,
    payload,
    timestamp: 1_760_000_000.125,
    event_id: 'abcdefghijklmnopqrstuvw',
    source: null,
    correlation_id: 'c-1',
    ...more,
  });
}

/** Full redaction: a rule that must see every string keeps it from judging by bytes. */
const judge = new Redactor({ extendDefaults: true, patterns: [{ name: 'never', pattern: /\uffffnever/ }] });

/** Fails when a line counts as clean that full redaction would change, or that is no JSON. */
function check(redactor: Redactor, line: string): boolean {
  const bytes = Buffer.from(line);
  const clean = redactor.isCleanLine(bytes, 0, bytes.length);
  if (clean) assert.is(judge.redactLine(line), line, line);
  return clean;
}

const SHAPES = [
  { order: 'ord-1', total: 12.5, paid: true, customer: { id: 7, name: 'Ann' }, items: [{ sku: 'a', n: 1 }], note: '' },
  { order: 'ord-1', total: 12.5, paid: true, customer: { id: 7, name: 'Ann' }, items: [], note: null },
  { order: 'ord-1', list: [1, 'two', [3, 'four'], {}, { a: -5 }], empty: {} },
  {},
];

test('one character more, less or another, at each place of a line whose shape is known', () => {
  const redactor = new Redactor();
  const lines = SHAPES.map((payload) => event(payload));
  for (const line of lines) {
    redactor.redactLine(line);
    assert.ok(check(redactor, line));
  }
  let clean = 0;
  let judged = 0;
  for (const line of lines) {
    for (let at = 0; at <= line.length; at++) {
      for (const char of ['"', '\\', ',', ':', '{', '}', '[', ']', '@', '0', 'e', '-', '.', ' ', '\n', '\u0000']) {
        for (const changed of [
          line.slice(0, at) + char + line.slice(at),
          line.slice(0, at) + char + line.slice(at + 1),
          line.slice(0, at) + line.slice(at + 1),
        ]) {
          judged++;
          if (check(redactor, changed)) clean++;
        }
      }
    }
  }
  assert.ok(clean > judged / 50 && clean < judged / 2, `${clean} of ${judged} lines were clean`);
});

test('two lines crossed at any two places', () => {
  const redactor = new Redactor();
  const lines = SHAPES.map((payload) => event(payload));
  for (const line of lines) redactor.redactLine(line);
  for (const a of lines) {
    for (const b of lines) {
      for (let i = 40; i < a.length; i += 3)
        for (let j = 40; j < b.length; j += 5) check(redactor, a.slice(0, i) + b.slice(j));
    }
  }
});

test('what stands behind a line in its buffer is none of it', () => {
  const redactor = new Redactor();
  const line = event(SHAPES[0]!);
  redactor.redactLine(line);
  assert.ok(check(redactor, line));
  const bytes = Buffer.from(`${line}${line}`);
  for (let to = 0; to <= bytes.length; to++) {
    for (const from of [0, line.length]) {
      const whole = (from === 0 && to === line.length) || (from === line.length && to === bytes.length);
      assert.is(redactor.isCleanLine(bytes, from, to), whole, `${from} to ${to}`);
    }
  }
});

test('a secret in any field of a known shape, with the same text around it and in place of what was there before', () => {
  const redactor = new Redactor();
  const fields = ['order', 'note', 'state', 'city'];
  const secrets = ['ann@example.com', '4111 1111 1111 1111', 'password=hunter2x', '10.1.2.3'];
  const make = (field: string, text: string): string =>
    event({ order: 'a', note: 'b', state: 'c', city: 'd', [field]: text });
  for (let round = 0; round < 50; round++) {
    for (const field of fields) {
      assert.ok(redactor.redactLine(make(field, 'plain')).includes('plain'));
      for (const secret of secrets) {
        assert.not.ok(redactor.isCleanLine(Buffer.from(make(field, secret))));
        assert.not.ok(redactor.redactLine(make(field, secret)).includes(secret));
      }
    }
  }
  for (const more of [{ source: 'ann@example.com' }, { correlation_id: '10.1.2.3' }, { further: 'ann@example.com' }]) {
    assert.not.ok(redactor.isCleanLine(Buffer.from(event({ order: 'a' }, 'order.placed', more))));
  }
});

test('more shapes than are kept: each is judged right, and known ones are known again', () => {
  const redactor = new Redactor();
  const keys = Array.from({ length: 40 }, (_, i) => `key${String.fromCharCode(97 + (i % 26))}${'x'.repeat(i)}`);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 6_000; i++) {
      const payload = { [keys[i % 40]!]: i, [keys[(i * 7) % 37]!]: `v-${i}`, [keys[(i * 3) % 31]!]: [i] };
      const line = event(payload, `type.n${i % 90}`);
      assert.is(redactor.redactLine(line), line);
      assert.ok(check(redactor, line));
    }
  }
});

test('the same member twice, and one that a list of keys means', () => {
  const redactor = new Redactor();
  redactor.redactLine(event({ a: 'x' }));
  assert.ok(check(redactor, event({ a: 'x' })));
  check(redactor, event({ a: 'x' }).replace('"a":"x"', '"a":"x","a":"ann@example.com"'));
  assert.not.ok(redactor.isCleanLine(Buffer.from(event({ a: 'x' }).replace('"a":', '"password":'))));
  assert.not.ok(
    redactor.isCleanLine(Buffer.from(event({ a: 'x' }).replace('"a":', '"event_id":"ann@example.com","a":'))),
  );
});

test.run();
