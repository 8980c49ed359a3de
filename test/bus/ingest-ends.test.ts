import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as assert from 'uvu/assert';
import { BusClosedError, ConfigError, EventBus } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, withBus } from './fixtures.ts';

const test = tests('ingestion: how it ends');

test('stopSignal ends the reading, of a silent source and of one that waits for room, and what was emitted is reported', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    let open = (): void => {};
    bus.subscribe(() => new Promise<void>((resolve) => (open = resolve)), 'x');
    for (const rest of ['{"n":2}\n{"n":3}\n', '']) {
      const stop = new AbortController();
      const source = new Readable({ read() {} });
      source.push(`{"n":1}\n${rest}{"half`);
      const report = bus.ingest(source, { ndjson: true, eventType: 'x', stopSignal: stop.signal });
      while (bus.getPendingCount() === 0) await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      stop.abort();
      await new Promise((resolve) => setImmediate(resolve));
      open();
      const { lines, emitted, malformed } = await report;
      assert.equal([lines, emitted, malformed], [1, 1, 0]);
      assert.ok(source.destroyed);
    }
    const stopped = await bus.ingest([{}], { eventType: 'x', stopSignal: AbortSignal.abort() });
    assert.is(stopped.lines, 0);
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

test('a source that fails midway: what was emitted goes on, and its beginning of a line is not taken for one', () =>
  withBus({}, async (bus) => {
    const seen: unknown[] = [];
    bus.subscribe(({ payload }) => void seen.push(payload.n), 'x');
    let closed = 0;
    async function* source(): AsyncGenerator<string> {
      try {
        yield '{"n":1}\n{"n":2}\n{"n":3';
        throw new Error('the disk');
      } finally {
        closed++;
      }
    }
    const failed = await bus.ingest(source(), { ndjson: true, eventType: 'x' }).catch((error: Error) => error.message);
    assert.is(failed, 'the disk');
    const stream = Readable.from(['{"n":4}\n', '{"n":5}\n']);
    const ended = bus.ingest(stream, { ndjson: true, eventType: 'x', onMalformed: () => {} });
    stream.once('data', () => stream.destroy(new Error('reset by peer')));
    assert.is(await ended.catch((error: Error) => error.message), 'reset by peer');
    assert.ok(await bus.waitForPending());
    assert.equal(seen.slice(0, 2), [1, 2]);
    assert.not(seen.includes(3));
    assert.is(closed, 1);
    assert.is(balance(bus), 0);
    assert.is(bus.getStats().completed, seen.length);
  }));

test('abort at any time rejects at once: a silent source is closed, events that never settle are not waited for', async () => {
  const bus = new EventBus({ maxPendingEvents: 2 });
  try {
    bus.subscribe(() => new Promise(() => {}), 'x', { timeoutMs: 0 });
    const reason = new Error('enough');
    let closed = 0;
    async function* silent(first: string): AsyncGenerator<string> {
      try {
        yield first;
        await new Promise(() => {});
      } finally {
        closed++;
      }
    }
    const rejects = async (source: AsyncIterable<string> | string[]): Promise<void> => {
      const controller = new AbortController();
      const work = bus.ingest(source, { ndjson: true, eventType: 'x', signal: controller.signal });
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort(reason);
      assert.is(await work.catch((error: unknown) => error), reason);
    };
    await rejects(silent('{}\n'));
    // Everything is emitted, and nothing of it settles.
    await rejects(['{}\n']);
    // No room.
    await rejects(['{}\n']);
    assert.is(bus.getStats().emitted, 2);
    assert.is(closed, 0, 'a generator that waits can not be closed from outside');
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
  }
});

test('a writable on a bus that shuts down fails with BusClosedError, and so does what is ingested', async () => {
  const bus = new EventBus({ maxPendingEvents: 1 });
  bus.subscribe(() => new Promise(() => {}), 'x', { timeoutMs: 0 });
  const piped = pipeline(Readable.from([{ n: 1 }, { n: 2 }]), bus.writable('x')).catch((error: unknown) => error);
  await new Promise((resolve) => setImmediate(resolve));
  const ingested = bus.ingest(['{}\n'], { ndjson: true, eventType: 'x' }).catch((error: unknown) => error);
  await bus.shutdown({ timeoutMs: 0 });
  for (const error of [await piped, await ingested]) assert.ok(BusClosedError.is(error), String(error));
});

test.run();
