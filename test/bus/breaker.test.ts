import * as assert from 'uvu/assert';
import { type BusEvent, DeadLetterQueue, type EmitResult, QuarantinedError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, nextEvent, only, withBus } from './fixtures.ts';

const test = tests('circuit breaker');

const reasons = (results: readonly EmitResult[]): unknown[] => results.map((result) => only(result).reason);

for (const [name, options, patch] of [
  ['deaths', {}, { how: 'exit' }],
  ['hard kills', { timeoutMs: 40 }, { how: 'hang' }],
] as const) {
  test(`${name}: open after so many, the rest fail fast, whatever is queued; one trial closes it`, () =>
    withBus({ maxConcurrentHandlers: 1, deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
      const quarantined: BusEvent[] = [];
      bus.subscribe((event) => void quarantined.push(event), 'system.handler_quarantined');
      const circuitBreaker = { failures: 3, windowMs: 60_000, pauseMs: 150 };
      const id = bus.subscribe(fixture('breaks'), 'x', { circuitBreaker, name: 'breaks', ...options });
      bus.subscribe(fixture('echo'), 'echo');
      await bus.ready();
      const results = await Promise.all(Array.from({ length: 2_000 }, () => bus.emitAndWait('x', patch)));
      const counts = new Map<unknown, number>();
      for (const reason of reasons(results)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
      const hard = 2_000 - counts.get('handler_quarantined')!;
      // Deliveries that were starting when it opened may have cost a thread too.
      assert.ok(hard >= 3 && hard <= 5, `${hard} cost a thread`);
      assert.ok(bus.getStats().threads.restarts <= hard);
      assert.is(quarantined.length, 1);
      assert.equal(quarantined[0]!.payload, {
        subscription_id: id,
        handler_name: 'breaks',
        failures: 3,
        window_ms: 60_000,
        pause_ms: 150,
      });
      assert.is(bus.getStats().quarantined, 1);
      assert.ok(QuarantinedError.is(only(results.at(-1)!).error));
      assert.ok(only(await bus.emitAndWait('echo', {})).ok, 'other subscriptions go on');
      assert.is(bus.deadLetterQueue!.getStats().size, 2_000);
      let trial = await bus.emitAndWait('x', {});
      while (only(trial).reason === 'handler_quarantined') {
        await new Promise((resolve) => setImmediate(resolve));
        trial = await bus.emitAndWait('x', {});
      }
      assert.ok(only(trial).ok, 'the pause is over, and the trial decides');
      assert.equal([bus.getStats().quarantined, only(await bus.emitAndWait('x', {})).ok], [0, true]);
      assert.is(balance(bus), 0);
    }));
}

test('a trial that fails opens it again for another pause, and is the only one let through', () =>
  withBus({ maxConcurrentHandlers: 2 }, async (bus) => {
    const circuitBreaker = { failures: 1, windowMs: 60_000, pauseMs: 50 };
    bus.subscribe(fixture('breaks'), 'x', { circuitBreaker });
    await bus.ready();
    let opened = 0;
    bus.subscribe(() => void opened++, 'system.handler_quarantined');
    assert.is(only(await bus.emitAndWait('x', { how: 'exit' })).reason, 'worker_exit');
    while (opened < 3) {
      await Promise.all([1, 2, 3].map(() => bus.emitAndWait('x', { how: 'exit' })));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.is(bus.getStats().threads.restarts, 3);
  }));

test('a trial that hangs: at its deadline the pause begins anew, and one that never settles does not hold it for ever', () =>
  withBus({ maxConcurrentHandlers: 2, deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
    const circuitBreaker = { failures: 1, windowMs: 60_000, pauseMs: 20 };
    bus.subscribe(fixture('breaks'), 'x', { circuitBreaker, timeoutMs: 60 });
    await bus.ready();
    assert.is(only(await bus.emitAndWait('x', { how: 'exit' })).reason, 'worker_exit');
    for (const how of ['hang', 'never']) {
      let trial = await bus.emitAndWait('x', { how });
      while (only(trial).reason === 'handler_quarantined') {
        await new Promise((resolve) => setImmediate(resolve));
        trial = await bus.emitAndWait('x', { how });
      }
      assert.is(only(trial).reason, 'handler_timeout', how);
      assert.is(only(await bus.emitAndWait('x', {})).reason, 'handler_quarantined', 'its pause has begun anew');
    }
    let last = await bus.emitAndWait('x', {});
    while (only(last).reason === 'handler_quarantined') {
      await new Promise((resolve) => setImmediate(resolve));
      last = await bus.emitAndWait('x', {});
    }
    assert.ok(only(last).ok);
    assert.is(bus.getStats().quarantined, 0);
    assert.is(balance(bus), 0);
  }));

test('load failures open it; its trial loads the module afresh', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('no-such-file'), 'x', { circuitBreaker: { failures: 2, pauseMs: 50 } });
    const seen = nextEvent(bus, 'system.handler_quarantined');
    const results = [];
    for (let n = 0; n < 3; n++) results.push(await bus.emitAndWait('x', {}));
    assert.equal(reasons(results), ['handler_load_error', 'handler_load_error', 'handler_quarantined']);
    await seen;
  }));

test("a thread that dies of one subscription's never-settling handlers counts against that one", () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(fixture('breaks'), 'x', { timeoutMs: 20, circuitBreaker: { failures: 1, pauseMs: 60_000 } });
    const seen = nextEvent(bus, 'system.handler_quarantined');
    assert.is(only(await bus.emitAndWait('x', { how: 'never' })).reason, 'handler_timeout');
    await seen;
    assert.is(only(await bus.emitAndWait('x', {})).reason, 'handler_quarantined');
  }));

test('ordinary errors and soft deadlines never open it; false: nothing does', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(fixture('breaks'), 'throws', { circuitBreaker: { failures: 1 } });
    bus.subscribe(() => new Promise(() => {}), 'inline', { timeoutMs: 1, circuitBreaker: { failures: 1 } });
    bus.subscribe(fixture('breaks'), 'dies', { circuitBreaker: false });
    for (let n = 0; n < 7; n++) {
      assert.is(only(await bus.emitAndWait('throws', { how: 'throw' })).reason, 'handler_error');
      assert.is(only(await bus.emitAndWait('inline', {})).reason, 'handler_timeout');
      assert.is(only(await bus.emitAndWait('dies', { how: 'exit' })).reason, 'worker_exit');
    }
    assert.is(bus.getStats().quarantined, 0);
  }));

test.run();
