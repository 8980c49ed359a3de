import * as assert from 'uvu/assert';
import { type BusEvent, EventBus } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fails, fixture, nextEvent, withBus } from './fixtures.ts';

const test = tests('system events');

/** On a busy machine the bus itself gives the loop a turn in between. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('system.backpressure: once at the high mark, once at the low one, and again', () =>
  withBus({ maxPendingEvents: 10 }, async (bus) => {
    let open = (): void => {};
    let closed = new Promise<void>((resolve) => (open = resolve));
    const seen: unknown[] = [];
    bus.subscribe(({ payload }) => void seen.push(payload), 'system.backpressure');
    bus.subscribe(() => closed, 'x');
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 10; n++) bus.emit('x', {});
      while (seen.length === 0) await turn();
      assert.equal(seen.splice(0), [{ state: 'high', pending: 8, max_pending_events: 10 }]);
      open();
      assert.ok(await bus.waitForPending());
      while (seen.length === 0) await turn();
      assert.equal(seen.splice(0), [{ state: 'low', pending: 5, max_pending_events: 10 }]);
      closed = new Promise<void>((resolve) => (open = resolve));
    }
    open();
  }));

test('system.thread_restarted: with the thread and why', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(fixture('breaks'), 'x', { timeoutMs: 50 });
    await bus.ready();
    for (const [how, reason] of [
      ['exit', 'exited'],
      ['hang', 'killed'],
    ] as const) {
      const restarted = nextEvent(bus, 'system.thread_restarted');
      const { outcomes } = await bus.emitAndWait('x', { how });
      assert.equal((await restarted).payload, { thread_id: outcomes[0]!.threadId, reason });
    }
  }));

test('system.event_bus_shutdown: when it begins, handled before it ends; not by *, not counted', async () => {
  const bus = new EventBus();
  const seen: BusEvent[] = [];
  let all = 0;
  bus.subscribe((event) => void seen.push(event), 'system.*');
  bus.subscribe(() => void all++, '*');
  bus.emit('x', {});
  await bus.shutdown({ timeoutMs: Number.POSITIVE_INFINITY });
  assert.equal(
    seen.map(({ eventType, source, payload }) => [eventType, source, payload]),
    [['system.event_bus_shutdown', 'event_bus', { pending: 1, timeout_ms: null }]],
  );
  assert.equal([all, bus.getStats().emitted], [1, 1]);
});

test('no recursion: a subscriber to all of it that always fails raises nothing further', () =>
  withBus({ maxPendingEvents: 2 }, async (bus) => {
    const seen: string[] = [];
    bus.subscribe(({ eventType }) => {
      seen.push(eventType);
      throw new Error('no');
    }, 'system.*');
    bus.subscribe(fails, 'x');
    await bus.emitAndWait('x', {});
    bus.emit('x', {});
    bus.emit('x', {});
    assert.ok(await bus.waitForPending());
    await bus.shutdown();
    assert.is(seen.pop(), 'system.event_bus_shutdown');
    assert.equal(
      seen.filter((type) => type === 'system.handler_error'),
      ['system.handler_error', 'system.handler_error', 'system.handler_error'],
    );
    assert.is(seen.filter((type) => type === 'system.backpressure').length, seen.length - 3);
    assert.is(bus.getStats().emitted, 3);
  }));

test.run();
