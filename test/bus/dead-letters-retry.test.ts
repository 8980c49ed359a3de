import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  BusClosedError,
  ConfigError,
  DeadLetterQueue,
  EventBus,
  SerializationError,
  SubscriptionGoneError,
} from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { fails, fixture, gate, nextEvent, withBus } from './fixtures.ts';

const test = tests('dead letters: retry');

test('retry: only what failed, the same event id, the next attempt, outside of the five figures', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    const calls: [string, number, string][] = [];
    let broken = true;
    bus.subscribe((event, { attempt }) => void calls.push(['good', attempt, event.eventId]), 'x');
    bus.subscribe((event, { attempt }) => {
      calls.push(['bad', attempt, event.eventId]);
      if (broken) throw new Error(`attempt ${attempt}`);
    }, 'x');
    const { eventId } = await bus.emitAndWait('x', { n: 1 });
    const { id } = dlq.getAll()[0]!;
    assert.is(await dlq.retry(id, bus), false);
    const failed = dlq.get(id)!;
    assert.is(failed.retryCount, 1);
    assert.equal(
      failed.attempts.map(({ error }) => error.message),
      ['attempt 1', 'attempt 2'],
    );
    assert.is(failed.error.message, 'attempt 2');
    assert.is(dlq.size(), 1);
    broken = false;
    assert.is(await dlq.retry(id, bus), true);
    assert.is(dlq.size(), 0);
    assert.is(await dlq.retry(id, bus), false, 'an unknown id');
    assert.equal(calls, [
      ['good', 1, eventId],
      ['bad', 1, eventId],
      ['bad', 2, eventId],
      ['bad', 3, eventId],
    ]);
    const { emitted, completed, failed: failures, pending } = bus.getStats();
    assert.equal([emitted, completed, failures, pending], [1, 0, 1, 0]);
  });
});

test('retry on the pool: body and attempt arrive; a retry keeps the process of the event apart from other subscriptions', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    bus.subscribe(fixture('flaky'), 'x', { name: 'flaky' });
    const { eventId } = await bus.emitAndWait('x', { succeedsAt: 2 }, { body: new Uint8Array([7]) });
    const [entry] = dlq.getAll();
    assert.is(entry!.error.message, 'attempt 1, 1 bytes');
    const seen = nextEvent(bus, 'flaky.succeeded');
    assert.ok(await dlq.retry(entry!.id, bus));
    assert.equal((await seen).payload, { eventId, attempt: 2, bytes: 1 });
  });
});

test('removeOnSuccess: false leaves the entry, counted', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    bus.subscribe((_event, { attempt }) => {
      if (attempt === 1) throw new Error('first');
    }, 'x');
    await bus.emitAndWait('x', {});
    const [entry] = dlq.getAll();
    assert.ok(await dlq.retry(entry!.id, bus, { removeOnSuccess: false }));
    assert.is(dlq.get(entry!.id)!.retryCount, 1);
    assert.is(dlq.get(entry!.id)!.attempts.length, 1);
  });
});

test('two retries of one entry at once run it once', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    let calls = 0;
    const { promise, open } = gate();
    bus.subscribe(async (_event, { attempt }) => {
      calls++;
      if (attempt === 1) throw new Error('first');
      await promise;
    }, 'x');
    await bus.emitAndWait('x', {});
    const [entry] = dlq.getAll();
    const both = [dlq.retry(entry!.id, bus), dlq.retry(entry!.id, bus)];
    open();
    assert.equal(await Promise.all(both), [true, true]);
    assert.is(calls, 2);
  });
});

test('retry when the subscription is gone, or the bus closed: rejects, says why, leaves the entry', async () => {
  const dlq = new DeadLetterQueue();
  const bus = new EventBus({ deadLetterQueue: dlq });
  const id = bus.subscribe(fails, 'x', { name: 'leaver' });
  await bus.emitAndWait('x', {});
  bus.unsubscribe(id);
  const [entry] = dlq.getAll();
  const gone = await dlq.retry(entry!.id, bus).catch((error: unknown) => error);
  assert.ok(SubscriptionGoneError.is(gone));
  assert.match((gone as Error).message, /leaver/);
  assert.equal(await dlq.retryAll(bus), { succeeded: [], failed: [entry!.id], exhausted: [] });
  assert.ok(ConfigError.is(await dlq.retry(entry!.id, {}).catch((error: unknown) => error)));
  await bus.shutdown();
  assert.ok(BusClosedError.is(await dlq.retry(entry!.id, bus).catch((error: unknown) => error)));
  assert.ok(BusClosedError.is(await dlq.retryAll(bus).catch((error: unknown) => error)));
  assert.is(dlq.get(entry!.id)!.retryCount, 0);
});

