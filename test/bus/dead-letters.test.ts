import * as assert from 'uvu/assert';
import { ConfigError, DeadLetterQueue, EventBus, FailureReason, SerializationError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fails, fixture, gate, only, withBus } from './fixtures.ts';

const test = tests('dead letters');

test('one entry per event and subscription, with the event as it was emitted', async () => {
  const deadLetterQueue = new DeadLetterQueue();
  await withBus({ deadLetterQueue }, async (bus) => {
    assert.is(bus.deadLetterQueue, deadLetterQueue);
    const bad = bus.subscribe(
      () => {
        throw Object.assign(new Error('no'), { code: 'E_NO' });
      },
      'x',
      { name: 'bad' },
    );
    bus.subscribe(() => 1, 'x');
    const worse = bus.subscribe(fixture('deaths', 'throwsAnything'), 'x');
    const payload = { what: 'null', secret: 'real' };
    const result = bus.emitAndWait('x', payload, { source: 's', correlationId: 'c', body: new Uint8Array([1, 2]) });
    payload.secret = 'changed later';
    const { eventId } = await result;
    assert.is(deadLetterQueue.size(), 2);
    const byName = new Map(deadLetterQueue.getAll().map((entry) => [entry.subscriptionId, entry]));
    const entry = byName.get(bad)!;
    assert.is(entry.handlerName, 'bad');
    assert.is(entry.reason, FailureReason.HANDLER_ERROR);
    assert.equal([entry.error.message, entry.error.code], ['no', 'E_NO']);
    assert.is(entry.retryCount, 0);
    assert.equal(
      entry.attempts.map(({ reason, threadId }) => [reason, threadId]),
      [['handler_error', 0]],
    );
    const { event } = entry;
    assert.equal(
      [event.eventId, event.eventType, event.source, event.correlationId, [...event.body!]],
      [eventId, 'x', 's', 'c', [1, 2]],
    );
    assert.equal(event.payload, { what: 'null', secret: 'real' });
    assert.ok(byName.get(worse)!.attempts[0]!.threadId > 0);
    assert.equal(deadLetterQueue.get(entry.id), entry);
    assert.is(deadLetterQueue.get('unknown'), undefined);
    assert.is(bus.getStats().dlq?.size, 2);
  });
});

test('newest first, by reason and by type; limits; clear and remove', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    bus.subscribe(fails, ['a', 'b']);
    for (const [type, n] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ] as const)
      await bus.emitAndWait(type, { n });
    const numbers = (entries: readonly { event: { payload: Record<string, unknown> } }[]): unknown[] =>
      entries.map(({ event }) => event.payload.n);
    assert.equal(numbers(dlq.getAll()), [3, 2, 1]);
    assert.equal(numbers(dlq.getAll({ limit: 2 })), [3, 2]);
    assert.equal(numbers(dlq.getAll({ limit: 0 })), []);
    assert.equal(numbers(dlq.getByEventType('a')), [3, 1]);
    assert.equal(numbers(dlq.getByReason('handler_error')), [3, 2, 1]);
    assert.equal(dlq.getByReason('dropped'), []);
    const stats = dlq.getStats();
    assert.equal([stats.size, stats.maxSize, stats.evicted], [3, 10_000, 0]);
    assert.equal(stats.byEventType, { a: 2, b: 1 });
    assert.equal(stats.byReason, { handler_error: 3 });
    assert.ok(stats.oldestTimestamp! <= stats.newestTimestamp!);
    const [newest] = dlq.getAll();
    assert.ok(dlq.remove(newest!.id));
    assert.not(dlq.remove(newest!.id));
    assert.is(dlq.clear(), 2);
    assert.equal(dlq.getStats(), {
      size: 0,
      maxSize: 10_000,
      evicted: 0,
      byReason: {},
      byEventType: {},
      oldestTimestamp: null,
      newestTimestamp: null,
    });
  });
});

test('every reason finds its way into the queue', async () => {
  const dlq = new DeadLetterQueue();
  const bus = new EventBus({
    maxConcurrentHandlers: 1,
    maxPendingEvents: 2,
    overflowPolicy: 'dropOldest',
    deadLetterQueue: dlq,
  });
  const { promise, open } = gate();
  bus.subscribe(fixture('deaths', 'busyLoop'), 'hang', { timeoutMs: 50 });
  bus.subscribe(fixture('deaths', 'exits'), 'exit');
  bus.subscribe(fixture('no-such-file'), 'missing');
  bus.subscribe(() => promise, 'slow', { concurrency: 1 });
  await bus.emitAndWait('hang', {});
  await bus.emitAndWait('exit', {});
  await bus.emitAndWait('missing', {});
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  assert.throws(
    () => bus.emit('any', loop),
    (error: unknown) => SerializationError.is(error),
  );
  bus.emit('slow', { n: 1 });
  await Promise.resolve();
  const displaced = bus.emitAndWait('slow', { n: 2 });
  bus.emit('slow', { n: 3 });
  assert.is(only(await displaced).reason, 'dropped');
  await bus.shutdown({ timeoutMs: 0 });
  open();
  assert.equal(dlq.getStats().byReason, {
    handler_timeout: 1,
    worker_exit: 1,
    handler_load_error: 1,
    serialization_error: 1,
    dropped: 1,
    shutdown: 2,
  });
  const [refused] = dlq.getByReason('serialization_error');
  assert.equal([refused!.subscriptionId, refused!.handlerName, refused!.event.eventType], [null, null, 'any']);
  assert.is(balance(bus), 0);
});

test("failures of subscribers to the bus's own events are not kept", async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    let raised = 0;
    bus.subscribe(() => {
      raised++;
      throw new Error('no');
    }, 'system.*');
    bus.subscribe(fails, 'x');
    await bus.emitAndWait('x', {});
    await new Promise((resolve) => setImmediate(resolve));
    assert.is(raised, 1);
    assert.is(dlq.size(), 1);
  });
});

test('clearOlderThan goes by time that has passed, not by the clock', async () => {
  const dlq = new DeadLetterQueue();
  const { now } = Date;
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    try {
      bus.subscribe(fails, 'x');
      await bus.emitAndWait('x', { n: 1 });
      Date.now = () => now() + 48 * 3_600_000;
      assert.is(dlq.clearOlderThan({ hours: 1 }), 0, 'the clock was put forward');
      Date.now = () => now() - 48 * 3_600_000;
      await bus.emitAndWait('x', { n: 2 });
      assert.is(dlq.clearOlderThan({ hours: 1 }), 0, 'the clock was put back');
      assert.is(dlq.clearOlderThan({ hours: 0 }), 2);
    } finally {
      Date.now = now;
    }
    for (const hours of [-1, Number.NaN, 'x', undefined])
      assert.throws(
        () => dlq.clearOlderThan({ hours: hours as number }),
        (error: unknown) => ConfigError.is(error),
      );
  });
});

test('bad options: all faults in one ConfigError', () => {
  try {
    new DeadLetterQueue({ maxSize: 0, path: '', storeRaw: 1, redactor: {}, other: 1 } as never);
    assert.unreachable();
  } catch (error) {
    assert.ok(ConfigError.is(error));
    const { problems } = error as ConfigError;
    for (const name of ['maxSize', 'path', 'storeRaw', 'redactor', 'other'])
      assert.ok(
        problems.some((problem) => problem.includes(name)),
        name,
      );
  }
  assert.throws(
    () => new EventBus({ deadLetterQueue: {} as DeadLetterQueue }),
    (error: unknown) => ConfigError.is(error),
  );
});

test.run();
