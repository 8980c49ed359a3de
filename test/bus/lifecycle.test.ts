import * as assert from 'uvu/assert';
import { BusClosedError, EventBus } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, child, fixture, only, withBus } from './fixtures.ts';

const test = tests('lifecycle');

test('a process with an idle bus exits by itself', async () => {
  const { code, output } = await child(`
    const bus = new EventBus({ maxConcurrentHandlers: 2 });
    bus.subscribe(handler('echo'), 'x');
    await bus.ready();
    const { ok } = await bus.emitAndWait('x', {});
    console.log('handled', ok);`);
  assert.is(code, 0, output);
  assert.match(output, /^handled true\n$/);
});

test('a process does not exit while something is pending, on a thread or on the main thread', async () => {
  const { code, output } = await child(`
    const bus = new EventBus({ maxConcurrentHandlers: 1 });
    bus.subscribe(handler('tools', 'waits'), 'x');
    bus.subscribe(async (event) => { console.log('settled', event.payload.original_event_type); }, 'system.*');
    bus.subscribe(() => new Promise((resolve) => setTimeout(resolve, 50).unref()).then(() => console.log('inline done')), 'y');
    bus.subscribe((event) => console.log('after', event.payload.ms), 'x', { priority: 1 });
    bus.emit('x', { ms: 150 });
    bus.emit('y', {});`);
  assert.is(code, 0, output);
  assert.match(output, /inline done/);
  assert.match(output, /after 150/);
});

test('pending work survives the death of the only thread', async () => {
  const { code, output } = await child(`
    const bus = new EventBus({ maxConcurrentHandlers: 1, spareThreads: 0 });
    bus.subscribe(handler('deaths', 'exits'), 'x');
    bus.subscribe((event) => console.log('after', event.payload.n), 'x', { priority: 1 });
    bus.emit('x', { n: 1 });
    bus.emit('x', { n: 2, die: false });`);
  assert.is(code, 0, output);
  assert.match(output, /after 1/);
  assert.match(output, /after 2/);
});

test('a bus that was idle for long takes events again', async () => {
  const { code, output } = await child(`
    const bus = new EventBus({ maxConcurrentHandlers: 2 });
    bus.subscribe(handler('echo'), 'x');
    for (let i = 0; i < 3; i++) {
      const { ok } = await bus.emitAndWait('x', { i });
      console.log(i, ok, bus.getStats().threads.restarts);
      await new Promise((resolve) => setTimeout(resolve, 1300));
    }
    console.log(bus.getStats().threads.live);`);
  assert.is(code, 0, output);
  assert.match(output, /0 true 0\n1 true 0\n2 true 0\n0\n/);
});

test('timers of a handler module go on while the bus is idle', () =>
  withBus({ maxConcurrentHandlers: 1, spareThreads: 0 }, async (bus) => {
    bus.subscribe(fixture('tools', 'tick'), 'x');
    await bus.emitAndWait('x', {});
    // Long enough to be idle, and past the time at which the thread is given back to the pool.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const ticks = only(await bus.emitAndWait('x', {})).value as number;
    assert.ok(ticks > 20, `${ticks} ticks of a 10 ms timer in 1.5 s`);
  }));

test('shutdown drains, reports, and ends the threads; a second call is the same one', async () => {
  const bus = new EventBus({ maxConcurrentHandlers: 2 });
  bus.subscribe(fixture('tools', 'waits'), 'x');
  await bus.ready();
  const results = Array.from({ length: 10 }, (_, n) => bus.emitAndWait('x', { ms: 30, n }));
  const first = bus.shutdown();
  assert.is(bus.shutdown(), first);
  const report = await first;
  assert.equal(
    { ...report, durationMs: 0 },
    { drained: 10, abandoned: 0, killed: 0, auditFlushed: true, durationMs: 0 },
  );
  for (const result of await Promise.all(results)) assert.ok(result.ok);
  assert.equal(await bus.shutdown(), report);
  assert.is(bus.getStats().threads.live, 0);
});

test('after shutdown: BusClosedError everywhere', async () => {
  const bus = new EventBus();
  bus.subscribe(() => {}, 'x');
  await bus.shutdown();
  assert.throws(
    () => bus.emit('x', {}),
    (e: unknown) => BusClosedError.is(e),
  );
  assert.throws(
    () => bus.subscribe(() => {}, 'x'),
    (e: unknown) => BusClosedError.is(e),
  );
  for (const call of [bus.emitAndWait('x', {}), bus.emitAsync('x', {}), bus.ready()]) {
    assert.ok(BusClosedError.is(await (call as Promise<unknown>).catch((e: unknown) => e)));
  }
  assert.ok(await bus.waitForPending());
});

