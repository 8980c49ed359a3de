import { setImmediate as turn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { BackpressureError, DroppedError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, gate, holdAll, only, remote, withBus } from './fixtures.ts';

const test = tests('back-pressure');

test('raise: the event over the limit throws and is not counted; room comes back with a settled event', () =>
  withBus({ maxPendingEvents: 2 }, async (bus) => {
    const { open } = holdAll(bus);
    bus.emit('x', {});
    bus.emit('x', {});
    try {
      bus.emit('x', {});
      assert.unreachable();
    } catch (error) {
      assert.ok(BackpressureError.is(error));
      assert.is((error as BackpressureError).resource, 'events');
    }
    assert.is(bus.getPendingCount(), 2);
    assert.is(bus.getStats().emitted, 2);
    const rejected = await bus.emitAndWait('x', {}).catch((e: unknown) => e);
    assert.ok(BackpressureError.is(rejected));
    open();
    assert.ok(await bus.waitForPending());
    assert.is.not(bus.emit('x', {}), '');
    assert.is(balance(bus), 0);
  }));

test('drop: returns an empty id, counted as emitted and dropped', () =>
  withBus({ maxPendingEvents: 1, overflowPolicy: 'drop' }, async (bus) => {
    const { open } = holdAll(bus);
    assert.is.not(bus.emit('x', {}), '');
    assert.is(bus.emit('x', {}), '');
    assert.equal(await bus.emitAndWait('x', {}), { eventId: '', accepted: false, ok: false, outcomes: [] });
    const { emitted, dropped, pending } = bus.getStats();
    assert.equal({ emitted, dropped, pending }, { emitted: 3, dropped: 2, pending: 1 });
    open();
    assert.ok(await bus.waitForPending());
    assert.is(balance(bus), 0);
  }));

test('dropOldest inline: the oldest event not started goes, and its receipt says so', () =>
  withBus({ maxPendingEvents: 3, overflowPolicy: 'dropOldest' }, async (bus) => {
    const { seen, open } = holdAll(bus);
    bus.emit('x', { n: 1 });
    await Promise.resolve();
    const second = bus.emitAndWait('x', { n: 2 });
    bus.emit('x', { n: 3 });
    bus.emit('x', { n: 4 });
    const displaced = await second;
    assert.ok(displaced.accepted);
    assert.not.ok(displaced.ok);
    assert.is(only(displaced).reason, 'dropped');
    assert.ok(DroppedError.is(only(displaced).error));
    open();
    assert.ok(await bus.waitForPending());
    assert.equal(seen, [1, 3, 4]);
    assert.is(bus.getStats().dropped, 1);
    assert.is(balance(bus), 0);
  }));

test('dropOldest with module handlers: what runs is never dropped, what waits in the ring and behind it is', () =>
  remote((tell, heard) =>
    withBus(
      {
        maxConcurrentHandlers: 1,
        asyncPerThread: 1,
        maxPendingEvents: 40,
        overflowPolicy: 'dropOldest',
        ring: { slots: 16, bytes: 65_536 },
      },
      async (bus) => {
        bus.subscribe(fixture('remote', 'gated'), 'x');
        const first = bus.emitAndWait('x', { n: 0 });
        while (heard() === 0) await turn();
        const others = Array.from({ length: 119 }, (_, n) => bus.emitAndWait('x', { n: n + 1 }));
        tell('go');
        const settled = await Promise.all([first, ...others]);
        const dropped = settled.map((r, n) => (r.ok ? -1 : n)).filter((n) => n >= 0);
        assert.equal(
          dropped,
          Array.from({ length: 80 }, (_, n) => n + 1),
          'the oldest of those that have not started',
        );
        for (const n of dropped) assert.is(only(settled[n]!).reason, 'dropped');
        const { completed, dropped: counted } = bus.getStats();
        assert.equal([completed, counted, balance(bus)], [40, 80, 0]);
      },
    ),
  ));

test('dropOldest where everything has started: BackpressureError', () =>
  withBus({ maxPendingEvents: 1, overflowPolicy: 'dropOldest' }, async (bus) => {
    const { open } = holdAll(bus);
    bus.emit('x', {});
    await Promise.resolve();
    assert.throws(
      () => bus.emit('x', {}),
      (e: unknown) => BackpressureError.is(e),
    );
    open();
    assert.ok(await bus.waitForPending());
  }));

test('dropOldest of a fan-out event with one started handler drops nothing of it', () =>
  withBus({ maxConcurrentHandlers: 1, maxPendingEvents: 1, overflowPolicy: 'dropOldest' }, async (bus) => {
    const { promise, open } = gate();
    bus.subscribe(fixture('echo'), 'x');
    bus.subscribe(() => promise, 'x');
    await bus.ready();
    const first = bus.emitAndWait('x', {});
    await Promise.resolve();
    assert.throws(
      () => bus.emit('x', {}),
      (e: unknown) => BackpressureError.is(e),
    );
    open();
    const result = await first;
    assert.ok(result.ok);
    assert.is(result.outcomes.length, 2);
  }));

test('block: waits for the threads, before they are up and while they work, and every event is handled', () =>
  withBus({ maxPendingEvents: 10, overflowPolicy: 'block' }, async (bus) => {
    bus.subscribe(fixture('tools', 'spins'), 'x');
    for (let n = 0; n < 200; n++) {
      bus.emit('x', { ms: 0.2, n });
      assert.ok(bus.getStats().pending <= 10);
    }
    assert.ok(await bus.waitForPending());
    assert.is(bus.getStats().completed, 200);
    assert.is(balance(bus), 0);
  }));

test('block: deadlines are enforced while the main thread is blocked', () =>
  withBus(
    { maxConcurrentHandlers: 1, maxPendingEvents: 1, overflowPolicy: 'block', handlerTimeoutMs: 50 },
    async (bus) => {
      bus.subscribe(fixture('deaths', 'busyLoop'), 'x');
      await bus.ready();
      const first = bus.emitAndWait('x', {});
      const second = bus.emitAndWait('x', { hang: false });
      const outcome = only(await first);
      assert.is(outcome.reason, 'handler_timeout');
      assert.ok(only(await second).ok);
    },
  ));

test('block: gives up after blockTimeoutMs', () =>
  withBus(
    { maxConcurrentHandlers: 1, maxPendingEvents: 1, overflowPolicy: 'block', blockTimeoutMs: 30 },
    async (bus) => {
      bus.subscribe(fixture('tools', 'waits'), 'x');
      await bus.ready();
      bus.emit('x', { ms: 300 });
      assert.throws(() => bus.emit('x', { ms: 1 }), /blockTimeoutMs=30/);
      assert.is(bus.getStats().emitted, 1);
      assert.ok(await bus.waitForPending());
    },
  ));

test('block: with main-thread handlers alone it throws at once, since blocking could make no room', () =>
  withBus({ maxPendingEvents: 1, overflowPolicy: 'block' }, async (bus) => {
    const { open } = holdAll(bus);
    bus.emit('x', {});
    assert.throws(() => bus.emit('x', {}), /main thread alone/);
    open();
    assert.ok(await bus.waitForPending());
  }));

test('waitForPending: true at zero, false when the time is over; bad limits are refused', () =>
  withBus({}, async (bus) => {
    assert.ok(await bus.waitForPending({ timeoutMs: 0 }));
    const { open } = holdAll(bus);
    bus.emit('x', {});
    assert.not.ok(await bus.waitForPending({ timeoutMs: 5 }));
    const waiting = bus.waitForPending({ timeoutMs: Number.POSITIVE_INFINITY });
    open();
    assert.ok(await waiting);
    for (const timeoutMs of [-1, Number.NaN, '1']) {
      const error = await bus.waitForPending({ timeoutMs } as never).catch((e: unknown) => e);
      assert.is((error as { code?: string }).code, 'ERR_GANGLION_CONFIG');
    }
  }));

test('a tiny ring with large bursts: everything beyond it waits in the bus and is handled in turn', () =>
  withBus({ ring: { slots: 16, bytes: 65_536 } }, async (bus) => {
    bus.subscribe(fixture('echo'), 'x');
    const text = 'y'.repeat(2_000);
    const results = Array.from({ length: 2_000 }, (_, n) =>
      bus.emitAndWait('x', { n, text: n % 10 === 0 ? text.repeat(8) : text }),
    );
    for (const [n, result] of (await Promise.all(results)).entries()) {
      const { payload } = only(result).value as { payload: { n: number; text: string } };
      assert.is(payload.n, n);
      assert.is(payload.text.length, n % 10 === 0 ? 16_000 : 2_000);
    }
    assert.is(bus.getStats().ring.used, 0);
    assert.is(balance(bus), 0);
  }));

test('dropOldest drops no event of which a handler of a higher priority has run', () =>
  remote((tell, heard) =>
    withBus(
      { maxConcurrentHandlers: 1, asyncPerThread: 1, maxPendingEvents: 2, overflowPolicy: 'dropOldest' },
      async (bus) => {
        let ran = 0;
        bus.subscribe(fixture('remote', 'gated'), ['busy', 'two']);
        bus.subscribe(() => void ran++, 'two', { priority: 200 });
        const busy = bus.emitAndWait('busy', {});
        while (heard() === 0) await turn();
        const two = bus.emitAndWait('two', {});
        while (ran === 0) await turn();
        assert.throws(
          () => bus.emit('two', {}),
          (e: unknown) => BackpressureError.is(e),
        );
        tell('go');
        assert.ok((await busy).ok);
        assert.ok((await two).ok);
        assert.is(bus.getStats().dropped, 0);
      },
    ),
  ));

test('an emitter that never returns to its event loop finds the room that threads have made', () =>
  withBus({ maxConcurrentHandlers: 1, maxPendingEvents: 1 }, async (bus) => {
    bus.subscribe(fixture('echo'), 'x');
    await bus.ready();
    const until = performance.now() + 20_000;
    for (let emitted = 0; emitted < 3; ) {
      try {
        bus.emit('x', {});
        emitted++;
      } catch (error) {
        assert.ok(BackpressureError.is(error));
        assert.ok(performance.now() < until, `no room after ${emitted} events`);
      }
    }
  }));

test.run();
