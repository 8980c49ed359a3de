import * as assert from 'uvu/assert';
import { DeadLetterQueue, DroppedError, EventBus } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fails, fixture, withBus } from './fixtures.ts';

const test = tests('concurrency and ordering');

/** On a busy machine the bus itself gives the loop a turn in between. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A handler that holds each event until it is let go. */
function controlled(): {
  running: number[];
  most: () => number;
  let: (n: number) => void;
  handle: (event: { payload: Record<string, unknown> }) => Promise<void>;
} {
  const open = new Map<number, () => void>();
  const running: number[] = [];
  let most = 0;
  return {
    running,
    most: () => most,
    let: (n) => {
      const go = open.get(n);
      assert.ok(go !== undefined, `event ${n} is not running, but ${running.join(', ')}`);
      open.delete(n);
      running.splice(running.indexOf(n), 1);
      go();
    },
    handle: ({ payload }) =>
      new Promise((resolve) => {
        running.push(Number(payload.n));
        most = Math.max(most, running.length);
        open.set(Number(payload.n), resolve);
      }),
  };
}

test('concurrency N inline: at most N at a time, in emission order; others are not held up', () =>
  withBus({}, async (bus) => {
    const two = controlled();
    const all = controlled();
    bus.subscribe(two.handle, 'x', { concurrency: 2 });
    bus.subscribe(all.handle, 'x');
    for (let n = 1; n <= 5; n++) bus.emit('x', { n });
    await turn();
    assert.equal(
      [two.running, all.running],
      [
        [1, 2],
        [1, 2, 3, 4, 5],
      ],
    );
    two.let(2);
    await turn();
    assert.equal(two.running, [1, 3]);
    two.let(1);
    two.let(3);
    await turn();
    assert.equal(two.running, [4, 5]);
    for (const n of [4, 5]) two.let(n);
    for (const n of [1, 2, 3, 4, 5]) all.let(n);
    assert.ok(await bus.waitForPending());
    assert.equal([two.most(), balance(bus)], [2, 0]);
  }));

test('concurrency 1 on the pool: never beside itself, in emission order, over async handlers and deaths', () =>
  withBus({ maxConcurrentHandlers: 2 }, async (bus) => {
    const events: string[] = [];
    bus.subscribe(({ payload }) => void events.push(`${String(payload.n)} ${String(payload.what)}`), 'span.*', {
      concurrency: 1,
    });
    bus.subscribe(fixture('span'), 'x', { concurrency: 1, timeoutMs: 150 });
    const expected: string[] = [];
    for (let n = 0; n < 60; n++) {
      const how = n === 10 ? 'hang' : n === 20 ? 'exit' : n === 30 ? 'never' : 'fine';
      bus.emit('x', { n, how, ms: n % 3 });
      expected.push(`${n} start`);
      if (how === 'fine') expected.push(`${n} end`);
    }
    assert.ok(await bus.waitForPending());
    assert.equal(events, expected);
    assert.is(bus.getStats().failed, 3);
  }));

test('concurrency 1: an overdue handler that still runs on its thread keeps its place until it has ended', () =>
  withBus({ maxConcurrentHandlers: 2 }, async (bus) => {
    const events: string[] = [];
    bus.subscribe(({ payload }) => void events.push(`${String(payload.n)} ${String(payload.what)}`), 'span.*', {
      concurrency: 1,
    });
    bus.subscribe(fixture('span'), 'x', { concurrency: 1, timeoutMs: 1_000 });
    bus.emit('x', { n: 1, how: 'lingers', ms: 0 });
    bus.emit('x', { n: 2, how: 'fine', ms: 0 });
    assert.ok(await bus.waitForPending());
    assert.equal(events, ['1 start', '1 end', '2 start', '2 end']);
    assert.is(bus.getStats().failed, 1);
  }));

test('ordering keys: one at a time per key and in order, different keys beside each other', () =>
  withBus({}, async (bus) => {
    const handler = controlled();
    bus.subscribe(handler.handle, 'x');
    for (const [n, orderingKey] of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'a'],
      [5, undefined],
    ] as const)
      bus.emit('x', { n }, orderingKey === undefined ? {} : { orderingKey });
    await turn();
    assert.equal(handler.running, [1, 3, 5]);
    handler.let(1);
    await turn();
    assert.equal(handler.running, [3, 5, 2]);
    handler.let(2);
    await turn();
    assert.equal(handler.running, [3, 5, 4]);
    for (const n of [3, 5, 4]) handler.let(n);
    assert.ok(await bus.waitForPending());
  }));

test('ordering keys: a retry holds back its own key alone', () =>
  withBus({}, async (bus) => {
    const seen: string[] = [];
    bus.subscribe(
      ({ payload }, { attempt }) => {
        seen.push(`${String(payload.n)}.${attempt}`);
        if (payload.n === 1 && attempt < 3) throw new Error('not yet');
      },
      'x',
      { retry: { attempts: 3, backoffMs: 10 } },
    );
    bus.emit('x', { n: 1 }, { orderingKey: 'a' });
    bus.emit('x', { n: 2 }, { orderingKey: 'a' });
    bus.emit('x', { n: 3 }, { orderingKey: 'b' });
    assert.ok(await bus.waitForPending());
    assert.equal(seen, ['1.1', '3.1', '1.2', '1.3', '2.1']);
  }));

