import * as assert from 'uvu/assert';
import { GanglionError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, nextEvent, only, withBus } from './fixtures.ts';

const test = tests('threads that die');

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

test.run();
