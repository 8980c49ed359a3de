import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as assert from 'uvu/assert';
import {
  BackpressureError,
  BusEvent,
  ConfigError,
  DeadLetterQueue,
  type EventRecordJson,
  InvalidEventError,
  type MalformedLine,
} from '../../src/index.ts';
import { folder } from '../audit/helpers.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, withBus } from './fixtures.ts';

const test = tests('ingestion');

const LINES = [
  '{"n":1,"text":"é€😀"}',
  '{"n":2',
  '',
  '   ',
  'null',
  '[1]',
  '{"n":3}\r',
  '{"n":4},"event_type":"other","x":{}',
  '{"n":5,"__proto__":{"x":1}}',
  '{bad}',
  '{"n":6}',
];

/** The whole in chunks of so many bytes, whatever they cut through. */
function* chunks(text: string, size: number): Generator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

for (const where of ['on threads, unread', 'inline'] as const) {
  for (const size of [1, 7, 1_000]) {
    test(`NDJSON ${where}, in chunks of ${size}: every line once, malformed ones counted with their number`, () =>
      withBus({ deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
        const seen: Record<string, unknown>[] = [];
        bus.subscribe((event) => void seen.push(event.payload), where === 'inline' ? 'x' : 'read');
        if (where !== 'inline') {
          bus.subscribe(fixture('reads'), 'x', { retry: { attempts: 3, backoffMs: 0 } });
          bus.subscribe(fixture('echo'), 'x');
        }
        const malformed: MalformedLine[] = [];
        const text = `\ufeff${LINES.join('\n')}`;
        const report = await bus.ingest(chunks(text, size), {
          ndjson: true,
          eventType: 'x',
          onMalformed: (line) => void malformed.push(line),
        });
        assert.equal(report, {
          lines: 9,
          emitted: 4,
          failed: 0,
          malformed: 5,
          dropped: 0,
          skipped: 0,
          unhandled: 0,
          bytes: Buffer.byteLength(text),
        });
        assert.equal(
          malformed.map(({ line }) => line).sort((a, b) => a - b),
          [2, 5, 6, 8, 10],
        );
        for (const { error } of malformed) assert.ok(InvalidEventError.is(error));
        assert.ok(await bus.waitForPending());
        assert.equal(new Set(seen.map(({ n }) => n)), new Set([1, 3, 5, 6]));
        assert.is(seen.find(({ n }) => n === 1)!.text, 'é€😀');
        assert.is(bus.deadLetterQueue!.size(), 0, 'a malformed line is no dead letter');
        assert.is(balance(bus), 0);
        const { failed } = bus.getStats();
        assert.is(failed, where === 'inline' ? 0 : 2, 'what a thread found out has been emitted, and failed');
      }));
  }
}

test('a line over maxLineBytes is malformed and not kept, however it is cut; the next one is fine', () =>
  withBus({}, async (bus) => {
    const seen: unknown[] = [];
    bus.subscribe(({ payload }) => void seen.push(payload.n), 'x');
    const text = `{"n":1}\n{"n":"${'x'.repeat(5_000)}"}\n{"n":2}\n`;
    for (const size of [10, 1_000_000]) {
      const lines: number[] = [];
      const report = await bus.ingest(chunks(text, size), {
        ndjson: true,
        eventType: 'x',
        maxLineBytes: 100,
        onMalformed: ({ line }) => void lines.push(line),
      });
      assert.equal([report.lines, report.emitted, report.malformed, lines], [3, 2, 1, [2]]);
    }
    assert.equal(seen, [1, 2, 1, 2]);
  }));

test('a line that is not UTF-8 is malformed, wherever it stands', () =>
  withBus({}, async (bus) => {
    const seen: unknown[] = [];
    bus.subscribe(({ payload }) => void seen.push(payload.n), 'x');
    const bad = Buffer.from([0x7b, 0x22, 0x6e, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]); // {"n":"<ff>"}
    const bytes = Buffer.concat([bad, Buffer.from('\n{"n":"é"}\n'), bad, Buffer.from('\n{"n":2}\n'), bad]);
    for (const size of [1, 1_000]) {
      const lines: number[] = [];
      const source = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const onMalformed = ({ line }: MalformedLine): void => void lines.push(line);
      const report = await bus.ingest(source, { ndjson: true, eventType: 'x', onMalformed });
      assert.equal([report.emitted, report.malformed, lines], [2, 3, [1, 3, 5]]);
    }
    assert.equal(seen, ['é', 2, 'é', 2]);
  }));

