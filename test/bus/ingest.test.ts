import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as assert from 'uvu/assert';
import {
  BusClosedError,
  ConfigError,
  DeadLetterQueue,
  EventBus,
  InvalidEventError,
  type MalformedLine,
} from '../../src/index.ts';
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
        assert.equal(report, { lines: 9, emitted: 4, malformed: 5, bytes: Buffer.byteLength(text) });
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

test('ends with the source, the signal, the callback or the bus', async () => {
  const bus = new EventBus();
  bus.subscribe(() => {}, 'x');
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const broken = new Error('the disk');
  const bad: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken) }),
  };
  assert.is(await failure(bus.ingest(bad, { ndjson: true, eventType: 'x' })), broken);
  const controller = new AbortController();
  const endless = new Readable({ read() {} });
  const aborted = failure(bus.ingest(endless, { ndjson: true, eventType: 'x', signal: controller.signal }));
  controller.abort(new Error('enough'));
  assert.is(((await aborted) as Error).message, 'enough');
  assert.ok(endless.destroyed);
  const mine = new Error('mine');
  const thrown = bus.ingest(['x\n{}\n'], {
    ndjson: true,
    eventType: 'x',
    onMalformed: () => {
      throw mine;
    },
  });
  assert.is(await failure(thrown), mine);
  assert.ok(
    ConfigError.is(await failure(bus.ingest([], { ndjson: 1, eventType: '', maxLineBytes: 0, other: 1 } as never))),
  );
  await bus.shutdown();
  assert.ok(BusClosedError.is(await failure(bus.ingest(['{}\n'], { ndjson: true, eventType: 'x' }))));
});

test('with an audit log, validation or schemas lines are checked before they are accepted', () =>
  withBus({ validateEvents: true }, async (bus) => {
    bus.subscribe(fixture('echo'), 'order.placed');
    const report = await bus.ingest(['{"n":1}\n{bad}\n'], { ndjson: true, eventType: 'order.placed' });
    assert.equal([report.emitted, report.malformed, bus.getStats().failed], [1, 1, 0]);
  }));

test('writable: pipeline feels the back-pressure; a map; an invalid payload ends the stream', () =>
  withBus({ maxPendingEvents: 4 }, async (bus) => {
    const seen: unknown[] = [];
    let most = 0;
    bus.subscribe(async ({ payload }) => {
      most = Math.max(most, bus.getPendingCount());
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(payload.n);
    }, 'x');
    await pipeline(Readable.from(Array.from({ length: 100 }, (_, n) => ({ n }))), bus.writable('x'));
    assert.ok(await bus.waitForPending());
    assert.is(seen.length, 100);
    assert.ok(most <= 4, `${most} pending`);
    const writable = bus.writable((n: number) => (n % 2 === 0 ? undefined : { eventType: 'x', payload: { n } }));
    await pipeline(Readable.from([1, 2, 3]), writable);
    assert.ok(await bus.waitForPending());
    assert.equal(seen.slice(100), [1, 3]);
    const error = await pipeline(Readable.from([[1]]), bus.writable('x')).catch((e: unknown) => e);
    assert.ok(InvalidEventError.is(error));
    for (const target of ['', ' ', 1, undefined])
      assert.throws(
        () => bus.writable(target as string),
        (e: unknown) => ConfigError.is(e),
      );
  }));

test('writable: destroyed while it waits for room, it gives up and nothing more is emitted', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    let open = (): void => {};
    bus.subscribe(() => new Promise<void>((resolve) => (open = resolve)), 'x');
    const writable = bus.writable('x');
    const gone = new Error('gone');
    const ended = new Promise((resolve) => writable.once('error', resolve));
    for (const n of [1, 2]) writable.write({ n });
    await new Promise((resolve) => setImmediate(resolve));
    writable.destroy(gone);
    assert.is(await ended, gone);
    open();
    assert.ok(await bus.waitForPending());
    assert.is(bus.getStats().emitted, 1);
  }));

test.run();