test('ordering keys hold for a lower priority too, though an earlier event is held up by a higher one', () =>
  withBus({}, async (bus) => {
    const high = controlled();
    const seen: unknown[] = [];
    bus.subscribe(high.handle, 'slow', { priority: 200 });
    bus.subscribe(({ payload }) => void seen.push(payload.n), ['slow', 'fast']);
    bus.emit('slow', { n: 1 }, { orderingKey: 'a' });
    bus.emit('fast', { n: 2 }, { orderingKey: 'a' });
    bus.emit('fast', { n: 3 }, { orderingKey: 'b' });
    await turn();
    assert.equal(seen, [3]);
    high.let(1);
    assert.ok(await bus.waitForPending());
    assert.equal(seen, [3, 1, 2]);
  }));

test('an event emitted on a thread carries its ordering key', () =>
  withBus({}, async (bus) => {
    const handler = controlled();
    bus.subscribe(fixture('span', 'keyed'), 'start');
    bus.subscribe(handler.handle, 'keyed');
    await bus.emitAndWait('start', {});
    while (handler.running.length < 2) await turn();
    assert.equal(handler.running, [1, 3]);
    handler.let(1);
    while (handler.running.length < 2) await turn();
    assert.equal(handler.running, [3, 2]);
    for (const n of [2, 3]) handler.let(n);
    assert.ok(await bus.waitForPending());
  }));

test('dropOldest takes what waits for its key or for the limit, and the order of the others stands', () =>
  withBus({ maxPendingEvents: 3, overflowPolicy: 'dropOldest' }, async (bus) => {
    const handler = controlled();
    bus.subscribe(handler.handle, 'x', { concurrency: 1 });
    const results = [1, 2, 3].map((n) => bus.emitAndWait('x', { n }, { orderingKey: 'a' }));
    await turn();
    results.push(bus.emitAndWait('x', { n: 4 }, { orderingKey: 'a' }));
    assert.ok(DroppedError.is((await results[1]!).outcomes[0]!.error));
    for (const n of [1, 3, 4]) {
      await turn();
      assert.equal(handler.running, [n]);
      handler.let(n);
    }
    assert.ok(await bus.waitForPending());
    assert.is(balance(bus), 0);
  }));

for (const end of ['retry', 'remove', 'evict', 'unsubscribe'] as const) {
  test(`dlqOrder 'hold': later events of a key wait behind the dead one until ${end}`, () => {
    const dlq = new DeadLetterQueue({ maxSize: 1 });
    return withBus({ deadLetterQueue: dlq }, async (bus) => {
      const seen: string[] = [];
      let broken = true;
      const id = bus.subscribe(
        ({ payload }, { attempt }) => {
          seen.push(`${String(payload.n)}.${attempt}`);
          if ((payload.n === 1 && broken) || payload.n === 9) throw new Error('no');
        },
        'x',
        { dlqOrder: 'hold' },
      );
      await bus.emitAndWait('x', { n: 1 }, { orderingKey: 'a' });
      const later = [2, 3].map((n) => bus.emitAndWait('x', { n }, { orderingKey: 'a' }));
      assert.ok((await bus.emitAndWait('x', { n: 4 }, { orderingKey: 'b' })).ok);
      assert.equal(seen, ['1.1', '4.1']);
      assert.equal([bus.getStats().held, bus.getPendingCount()], [2, 2]);
      const [entry] = dlq.getAll();
      if (end === 'retry') {
        assert.is(await dlq.retry(entry!.id, bus), false);
        assert.is(bus.getStats().held, 2, 'a retry that fails releases nothing');
        broken = false;
        assert.is(await dlq.retry(entry!.id, bus), true);
      } else if (end === 'remove') dlq.remove(entry!.id);
      else if (end === 'evict') await bus.emitAndWait('x', { n: 9 }, { orderingKey: 'c' });
      else bus.unsubscribe(id);
      for (const result of later) assert.ok((await result).ok);
      assert.equal(seen.slice(-2), ['2.1', '3.1']);
      assert.is(bus.getStats().held, 0);
      assert.is(balance(bus), 0);
    });
  });
}

test("dlqOrder 'hold' is bounded: beyond maxHeld a delivery fails as dropped, in its place; shutdown ends those that wait", async () => {
  const dlq = new DeadLetterQueue();
  const bus = new EventBus({ deadLetterQueue: dlq });
  bus.subscribe(fails, 'x', { dlqOrder: 'hold', maxHeld: 2 });
  const emit = (n: number): ReturnType<EventBus['emitAndWait']> => bus.emitAndWait('x', { n }, { orderingKey: 'a' });
  await emit(1);
  const held = [emit(2), emit(3)];
  assert.is((await emit(4)).outcomes[0]!.reason, 'dropped');
  assert.is(bus.getStats().held, 2);
  const report = await bus.shutdown();
  assert.equal([report.drained, report.abandoned], [2, 0]);
  for (const result of held) assert.is((await result).outcomes[0]!.reason, 'shutdown');
  assert.equal(dlq.getStats().byReason, { handler_error: 1, dropped: 1, shutdown: 2 });
  assert.is(balance(bus), 0);
});

test('twenty thousand deliveries that end at once behind one limit and one key do not fill the stack', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('no-such-module'), 'x', { concurrency: 1, circuitBreaker: false });
    for (let n = 0; n < 20_000; n++) bus.emit('x', {}, { orderingKey: 'a' });
    assert.ok(await bus.waitForPending());
    assert.is(bus.getStats().failed, 20_000);
  }));

test.run();
