import * as assert from 'uvu/assert';
import { type BusEvent, HandlerTimeoutError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, nextEvent, only, remote, withBus } from './fixtures.ts';

const test = tests('deadlines');

test('a busy loop is settled at its deadline, its thread replaced, and the other work goes on', () =>
  withBus({ handlerTimeoutMs: 100 }, async (bus) => {
    bus.subscribe(fixture('deaths', 'busyLoop'), 'hang');
    bus.subscribe(fixture('echo'), 'echo');
    await bus.ready();
    const outcome = only(await bus.emitAndWait('hang', {}));
    assert.is(outcome.reason, 'handler_timeout');
    assert.ok(HandlerTimeoutError.is(outcome.error));
    assert.is((outcome.error as HandlerTimeoutError).timeoutMs, 100);
    assert.ok(outcome.durationMs >= 100, `${outcome.durationMs} ms`);
    assert.ok(outcome.threadId > 0);
    assert.ok(only(await bus.emitAndWait('echo', {})).ok);
    assert.is(bus.getStats().threads.restarts, 1);
    assert.ok(only(await bus.emitAndWait('hang', { hang: false })).ok);
    assert.is(balance(bus), 0);
  }));

test('a native call that cannot be interrupted is settled at its deadline all the same, its thread counted as a zombie', () =>
  withBus({ handlerTimeoutMs: 100, maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(fixture('deaths', 'nativeCall'), 'native');
    bus.subscribe(fixture('echo'), 'echo');
    await bus.ready();
    const outcome = only(await bus.emitAndWait('native', {}));
    assert.is(outcome.reason, 'handler_timeout');
    while (bus.getStats().threads.zombies === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(only(await bus.emitAndWait('echo', {})).ok);
    assert.is(bus.getStats().threads.live, 1);
    assert.is(balance(bus), 0);
  }));

test('a promise that never settles: outcome at the deadline, its neighbours unharmed, its thread replaced when they are done', () =>
  withBus({ maxConcurrentHandlers: 1, handlerTimeoutMs: 5_000 }, async (bus) => {
    bus.subscribe(fixture('deaths', 'neverSettles'), 'never', { timeoutMs: 50 });
    bus.subscribe(fixture('tools', 'waits'), 'waits');
    await bus.ready();
    const slow = bus.emitAndWait('waits', { ms: 400, n: 1 });
    const never = only(await bus.emitAndWait('never', {}));
    assert.is(never.reason, 'handler_timeout');
    const outcome = only(await slow);
    assert.ok(outcome.ok);
    assert.is(outcome.attempt, 1);
    assert.is(outcome.threadId, never.threadId);
    const after = only(await bus.emitAndWait('waits', { ms: 1, n: 2 }));
    assert.is.not(after.threadId, never.threadId);
  }));

test('a handler that answers its signal leaves no late error, one that throws something else does', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('deaths', 'obeysSignal'), 'obeys', { timeoutMs: 30 });
    const lateId = bus.subscribe(fixture('deaths', 'rejectsLate'), 'late', { timeoutMs: 30, name: 'late' });
    bus.subscribe(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 60));
        throw new Error('inline, too late');
      },
      'inline',
      { timeoutMs: 30 },
    );
    const late: BusEvent[] = [];
    bus.subscribe((event) => void late.push(event), 'system.handler_late_error');
    assert.is(only(await bus.emitAndWait('obeys', {})).reason, 'handler_timeout');
    const first = nextEvent(bus, 'system.handler_late_error');
    const { eventId } = await bus.emitAndWait('late', { ms: 60 });
    assert.equal((await first).payload, {
      original_event_id: eventId,
      original_event_type: 'late',
      subscription_id: lateId,
      error: { name: 'Error', message: 'too late' },
    });
    const second = nextEvent(bus, 'system.handler_late_error');
    assert.is(only(await bus.emitAndWait('inline', {})).reason, 'handler_timeout');
    assert.is(((await second).payload.error as { message: string }).message, 'inline, too late');
    await bus.shutdown();
    assert.is(late.length, 2);
  }));

