import * as assert from 'uvu/assert';
import { DEFAULT_KEYS, KeyMatcher, wordsOf } from '../../src/redact/key-matcher.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';

const test = tests('redact/keys');
const matcher = new KeyMatcher(DEFAULT_KEYS);
const redactor = new Redactor();

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const spellings = (words: readonly string[]): string[] => [
  words.join('_'),
  words.join('-'),
  words.join('.'),
  words.join(' '),
  words.join(''),
  words.join('_').toUpperCase(),
  words.map(capital).join(''),
  words.map(capital).join('-'),
  words[0]! + words.slice(1).map(capital).join(''),
];

test('every default key in every spelling, its plural too', () => {
  for (const key of DEFAULT_KEYS) {
    const words = key.split('_');
    for (const spelling of spellings(words)) {
      assert.is(matcher.match(spelling), 'whole', spelling);
      assert.is(matcher.match(`${spelling}s`), 'whole', `${spelling}s`);
    }
  }
  assert.is(matcher.match('addresses'), 'whole');
});

test('a listed key as a part of another', () => {
  for (const key of DEFAULT_KEYS) {
    for (const spelling of spellings(['customer', ...key.split('_'), 'old']).filter(
      (s) => s !== spellings(['customer', ...key.split('_'), 'old'])[4],
    )) {
      assert.is(matcher.match(spelling), 'part', spelling);
    }
  }
  for (const key of [
    'userPassword',
    'USER_PASSWORD',
    'APIKeyId',
    'myAPIKeys',
    'password2',
    'oauth2Token',
    'newPasswords',
  ]) {
    assert.is(matcher.match(key), 'part', key);
  }
});

test('words that nothing separates', () => {
  for (const key of ['accesstoken', 'creditcard', 'passWord', 'PaSsWoRd', 'pass-word', 'APIKEY'])
    assert.is(matcher.match(key), 'whole', key);
  for (const key of ['dbpassword', 'USERPASSWORD', 'authtoken', 'secretkey', 'passwordhash'])
    assert.is(matcher.match(key), 'part', key);
});

test('words that only begin or end alike', () => {
  for (const key of [
    'passwordless',
    'tokenizer',
    'tokenized',
    'secretary',
    'author',
    'shipping',
    'spinner',
    'pinned',
    'adobe',
    'keyboard',
    'apikeyless',
    'otpauthless',
    'emailer',
    '',
    '_',
    '12',
  ]) {
    assert.is(matcher.match(key), 'none', key);
  }
});

test("no default key is found in the keys of the bus's own records", () => {
  for (const key of [
    'original_event_id',
    'original_event_type',
    'subscription_id',
    'handler_name',
    'reason',
    'error',
    'message',
    'code',
    'torn_bytes',
    'missing',
    'body_bytes',
  ]) {
    assert.is(matcher.match(key), 'none', key);
  }
});

test('keys beyond ASCII', () => {
  const own = new KeyMatcher(['straße', 'пароль', 'ключ_api']);
  for (const key of ['Straße', 'ПАРОЛЬ', 'мойПароль', 'ключApi']) assert.is.not(own.match(key), 'none', key);
  assert.is(own.match('дорога'), 'none');
  assert.is(matcher.match('ｐａｓｓｗｏｒｄ'), 'whole');
  assert.is(matcher.match('pass\u200bword'), 'whole');
});

test('words of a key', () => {
  assert.equal(wordsOf('userAPIKey'), ['user', 'api', 'key']);
  assert.equal(wordsOf('X-Api-Key2'), ['x', 'api', 'key', '2']);
  assert.equal(wordsOf('__'), []);
});

test('a listed key replaces a value of any type, a containing one searches objects', () => {
  for (const value of ['x', '', 7, 0, true, null, { a: 1 }, [1], {}, []]) {
    assert.equal(redactor.redact({ password: value }), { password: '[REDACTED]' });
  }
  for (const value of ['x', '', 7, true, null])
    assert.equal(redactor.redact({ userPassword: value }), { userPassword: '[REDACTED]' });
  const inner = { user_tokens: { count: 2, mail: 'a@example.com', password: 'x' }, tokenList: ['a', 'b@example.com'] };
  assert.equal(redactor.redact(inner), {
    user_tokens: { count: 2, mail: '[REDACTED_EMAIL]', password: '[REDACTED]' },
    tokenList: ['a', '[REDACTED_EMAIL]'],
  });
});

test('a string that as a whole matches a pattern gets its token', () => {
  const value = {
    email: 'alice@example.com',
    address: '10.0.0.1',
    phone: '+14155550123',
    credit_card: '4111 1111 1111 1111',
    authorization: 'Bearer abc123def',
  };
  assert.equal(redactor.redact(value), {
    email: '[REDACTED_EMAIL]',
    address: '[REDACTED_IP]',
    phone: '[REDACTED_PHONE]',
    credit_card: '[REDACTED_CC]',
    authorization: '[REDACTED_BEARER]',
  });
  assert.equal(redactor.redact({ email: 'write to alice@example.com', phone: '4155550123' }), {
    email: '[REDACTED]',
    phone: '[REDACTED]',
  });
});

test('keys of the user replace the default ones or join them', () => {
  const own = new Redactor({ redactKeys: new Set(['employeeNo']) });
  assert.equal(own.redact({ employee_no: 1, EMPLOYEE_NO: 2, password: 'x' }), {
    employee_no: '[REDACTED]',
    EMPLOYEE_NO: '[REDACTED]',
    password: 'x',
  });
  const both = new Redactor({ redactKeys: ['employeeNo'], extendDefaults: true });
  assert.equal(both.redact({ employee_no: 1, password: 'x' }), { employee_no: '[REDACTED]', password: '[REDACTED]' });
  const none = new Redactor({ redactKeys: [] });
  assert.equal(none.redact({ password: 'x', mail: 'a@example.com' }), { password: 'x', mail: '[REDACTED_EMAIL]' });
  assert.is(new Redactor({ redactKeys: ['name'] }).redactString('{"filename":"x"}'), '{"filename":"x"}');
});

test.run();
