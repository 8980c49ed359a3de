import * as assert from 'uvu/assert';
import { readEventLine } from '../../src/bus/event-line.ts';
import { BusEvent, InvalidEventError, type MalformedLine } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fixture, withBus } from './fixtures.ts';

const test = tests("an event's line");

const TAIL = '"timestamp":1.5,"event_id":"x","source":"s"}';
const OWN_TAIL = TAIL.replace('}', ',"correlation_id":null}');
const line = (payload: string, more = ''): string => `{"event_type":"a.b","payload":${payload},${more}${TAIL}`;

test('of a line as this library writes it the payload is cut out, whatever it holds', () => {
  const payloads = [
    {},
    { n: 1 },
    { a: { b: { c: 1 } }, d: [{ e: 1 }, { f: {} }], g: {} },
    { a: { b: 1 }, text: '}},"x":{' },
    { a: { b: '\\' }, '"},"': { c: '\\"' }, d: '{' },
    { a: { timestamp: 1 }, timestamp: 2, b: { timestamp: 3 } },
    { a: { b: '\u20ac}' }, c: '\ud83d\ude00' },
  ];
  for (const payload of payloads) {
    const json = JSON.stringify(payload);
    const own = new BusEvent('a.b', payload, { timestamp: 1_500, eventId: 'x', source: 's' }).toJsonl();
    for (const text of [own, own.replace(/}$/, ',"body_bytes":7}'), line(json)]) {
      const read = readEventLine(text);
      assert.equal([read.payloadJson, read.payload], [json, undefined], text);
      assert.equal([read.eventType, read.timestamp, read.eventId, read.source], ['a.b', 1_500, 'x', 's']);
    }
  }
});

test('keys of another writer stand where they will, objects too, and are left out', () => {
  const payload = { a: { b: '}' }, n: 1 };
  const json = JSON.stringify(payload);
  for (const more of [
    '"own":{"x":1},',
    '"own":{},',
    '"own":{"x":{"y":1}},"other":{"timestamp":7},',
    '"own":[{"x":1},{}],',
    '"own":"},",',
    '"own":1,"other":{"text":"\\"}"},',
    ' "own" : {} ,',
  ]) {
    for (const [text, wanted] of [
      [line(json, more), json],
      [line('{}', more), '{}'],
      [line(`${json} `, more), json],
      [line(json).replace(',"timestamp"', ` , ${more}"timestamp"`), json],
      [`${line(json).slice(0, -1)},${more}"last":{"z":1}}`, json],
    ] as const) {
      const read = readEventLine(text);
      assert.equal([read.payloadJson, read.timestamp, read.eventId, read.source], [wanted, 1_500, 'x', 's'], text);
    }
  }
});

test('what is no event is refused with what is wrong about it', () => {
  for (const [text, message] of [
    [line('{}', '"own":{,'), /not JSON/],
    [line('{}', '"source":{},').replace(',"source":"s"', ''), /source is not a string/],
    [line('{}', '"payload":[],"own":{},'), /payload/],
    ['[]', /no JSON object/],
    ['{}', /no event_type/],
  ] as const) {
    assert.throws(
      () => readEventLine(text),
      (error: unknown) => InvalidEventError.is(error) && message.test(error.message),
      text,
    );
  }
});

for (const handler of ['inline', 'reads'] as const) {
  test(`keys between in what else is a line of this library are refused with what to do about it: ${handler}`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler === 'inline' ? () => {} : fixture(handler), 'a.b');
      const told: MalformedLine[] = [];
      const between = `{"event_type":"a.b","payload":{},"own":{"x":1},${OWN_TAIL}`;
      const broken = between.replace('"own":{', '"own":{,');
      const { malformed } = await bus.ingest([between, '\n', broken], {
        ndjson: true,
        onMalformed: (each) => void told.push(each),
      });
      assert.is(malformed, 2);
      const messages = told.sort((a, b) => a.line - b.line).map(({ error }) => error.message);
      assert.match(messages[0]!, /between payload and timestamp.*behind correlation_id/);
      assert.match(messages[1]!, /not JSON/);
      for (const { error } of told) assert.ok(InvalidEventError.is(error));
    }));
}

test.run();
