import * as assert from 'uvu/assert';
import { Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';
import { eventLine as event } from './event-line.ts';

const test = tests('redactLine');
const redactor = new Redactor();

test('redactLine: payload, source and correlation_id, never type, id and time', () => {
  const line = event(
    { mail: 'a@example.com', password: 'x', error: { message: 'no +14155550123', stack: 'Error\n    at 10.0.0.1' } },
    {
      event_type: 'a@example.com',
      event_id: 'AKIAABCDEFGHIJKLMNOP',
      timestamp: 4111111111111111,
      source: 'b@example.com',
      correlation_id: '10.0.0.1',
    },
  );
  assert.equal(JSON.parse(redactor.redactLine(line)), {
    event_type: 'a@example.com',
    payload: {
      mail: '[REDACTED_EMAIL]',
      password: '[REDACTED]',
      error: { message: 'no [REDACTED_PHONE]', stack: 'Error\n    at [REDACTED_IP]' },
    },
    timestamp: 4111111111111111,
    event_id: 'AKIAABCDEFGHIJKLMNOP',
    source: '[REDACTED_EMAIL]',
    correlation_id: '[REDACTED_IP]',
  });
});

test('redactLine: names of the envelope mean nothing inside the payload, nor the key list outside of it', () => {
  const line = event({ event_type: 'a@example.com', event_id: 'to b@example.com', ok: 1 }, { correlation_id: 'c-1' });
  const own = JSON.parse(new Redactor({ redactKeys: ['source', 'id', 'payload', 'type'] }).redactLine(line));
  assert.equal(own.payload, { event_type: '[REDACTED_EMAIL]', event_id: '[REDACTED]', ok: 1 });
  assert.is(own.source, 'svc');
  assert.is(own.correlation_id, 'c-1');
  const none = JSON.parse(new Redactor({ redactKeys: [] }).redactLine(line));
  assert.equal(none.payload, { event_type: '[REDACTED_EMAIL]', event_id: 'to [REDACTED_EMAIL]', ok: 1 });
});

test('redactLine: further members are searched and their keys count', () => {
  const line = event({}, { body_bytes: 7, session_id: 'abc', note: 'a@example.com' });
  assert.ok(redactor.redactLine(line).endsWith('"body_bytes":7,"session_id":"[REDACTED]","note":"[REDACTED_EMAIL]"}'));
});

test('redactLine: any order, any spacing, any escaping; what stays is copied as it is', () => {
  const line =
    ' { "source" : null , "payload" : { "\\u0070assword" : "x" , "a\\/b" : "\\u0061@example.com", "n" : 1.50 } ,\t"timestamp" : 17.0, "event_\\u0069d":"a@b.co" } \n';
  assert.is(
    redactor.redactLine(line),
    ' { "source" : null , "payload" : { "\\u0070assword" : "[REDACTED]" , "a\\/b" : "[REDACTED_EMAIL]", "n" : 1.50 } ,\t"timestamp" : 17.0, "event_\\u0069d":"a@b.co" } \n',
  );
});

test('redactLine: a clean line comes back as the same string, and its bytes are known to be clean', () => {
  const line = event({
    order: 'ord-1',
    at: '2025-10-09T08:53:20.125Z',
    id: 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
    text: 'größer "so"\n',
    n: [1, -2.5, 0, true, null],
  });
  assert.is(redactor.redactLine(line), line);
  assert.ok(redactor.isCleanLine(Buffer.from(line)), 'known after the first line with these keys');
  assert.ok(redactor.isCleanLine(new Uint8Array(Buffer.from(line))));
  assert.not.ok(redactor.isCleanLine(Buffer.from(event({ order: 'a@example.com' }))));
  assert.not.ok(redactor.isCleanLine(Buffer.from(line.slice(0, -1))));
});

test('redactLine: what is no JSON does not get through', () => {
  for (const junk of [
    '',
    'a@example.com',
    '{"payload":',
    '{"a":"x" "b"}',
    '{"a":01}',
    '[1,]',
    '{"a":tru}',
    'null x',
    '{"a":1}}',
    '"open',
  ]) {
    assert.is(redactor.redactLine(junk), '"[REDACTED_ERROR]"', junk);
  }
  assert.is(redactor.redactLine('["a@example.com"]'), '["[REDACTED_EMAIL]"]');
});

test('very deep lines are redacted too', () => {
  const deep = `${'{"a":['.repeat(20_000)}"a@example.com"${']}'.repeat(20_000)}`;
  assert.is(redactor.redactLine(deep), deep.replace('a@example.com', '[REDACTED_EMAIL]'));
});

test('names that become the same: each gets one of its own, however many, however deep, in linear time', () => {
  const redactor = new Redactor({ budgetMs: 5_000 });
  const names = (value: unknown): string[] => Object.keys(value as object);
  const line = event({
    'a@b.co': 1,
    '[REDACTED_EMAIL]_2': 2,
    'c@b.co': { 'x@y.co': 1, 'z@y.co': 2 },
    '[REDACTED_EMAIL]': 5,
  });
  const { payload } = JSON.parse(redactor.redactLine(line)) as { payload: Record<string, object> };
  assert.equal(names(payload), ['[REDACTED_EMAIL]_3', '[REDACTED_EMAIL]_2', '[REDACTED_EMAIL]_4', '[REDACTED_EMAIL]']);
  assert.equal(names(payload['[REDACTED_EMAIL]_4']), ['[REDACTED_EMAIL]', '[REDACTED_EMAIL]_2']);
  // A search for a free name from the first one on takes minutes here.
  const many = 10_000;
  const wide = Object.fromEntries(Array.from({ length: many }, (_, i) => [`a${i}@b.co`, i]));
  const found = JSON.parse(redactor.redactLine(event(wide))) as { payload: object };
  assert.is(names(found.payload).length, many);
  assert.ok(names(found.payload).every((name) => name.startsWith('[REDACTED_EMAIL]')));
  // As does reading each object anew for its names.
  const text = 'x'.repeat(200_000);
  const deep = `${'{"a@b.co":'.repeat(20_000)}"${text}"${'}'.repeat(20_000)}`;
  const nested = redactor.redactLine(event({ PLACE: 1 }).replace('{"PLACE":1}', deep));
  assert.not.ok(nested.includes('a@b.co'));
  assert.ok(nested.includes(text));
});

test('a text of many secrets takes linear time, also with a letter that UTF-16 needs two bytes for', () => {
  // A search for what a token stands behind, from each of them to the text's end, takes many times the budget.
  const redactor = new Redactor({ budgetMs: 5_000 });
  const many = 150_000;
  assert.is(
    redactor.redactString(`\u{1f600}${'password=abcdef '.repeat(many)}`).split('=[REDACTED_SECRET]').length,
    many + 1,
  );
});

test('what a line is told by does not outlast it: keys and values of the lines before are only a guess', () => {
  const redactor = new Redactor();
  // A rule that must see every string keeps it from judging by a glance.
  const judge = new Redactor({ extendDefaults: true, patterns: [{ name: 'never', pattern: /\uffffnever/ }] });
  const words = ['open', 'opener', 'ann@example.com', 'x', '', '4111 1111 1111 1111', '[REDACTED]', 'oréal'];
  const keys = ['state', 'status', 'note', 'password', 'a'];
  for (let i = 0; i < 20_000; i++) {
    const pick = <T>(list: readonly T[], step: number): T => list[Math.floor(i / step) % list.length]!;
    const payload = { [pick(keys, 1)]: pick(words, 3), [pick(keys, 7)]: [pick(words, 5)], [pick(keys, 11)]: i };
    const line = event(payload);
    const clean = redactor.isCleanLine(Buffer.from(line));
    if (clean) assert.is(judge.redactLine(line), line);
  }
});

test.run();