test('sync inline code past its deadline is reported when it returns, its value dropped', () =>
  withBus({}, async (bus) => {
    bus.subscribe(
      () => {
        const until = performance.now() + 30;
        while (performance.now() < until);
        return 'late';
      },
      'x',
      { timeoutMs: 5 },
    );
    const outcome = only(await bus.emitAndWait('x', {}));
    assert.is(outcome.reason, 'handler_timeout');
    assert.is(outcome.value, undefined);
    assert.ok(outcome.durationMs >= 30);
  }));

test('async inline code past its deadline: settled at once, signal aborted, its later value ignored', () =>
  withBus({}, async (bus) => {
    let finish = (): void => {};
    let reason: unknown;
    bus.subscribe(
      (_event, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => (reason = signal.reason));
          finish = () => resolve('late');
        }),
      'x',
      { timeoutMs: 20 },
    );
    const outcome = only(await bus.emitAndWait('x', {}));
    assert.is(outcome.reason, 'handler_timeout');
    assert.ok(HandlerTimeoutError.is(reason));
    finish();
    assert.is(bus.getStats().failed, 1);
    assert.is(bus.getPendingCount(), 0);
  }));

test('timeouts: 0 and Infinity are none, and huge ones are valid', () =>
  withBus({ handlerTimeoutMs: 0 }, async (bus) => {
    for (const timeoutMs of [undefined, 0, Number.POSITIVE_INFINITY]) {
      const options = timeoutMs === undefined ? {} : { timeoutMs };
      const id = bus.subscribe(fixture('tools', 'remaining'), 'x', options);
      assert.is((only(await bus.emitAndWait('x', {})).value as unknown[])[2], true);
      bus.unsubscribe(id);
    }
    bus.subscribe(fixture('tools', 'remaining'), 'x', { timeoutMs: 2 ** 33 });
    const [first, later] = only(await bus.emitAndWait('x', {})).value as number[];
    assert.ok(first! > 2 ** 32 && later! <= first! - 5, `${first} then ${later}`);
    bus.subscribe(async (_e, { remainingMs }) => remainingMs(), 'inline', { timeoutMs: 2 ** 33 });
    assert.ok((only(await bus.emitAndWait('inline', {})).value as number) > 2 ** 32);
  }));

test('a thread with a handler far past its deadline takes nothing new, though its other work goes on', () =>
  remote((tell, heard) =>
    withBus({ maxConcurrentHandlers: 1, handlerTimeoutMs: 0 }, async (bus) => {
      bus.subscribe(fixture('remote', 'gated'), 'gated');
      bus.subscribe(fixture('deaths', 'neverSettles'), 'never', { timeoutMs: 20 });
      bus.subscribe(fixture('echo'), 'echo');
      await bus.ready();
      const gated = bus.emitAndWait('gated', {});
      while (heard() === 0) await new Promise((resolve) => setImmediate(resolve));
      const { threadId } = only(await bus.emitAndWait('never', {}));
      while (only(await bus.emitAndWait('echo', {})).threadId === threadId);
      assert.is(bus.getPendingCount(), 1, 'its neighbour goes on');
      tell('go');
      const outcome = only(await gated);
      assert.equal([outcome.ok, outcome.attempt, outcome.threadId], [true, 1, threadId]);
    }),
  ));

test('a handler that blocks its thread after its deadline, while another had the thread, is ended', () =>
  withBus({ maxConcurrentHandlers: 1, spareThreads: 0 }, async (bus) => {
    bus.subscribe(fixture('deaths', 'blocksLater'), 'blocks', { timeoutMs: 50 });
    bus.subscribe(fixture('tools', 'spins'), 'spins');
    await bus.ready();
    const blocks = bus.emitAndWait('blocks', {});
    const spins = bus.emitAndWait('spins', { ms: 200 });
    assert.is(only(await blocks).reason, 'handler_timeout');
    assert.ok(only(await spins).ok);
    assert.ok(only(await bus.emitAndWait('spins', { ms: 1 })).ok);
    assert.is(bus.getStats().threads.restarts, 1);
  }));

test.run();
