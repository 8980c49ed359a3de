import * as assert from 'uvu/assert';
import { type BusEvent, GanglionError, type HandlerModule, HandlerTimeoutError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, nextEvent, only, withBus } from './fixtures.ts';

const test = tests('failures');

const throwers: [string, HandlerModule | ((event: BusEvent) => unknown)][] = [
  ['module', fixture('deaths', 'throwsAnything')],
  [
    'inline',
    async (event) => {
      const { throwsAnything } = (await import('../fixtures/handlers/deaths.ts')) as {
        throwsAnything: (event: BusEvent) => never;
      };
      return throwsAnything(event);
    },
  ],
];

for (const [kind, handler] of throwers) {
  test(`${kind}: whatever is thrown fails that handler alone`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x');
      bus.subscribe(() => 'fine', 'x');
      for (const what of ['null', 'undefined', 'string', 'frozen', 'getter', 'proxy', 'plain']) {
        const { ok, outcomes } = await bus.emitAndWait('x', { what });
        assert.not.ok(ok);
        assert.is(outcomes[0]!.reason, 'handler_error');
        assert.instance(outcomes[0]!.error, Error);
        assert.ok(outcomes[1]!.ok);
      }
      assert.is(balance(bus), 0);
      assert.is(bus.getStats().failed, 7);
      assert.is(bus.getStats().threads.restarts, 0);
    }));

  test(`${kind}: a handler's own TimeoutError or AbortError is an error like any other`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x');
      for (const [what, name] of [
        ['timeout', 'TimeoutError'],
        ['abort', 'AbortError'],
      ]) {
        const outcome = only(await bus.emitAndWait('x', { what }));
        assert.is(outcome.reason, 'handler_error');
        assert.is(outcome.error?.name, name);
      }
    }));

  test(`${kind}: name, code, cause, own properties and aggregated errors survive`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x');
      const rich = only(await bus.emitAndWait('x', { what: 'rich' })).error as TypeError & {
        code: string;
        detail: unknown;
      };
      assert.instance(rich, TypeError);
      assert.is(rich.name, 'TypeError');
      assert.is(rich.message, 'rich');
      assert.is(rich.code, 'E_RICH');
      assert.equal(rich.detail, { a: [1, 2] });
      assert.match(rich.stack ?? '', /throwsAnything/);
      assert.instance(rich.cause, RangeError);
      assert.is((rich.cause as Error).message, 'the cause');
      const both = only(await bus.emitAndWait('x', { what: 'aggregate' })).error as AggregateError;
      assert.instance(both, AggregateError);
      assert.equal(
        both.errors.map((e: Error) => `${e.name} ${e.message}`),
        ['Error one', 'TypeError two'],
      );
    }));

  test(`${kind}: one system.handler_error, seen by system.* and not by *`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x.y', { name: 'thrower' });
      const everything: string[] = [];
      bus.subscribe((event) => void everything.push(event.eventType), '*');
      const seen: BusEvent[] = [];
      bus.subscribe((event) => void seen.push(event), 'system.*');
      const { eventId, outcomes } = await bus.emitAndWait('x.y', { what: 'rich' }, { correlationId: 'c-9' });
      bus.emit('system.startup', {});
      await bus.shutdown();
      assert.equal(everything, ['x.y', 'system.startup']);
      assert.equal(
        seen.map((e) => e.eventType),
        ['system.handler_error', 'system.startup', 'system.event_bus_shutdown'],
      );
      const { payload, source, correlationId } = seen[0]!;
      assert.is(source, 'event_bus');
      assert.is(correlationId, 'c-9');
      assert.equal(payload, {
        original_event_id: eventId,
        original_event_type: 'x.y',
        subscription_id: outcomes[0]!.subscriptionId,
        handler_name: 'thrower',
        reason: 'handler_error',
        error: { name: 'TypeError', message: 'rich', code: 'E_RICH' },
      });
    }));
}

test('a failing subscriber of a system event raises no further one, and system events are not counted', () =>
  withBus({}, async (bus) => {
    let calls = 0;
    bus.subscribe(() => {
      calls++;
      throw new Error('again');
    }, 'system.handler_error');
    bus.subscribe(fixture('deaths', 'throwsAnything'), 'system.handler_error');
    bus.subscribe(() => {
      throw new Error('first');
    }, 'x');
    await bus.emitAndWait('x', {});
    await bus.shutdown();
    assert.is(calls, 1);
    const { emitted, failed, pending } = bus.getStats();
    assert.equal({ emitted, failed, pending }, { emitted: 1, failed: 1, pending: 0 });
  }));

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