test('shutdown at its time limit: what is left is settled as shutdown, signals abort, threads are ended', async () => {
  const bus = new EventBus({ maxConcurrentHandlers: 2 });
  let reason: unknown;
  bus.subscribe(fixture('deaths', 'busyLoop'), 'hang');
  bus.subscribe(fixture('deaths', 'obeysSignal'), 'async');
  bus.subscribe(
    (_e, { signal }) => new Promise(() => signal.addEventListener('abort', () => (reason = signal.reason))),
    'inline',
  );
  bus.subscribe(() => 'never', 'inline', { priority: 1 });
  await bus.ready();
  const waiting = ['hang', 'async', 'inline', 'hang'].map((type) => bus.emitAndWait(type, {}));
  const report = await bus.shutdown({ timeoutMs: 200 });
  const results = await Promise.all(waiting);
  assert.is(report.drained, 0);
  const reasons = results.flatMap((r) => r.outcomes.map((o) => o.reason));
  assert.is(reasons.filter((r) => r === 'shutdown').length, report.abandoned);
  assert.ok(report.abandoned >= 4, JSON.stringify(reasons));
  assert.ok(report.killed >= 1, `${report.killed} killed`);
  assert.is((reason as { code?: string }).code, 'ERR_GANGLION_SHUTDOWN');
  assert.is(balance(bus), 0);
  assert.is(bus.getStats().failed, 4);
});

test('handlers may still emit while a shutdown drains, others may not', () =>
  withBus({}, async (bus) => {
    const seen: string[] = [];
    bus.subscribe((event) => void seen.push(event.eventType), 'child.*');
    bus.subscribe(fixture('tools', 'emits'), 'x');
    bus.subscribe(async (_e, { emit }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      emit('child.context', {});
      bus.emit('child.bus', {});
    }, 'y');
    await bus.ready();
    bus.emit('x', { n: 1 });
    bus.emit('y', {});
    const closing = bus.shutdown();
    assert.throws(
      () => bus.emit('child.outside', {}),
      (e: unknown) => BusClosedError.is(e),
    );
    const { abandoned } = await closing;
    assert.is(abandoned, 0);
    assert.equal(seen.sort(), ['child.async', 'child.bus', 'child.context', 'child.sync']);
  }));

test('await using ends the bus', async () => {
  let seen: EventBus;
  {
    await using bus = new EventBus();
    seen = bus;
    bus.subscribe(fixture('echo'), 'x');
    assert.ok((await bus.emitAndWait('x', {})).ok);
  }
  assert.throws(
    () => seen.emit('x', {}),
    (e: unknown) => BusClosedError.is(e),
  );
});

test('shutdown of a bus that never started anything, and right after subscribe', async () => {
  await new EventBus().shutdown();
  const bus = new EventBus({ maxConcurrentHandlers: 2 });
  bus.subscribe(fixture('echo'), 'x');
  const { abandoned } = await bus.shutdown();
  assert.is(abandoned, 0);
});

test('emitAndWait: abort rejects, the handler goes on and is counted', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('tools', 'waits'), 'x');
    await bus.ready();
    const controller = new AbortController();
    const waiting = bus.emitAndWait('x', { ms: 50 }, { signal: controller.signal }).catch((e: unknown) => e);
    controller.abort(new Error('no patience'));
    assert.is(((await waiting) as Error).message, 'no patience');
    assert.ok(await bus.waitForPending());
    assert.is(bus.getStats().completed, 1);
    const before = await bus.emitAndWait('x', { ms: 1 }, { signal: controller.signal }).catch((e: unknown) => e);
    assert.is((before as Error).message, 'no patience');
    assert.is(bus.getStats().emitted, 1);
  }));

test('emitAndWait inside handlers does not deadlock', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('echo'), 'leaf');
    bus.subscribe(() => 'inline leaf', 'leaf');
    bus.subscribe(async (event) => {
      const depth = Number(event.payload.depth);
      if (depth === 0) return (await bus.emitAndWait('leaf', {})).outcomes.length;
      return only(await bus.emitAndWait('nest', { depth: depth - 1 })).value;
    }, 'nest');
    assert.is(only(await bus.emitAndWait('nest', { depth: 5 })).value, 2);
  }));

test('many handlers of the main thread leave its event loop a turn in between', () =>
  withBus({}, async (bus) => {
    let handled = 0;
    bus.subscribe(() => {
      handled++;
      const until = performance.now() + 1;
      while (performance.now() < until);
    }, 'x');
    const EVENTS = 100;
    for (let n = 0; n < EVENTS; n++) bus.emit('x', {});
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(handled < EVENTS, `${handled} of ${EVENTS} before anything else`);
    assert.ok(await bus.waitForPending());
    assert.is(handled, EVENTS);
  }));

test.run();
