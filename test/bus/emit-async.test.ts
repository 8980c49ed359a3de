import { getEventListeners } from 'node:events';
import * as assert from 'uvu/assert';
import { BackpressureError, BusClosedError, EventBus } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, holdAll, withBus } from './fixtures.ts';

const test = tests('emitAsync');

test('emitAsync waits for room under every policy, in order', async () => {
  for (const overflowPolicy of ['raise', 'drop', 'dropOldest', 'block'] as const) {
    await withBus({ maxPendingEvents: 2, overflowPolicy }, async (bus) => {
      const seen: unknown[] = [];
      bus.subscribe(async (event) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(event.payload.n);
      }, 'x');
      const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => bus.emitAsync('x', { n })));
      assert.is(new Set(ids).size, 20);
      assert.ok(await bus.waitForPending());
      assert.equal(
        seen,
        Array.from({ length: 20 }, (_, n) => n),
      );
      assert.is(bus.getStats().dropped, 0);
      assert.is(balance(bus), 0);
    });
  }
});

test('emitAsync: the limit is never passed', () =>
  withBus({ maxPendingEvents: 3 }, async (bus) => {
    let most = 0;
    bus.subscribe(async () => {
      most = Math.max(most, bus.getPendingCount());
      await new Promise((resolve) => setImmediate(resolve));
    }, 'x');
    await Promise.all(Array.from({ length: 50 }, () => bus.emitAsync('x', {})));
    assert.ok(await bus.waitForPending());
    assert.is(most, 3);
  }));

test('emitAsync: abort rejects and nothing was emitted; the payload is that of the call', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    const { seen, open } = holdAll(bus);
    bus.emit('x', { n: 1 });
    const controller = new AbortController();
    const aborted = bus.emitAsync('x', { n: 2 }, { signal: controller.signal }).catch((e: unknown) => e);
    const payload = { n: 3 };
    const waiting = bus.emitAsync('x', payload);
    payload.n = 99;
    controller.abort(new Error('never mind'));
    assert.is(((await aborted) as Error).message, 'never mind');
    assert.is(await bus.emitAsync('x', {}, { signal: controller.signal }).catch((e: Error) => e.message), 'never mind');
    assert.is(bus.getStats().emitted, 1);
    open();
    assert.is.not(await waiting, '');
    assert.ok(await bus.waitForPending());
    assert.equal(seen, [1, 3]);
  }));

test('emitAsync that waits is ended by shutdown', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    const { open } = holdAll(bus);
    bus.emit('x', {});
    const waiting = bus.emitAsync('x', {}).catch((e: unknown) => e);
    const closing = bus.shutdown();
    assert.ok(BusClosedError.is(await waiting));
    open();
    assert.is((await closing).drained, 1);
  }));

test('emitAsync that has got room keeps it, though others emit before it goes on', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    const order: unknown[] = [];
    bus.subscribe(({ payload }) => void order.push(payload.n), 'x');
    const late: Promise<unknown>[] = [];
    let refused: unknown;
    const first = bus.emitAndWait('x', { n: 1 }).then(() =>
      queueMicrotask(() => {
        late.push(bus.emitAsync('x', { n: 3 }));
        try {
          bus.emit('x', { n: 0 });
        } catch (error) {
          refused = error;
        }
      }),
    );
    await bus.emitAsync('x', { n: 2 });
    await first;
    await Promise.all(late);
    await bus.waitForPending();
    assert.ok(BackpressureError.is(refused), 'the place was promised');
    assert.equal(order, [1, 2, 3]);
  }));

test('emitAsync that has got room when the bus is shut down emits nothing any more', async () => {
  const bus = new EventBus({ maxPendingEvents: 1 });
  bus.subscribe(() => {}, 'x');
  let report: Promise<unknown> | undefined;
  // One microtask after the first has settled: the second has its room, and has not gone on.
  const first = bus.emitAndWait('x', {}).then(() =>
    queueMicrotask(() => {
      report = bus.shutdown();
    }),
  );
  const second = bus.emitAsync('x', {}).catch((error: unknown) => error);
  await first;
  assert.ok(BusClosedError.is(await second));
  await report;
  assert.is(bus.getStats().emitted, 1);
  assert.is(bus.getPendingCount(), 0);
});

test('emitAsync that gives up with the last event lets the process end', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    bus.subscribe(() => {}, 'x');
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const controller = new AbortController();
    const first = bus.emitAndWait('x', {}).then(() => controller.abort());
    assert.instance(await bus.emitAsync('x', {}, { signal: controller.signal }).catch((e: unknown) => e), Error);
    await first;
    assert.is(timers(), before, 'the timer that holds the process');
  }));

test('emitAsync leaves nothing on its signal, whether it waited or not', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    const { open } = holdAll(bus);
    const { signal } = new AbortController();
    await bus.emitAsync('x', {}, { signal });
    assert.is(getEventListeners(signal, 'abort').length, 0);
    const waiting = bus.emitAsync('x', {}, { signal });
    assert.is(getEventListeners(signal, 'abort').length, 1);
    open();
    await waiting;
    assert.is(getEventListeners(signal, 'abort').length, 0);
  }));

test.run();