test('blocking a thread after an await: the thread is ended, the culprit times out, its neighbour runs again as attempt 2', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(fixture('deaths', 'blocksLater'), 'blocks', { timeoutMs: 100 });
    bus.subscribe(fixture('tools', 'waits'), 'waits');
    bus.subscribe(fixture('tools', 'waits'), 'once', { redeliver: false });
    await bus.ready();
    const neighbours = [bus.emitAndWait('waits', { ms: 100, n: 1 }), bus.emitAndWait('once', { ms: 100, n: 2 })];
    assert.is(only(await bus.emitAndWait('blocks', { company: 2 })).reason, 'handler_timeout');
    const [again, once] = (await Promise.all(neighbours)).map(only);
    assert.ok(again!.ok);
    assert.is(again!.attempt, 2);
    assert.is(once!.reason, 'worker_exit');
    assert.is(once!.attempt, 1);
  }));

for (const [name, message] of [
  ['exits', /ended under it/],
  ['exitsLater', /ended under it/],
  ['outOfMemory', /ended under it/],
  ['throwsUncaught', /uncaught 1/],
  ['rejectsUncaught', /rejected on the side/],
] as const) {
  test(`${name}: worker_exit for the delivery that did it, and the thread is replaced`, () =>
    withBus({ maxConcurrentHandlers: 1, resourceLimits: { maxOldGenerationSizeMb: 32 } }, async (bus) => {
      bus.subscribe(fixture('deaths', name), 'dies');
      bus.subscribe(fixture('echo'), 'echo');
      await bus.ready();
      const outcome = only(await bus.emitAndWait('dies', { n: 1 }));
      assert.is(outcome.reason, 'worker_exit');
      assert.ok(GanglionError.is(outcome.error));
      assert.match(outcome.error?.message ?? '', message);
      assert.ok(only(await bus.emitAndWait('echo', {})).ok);
      const { restarts } = bus.getStats().threads;
      assert.is(restarts, 1);
      assert.is(balance(bus), 0);
    }));
}

for (const name of ['exitsLater', 'throwsUncaught', 'rejectsUncaught', 'outOfMemoryLater']) {
  test(`${name}: the neighbours of the culprit run again as the next attempt, or fail where they may not`, () =>
    withBus({ maxConcurrentHandlers: 1, resourceLimits: { maxOldGenerationSizeMb: 32 } }, async (bus) => {
      bus.subscribe(fixture('deaths', name), 'dies');
      bus.subscribe(fixture('tools', 'waits'), 'waits');
      bus.subscribe(fixture('tools', 'waits'), 'once', { redeliver: false });
      await bus.ready();
      const before = bus.emitAndWait('waits', { ms: 200, n: 1 });
      const once = bus.emitAndWait('once', { ms: 200, n: 3 });
      const culprit = bus.emitAndWait('dies', { company: 3 });
      const after = bus.emitAndWait('waits', { ms: 200, n: 2 });
      assert.is(only(await culprit).reason, 'worker_exit');
      for (const waiting of [before, after]) {
        const outcome = only(await waiting);
        assert.ok(outcome.ok);
        assert.is(outcome.attempt, 2);
      }
      assert.is(only(await once).reason, 'worker_exit');
    }));
}

test('an error after the outcome is told of, naming its delivery, and touches nothing else', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    const id = bus.subscribe(fixture('deaths', 'throwsAfterwards'), 'late');
    bus.subscribe(fixture('tools', 'waits'), 'waits');
    const told = nextEvent(bus, 'system.handler_late_error');
    const neighbour = bus.emitAndWait('waits', { ms: 50, n: 1 });
    const { eventId, ok } = await bus.emitAndWait('late', { n: 1 }, { correlationId: 'c-3' });
    assert.ok(ok);
    const event = await told;
    assert.is(event.correlationId, 'c-3');
    assert.equal(event.payload, {
      original_event_id: eventId,
      original_event_type: 'late',
      subscription_id: id,
      error: { name: 'Error', message: 'after the outcome' },
    });
    const outcome = only(await neighbour);
    assert.ok(outcome.ok);
    assert.is(outcome.attempt, 1);
    assert.is(bus.getStats().threads.restarts, 0);
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

test.run();