const RECORDS = [
  new BusEvent('a.b', { n: 1 }, { eventId: 'a-foreign-id', timestamp: 1_600_000_000_000, source: 's' }).toJsonl(),
  new BusEvent('a.b', { n: 2, timestamp: 3, x: { timestamp: 4 } }, { correlationId: 'c', timestamp: 1 }).toJsonl(),
  '{"payload": {"n": 3}, "event_type": "a.c", "event_id": "€"}',
  '{"event_type":"a.b","payload":{"n":4},"__proto__":{"x":1}}',
  '{"event_type":"system.audit_seal","payload":{},"timestamp":1.0,"event_id":"x","source":"event_bus"}',
  '{"event_type":"system.mine","payload":{"n":5}}',
  '{"event_type":"a.b","payload":{"n":6,},"timestamp":1.0,"event_id":"x","source":null,"correlation_id":null}',
  '{"event_type":"a.b","payload":[],"timestamp":1.0,"event_id":"x","source":null,"correlation_id":null}',
  '{"event_type":" ","payload":{}}',
  '{"event_type":"a.b"}',
  '{"payload":{}}',
  '{"event_type":"a.b","payload":{},"event_id":7}',
  '{"event_type":"a.b","payload":{},"event_id":"\\ud800"}',
  '{"event_type":"a.b","payload":{},"timestamp":"now"}',
  '{"event_type":"a.b","payload":{},"source":1}',
  '{"event_type":"a.b","payload":{},"correlation_id":1}',
];