test('eviction is counted, and spares an entry that is being retried; its failing retry updates it', async () => {
  const dlq = new DeadLetterQueue({ maxSize: 2 });
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    const { promise, open } = gate();
    bus.subscribe(async (event, { attempt }) => {
      if (event.payload.n === 1 && attempt === 2) await promise;
      throw new Error(`n=${String(event.payload.n)} attempt=${attempt}`);
    }, 'x');
    await bus.emitAndWait('x', { n: 1 });
    const [first] = dlq.getAll();
    const retried = dlq.retry(first!.id, bus);
    for (const n of [2, 3, 4]) await bus.emitAndWait('x', { n });
    assert.equal(
      dlq.getAll().map(({ event }) => event.payload.n),
      [4, 1],
    );
    assert.is(dlq.getStats().evicted, 2);
    open();
    assert.is(await retried, false);
    assert.is(dlq.get(first!.id)!.retryCount, 1);
  });
});

test('removed during a retry: it stays away, whatever comes of it', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    const { promise, open } = gate();
    bus.subscribe(async (_event, { attempt }) => {
      if (attempt > 1) await promise;
      throw new Error('no');
    }, 'x');
    await bus.emitAndWait('x', {});
    const [entry] = dlq.getAll();
    const retried = dlq.retry(entry!.id, bus);
    assert.ok(dlq.remove(entry!.id));
    open();
    assert.is(await retried, false);
    assert.is(dlq.size(), 0);
    assert.equal(dlq.getStats().byReason, {});
  });
});

test('retryAll: each entry once, oldest first; new failures are not among them; maxRetries exhausts', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    const retried: unknown[] = [];
    bus.subscribe((event, { attempt, emit }) => {
      if (attempt > 1) {
        retried.push(event.payload.n);
        emit('x', { n: `new after ${String(event.payload.n)}` });
      }
      if (event.payload.n !== 2 || attempt === 1) throw new Error('no');
    }, 'x');
    for (const n of [1, 2, 3]) await bus.emitAndWait('x', { n });
    const [three, two, one] = dlq.getAll().map(({ id }) => id);
    assert.equal(await dlq.retryAll(bus, { maxRetries: 1 }), {
      succeeded: [two],
      failed: [one, three],
      exhausted: [],
    });
    assert.ok(await bus.waitForPending());
    assert.equal(retried, [1, 2, 3]);
    assert.is(dlq.size(), 5);
    const again = await dlq.retryAll(bus, { maxRetries: 1 });
    assert.equal(again.exhausted, [one, three]);
    assert.is(again.failed.length, 3);
  });
});

test('retry of an event that could not be encoded emits it, once it can be', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    const payload: Record<string, unknown> = { n: 1n };
    assert.throws(
      () => bus.emit('x', payload, { correlationId: 'c' }),
      (error: unknown) => SerializationError.is(error),
    );
    assert.is(bus.getStats().emitted, 0);
    const [entry] = dlq.getAll();
    assert.is(await dlq.retry(entry!.id, bus), false);
    assert.is(dlq.get(entry!.id)!.retryCount, 1);
    payload.n = 1;
    const seen = nextEvent(bus, 'x');
    assert.is(await dlq.retry(entry!.id, bus), true);
    const event = await seen;
    assert.equal([event.payload, event.eventId, event.correlationId], [{ n: 1 }, entry!.event.eventId, 'c']);
    assert.is(bus.getStats().emitted, 1);
    assert.is(dlq.size(), 0);
  });
});

test('retry of a module that could not be loaded loads it afresh', () =>
  inFolder((folder) => {
    const dlq = new DeadLetterQueue();
    return withBus({ deadLetterQueue: dlq }, async (bus) => {
      const module = join(folder, 'late.mjs');
      bus.subscribe({ module }, 'x');
      await bus.emitAndWait('x', {});
      const [entry] = dlq.getAll();
      assert.is(entry!.reason, 'handler_load_error');
      assert.is(await dlq.retry(entry!.id, bus), false);
      assert.is(dlq.get(entry!.id)!.reason, 'handler_load_error');
      writeFileSync(module, 'export default () => {};');
      assert.is(await dlq.retry(entry!.id, bus), true);
      assert.ok((await bus.emitAndWait('x', {})).ok);
    });
  }));

test('a retry that a shutdown ends says so, and the entry stays', async () => {
  const dlq = new DeadLetterQueue();
  const bus = new EventBus({ maxConcurrentHandlers: 1, deadLetterQueue: dlq });
  bus.subscribe((_event, { attempt }) => {
    if (attempt === 1) throw new Error('no');
    return new Promise(() => {});
  }, 'x');
  await bus.emitAndWait('x', {});
  const [entry] = dlq.getAll();
  const retried = dlq.retry(entry!.id, bus);
  await bus.shutdown({ timeoutMs: 0 });
  assert.is(await retried, false);
  assert.equal([dlq.get(entry!.id)!.reason, dlq.size()], ['shutdown', 1]);
});

test('a retry of a dead letter is one attempt, whatever retry policy its subscription has', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    const attempts: number[] = [];
    bus.subscribe(
      (_event, { attempt }) => {
        attempts.push(attempt);
        throw new Error('no');
      },
      'x',
      { retry: { attempts: 2, backoffMs: 0 } },
    );
    await bus.emitAndWait('x', {});
    assert.equal(attempts, [1, 2]);
    const [entry] = dlq.getAll();
    for (const n of [3, 4]) {
      assert.is(await dlq.retry(entry!.id, bus), false);
      assert.is(attempts.length, n);
    }
    assert.is(bus.getStats().pending, 0);
  });
});

test.run();
