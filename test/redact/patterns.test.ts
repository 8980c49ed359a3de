import * as assert from 'uvu/assert';
import { DEFAULT_RULES } from '../../src/redact/default-rules.ts';
import { BASE64_RULE, Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';
import { SAMPLES } from './samples.ts';

const test = tests('redact/patterns');
const redactor = new Redactor();

test('every default rule has samples', () => {
  const names = new Set(DEFAULT_RULES.map((rule) => rule.name));
  assert.equal([...names].sort(), SAMPLES.map((sample) => sample.name).sort());
});

for (const { name, whole, within, not } of SAMPLES) {
  test(`${name}: found, alone and in any surroundings`, () => {
    for (const text of whole) {
      const token = `[REDACTED_${name}]`;
      assert.is(redactor.redactString(text), token);
      for (const [before, after] of [
        ['see ', ''],
        ['(', ')'],
        ['"', '"'],
        ['a\n', '\nb'],
        ['', ', then'],
      ] as const) {
        // Without its END line a private key goes on, and so only those with one can have something behind them.
        assert.is(redactor.redactString(before + text + after), before + token + after);
      }
      assert.equal(redactor.redact({ list: [text], [`${text}`]: 1 }), { list: [token], [token]: 1 });
    }
    for (const [before, after] of within) assert.is(redactor.redactString(before), after);
  });

  test(`${name}: near misses stay`, () => {
    for (const text of not) assert.is(redactor.redactString(text), text);
  });
}

test('event ids match nothing, in text and as keys', () => {
  let id = '';
  for (let i = 0; i < 2_000; i++) {
    id = Array.from({ length: 23 }, (_, j) =>
      String.fromCharCode(97 + ((i * 7 + j * j * (i + 3) + (i >> 3)) % 26)),
    ).join('');
    assert.equal(redactor.redact({ original_event_id: id, [id]: id }), { original_event_id: id, [id]: id });
  }
});

test('a card number as a number is found, other numbers stay', () => {
  const numbers = {
    id: 4111111111111111,
    at: 1760000000000,
    us: 1760000000000000,
    big: 123456789,
    share: 0.4111111111111111,
    no: -12.5e30,
  };
  assert.equal(redactor.redact(numbers), { ...numbers, id: '[REDACTED_CC]' });
});

test('digits of a UUID are no card', () => {
  const uuid = '41111111-1111-4111-8111-123456789012';
  for (let i = 0; i < 500; i++) {
    const digits = String(4000_0000_0000_0000 + i * 7_919);
    const text = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12)}-8000-123456789012`;
    assert.is(redactor.redactString(`id ${text}.`), `id ${text}.`);
  }
  assert.is(redactor.redactString(uuid), uuid);
});

test('a value whose key gives the context', () => {
  const value = { passportNumber: 'C01X00T47', app_version: '1.2.3.4', host: '1.2.3.4', born: '1990-04-01' };
  const expected = {
    passportNumber: '[REDACTED_PASSPORT]',
    app_version: '1.2.3.4',
    host: '[REDACTED_IP]',
    born: '[REDACTED_DATE_OF_BIRTH]',
  };
  assert.equal(redactor.redact(value), expected);
});

test('BASE64 is off, and spares hex and integrity hashes when it is on', () => {
  const data = Buffer.alloc(60, 'some bytes of an image').toString('base64');
  assert.is(redactor.redactString(data), data);
  const on = new Redactor({ patterns: [BASE64_RULE], extendDefaults: true });
  assert.is(on.redactString(`x ${data} y`), 'x [REDACTED_BASE64] y');
  for (const text of [
    '0123456789abcdef'.repeat(8),
    `sha512-${Buffer.alloc(64, 7).toString('base64')}`,
    'a'.repeat(40),
  ]) {
    assert.is(on.redactString(text), text);
  }
});

test.run();