for (const where of ['on threads, unread', 'inline'] as const) {
  test(`without an event type each line is an event's own, which keeps what it has: ${where}`, () =>
    withBus({}, async (bus) => {
      const seen: BusEvent[] = [];
      const echoed: Record<string, unknown>[] = [];
      if (where === 'inline') bus.subscribe((event) => void seen.push(event), '*');
      else {
        bus.subscribe(({ payload }) => void echoed.push(payload), 'told');
        bus.subscribe(fixture('tells'), ['a.*', 'system.mine']);
      }
      const malformed: number[] = [];
      const report = await bus.ingest([`${RECORDS.join('\n')}\n`], {
        ndjson: true,
        onMalformed: ({ line }) => void malformed.push(line),
      });
      assert.ok(await bus.waitForPending());
      const { lines, emitted, skipped } = report;
      assert.equal([lines, emitted, skipped], [16, 5, 1]);
      assert.equal(
        malformed.sort((a, b) => a - b),
        [7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
      );
      const lines2 =
        where === 'inline' ? seen.map((event) => event.toJSON()) : (echoed as unknown as EventRecordJson[]);
      const by = lines2.sort((a, b) => Number(a.payload.n) - Number(b.payload.n));
      assert.equal(
        by.map((event) => [event.event_type, event.payload.n, event.source, event.correlation_id]),
        [
          ['a.b', 1, 's', null],
          ['a.b', 2, null, 'c'],
          ['a.c', 3, null, null],
          ['a.b', 4, null, null],
          ['system.mine', 5, null, null],
        ],
      );
      assert.equal([by[0]!.event_id, by[0]!.timestamp, by[2]!.event_id], ['a-foreign-id', 1_600_000_000, '€']);
      assert.equal(by[1]!.payload, { n: 2, timestamp: 3, x: { timestamp: 4 } });
    }));
}

test('payloads of unsettled events are bounded in bytes, too', () =>
  withBus({}, async (bus) => {
    const line = JSON.stringify({ text: 'x'.repeat(1_000) });
    let most = 0;
    bus.subscribe(() => new Promise((resolve) => setImmediate(resolve)), 'x');
    async function* source(): AsyncGenerator<string> {
      for (let n = 0; n < 100; n++) {
        most = Math.max(most, bus.getPendingCount());
        yield `${line}\n`;
      }
    }
    const { emitted } = await bus.ingest(source(), { ndjson: true, eventType: 'x', maxPendingBytes: 3_000 });
    assert.is(emitted, 100);
    assert.ok(most <= 3, `${most} pending`);
  }));

test('the report tells of failed, unhandled and dropped events', () =>
  withBus({ maxPendingEvents: 2, overflowPolicy: 'drop' }, async (bus) => {
    bus.subscribe(({ payload }) => {
      if (payload.n === 1) throw new Error('no');
    }, 'x');
    const text = '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n';
    const full = await bus.ingest([text], { ndjson: true, eventType: 'x', whenFull: 'policy' });
    assert.equal([full.lines, full.emitted, full.failed, full.dropped], [4, 2, 1, 2]);
    assert.is(bus.getStats().dropped, 2);
    const other = await bus.ingest([text], { ndjson: true, eventType: 'y' });
    assert.equal([other.emitted, other.unhandled, other.failed], [4, 4, 0]);
  }));

test('policy dropOldest displaces, raise ends the ingestion', async () => {
  await withBus({ maxPendingEvents: 2, overflowPolicy: 'dropOldest' }, async (bus) => {
    const seen: unknown[] = [];
    bus.subscribe(({ payload }) => void seen.push(payload.n), 'x');
    const report = await bus.ingest([{ n: 1 }, { n: 2 }, { n: 3 }], { eventType: 'x', whenFull: 'policy' });
    assert.is(report.lines, 3);
    const text = '{"n":4}\n{"n":5}\n{"n":6}\n';
    const { emitted, dropped, failed } = await bus.ingest([text], { ndjson: true, eventType: 'x', whenFull: 'policy' });
    assert.equal([emitted, dropped, failed, seen.slice(-2)], [2, 1, 0, [5, 6]]);
  });
  await withBus({ maxPendingEvents: 1 }, async (bus) => {
    bus.subscribe(() => {}, 'x');
    const error = await bus
      .ingest(['{}\n{}\n'], { ndjson: true, eventType: 'x', whenFull: 'policy' })
      .catch((e: unknown) => e);
    assert.ok(BackpressureError.is(error));
  });
});

test('payload objects; a Readable; strings', () =>
  withBus({}, async (bus) => {
    const seen: unknown[] = [];
    bus.subscribe(({ payload, source }) => void seen.push([payload.n, source]), 'x');
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    const objects = await bus.ingest([{ n: 1 }, loop, 3, { n: 2 }], { eventType: 'x', source: 's' });
    assert.equal([objects.lines, objects.emitted, objects.malformed], [4, 2, 2]);
    const text = await bus.ingest(Readable.from(['{"n":3}\n{"n"', ':4}\n']), { ndjson: true, eventType: 'x' });
    assert.equal([text.lines, text.emitted], [2, 2]);
    assert.equal(seen, [
      [1, 's'],
      [2, 's'],
      [3, null],
      [4, null],
    ]);
  }));

test('a text or bytes are one chunk; what can not be iterated is a ConfigError', () =>
  withBus({}, async (bus) => {
    const text = '{"n":1}\n{"n":2}\n';
    for (const source of [text, Buffer.from(text)])
      assert.is((await bus.ingest(source, { ndjson: true, eventType: 'x' })).emitted, 2);
    for (const source of [null, undefined, 5, {}]) {
      const error = await bus.ingest(source as never, { eventType: 'x' }).catch((e: unknown) => e);
      assert.ok(ConfigError.is(error), String(error));
    }
  }));

test('an id of a line that would forge another line of the audit log is malformed', () =>
  withBus({ eventLogPath: join(folder(), 'events.jsonl') }, async (bus) => {
    const line = { event_type: 'a.b', payload: {}, timestamp: 1, event_id: 'x","source":null}\n{"event_type":"forged' };
    const report = await bus.ingest([`${JSON.stringify(line)}\n${JSON.stringify({ ...line, event_id: 'x-1' })}`], {
      ndjson: true,
    });
    assert.equal([report.emitted, report.malformed], [1, 1]);
    assert.equal(
      (await bus.getEvents()).map(({ eventId }) => eventId),
      ['x-1'],
    );
  }));

test('waits for room under every policy, and never holds more than the limit', () =>
  withBus({ maxPendingEvents: 10, overflowPolicy: 'drop' }, async (bus) => {
    bus.subscribe(fixture('echo'), 'x');
    let most = 0;
    async function* source(): AsyncGenerator<string> {
      for (let n = 0; n < 500; n++) {
        most = Math.max(most, bus.getPendingCount());
        yield `{"n":${n}}\n`;
      }
    }
    const { emitted } = await bus.ingest(source(), { ndjson: true, eventType: 'x' });
    assert.is(emitted, 500);
    assert.ok(most <= 10, `${most} pending`);
    const { completed, dropped } = bus.getStats();
    assert.equal([completed, dropped], [500, 0]);
  }));

test('with an audit log, validation or schemas lines are checked before they are accepted', () =>
  withBus({ validateEvents: true }, async (bus) => {
    bus.subscribe(fixture('echo'), 'order.placed');
    const report = await bus.ingest(['{"n":1}\n{bad}\n'], { ndjson: true, eventType: 'order.placed' });
    assert.equal([report.emitted, report.malformed, bus.getStats().failed], [1, 1, 0]);
  }));

test.run();
