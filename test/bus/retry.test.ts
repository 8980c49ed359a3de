import * as assert from 'uvu/assert';
import { ConfigError, DeadLetterQueue, EventBus, NonRetryableError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, only, withBus } from './fixtures.ts';

const test = tests('retry');

test('inline and on the pool: tried again until it succeeds; emitAndWait waits for the end', () =>
  withBus({ deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
    const attempts: number[] = [];
    const retry = { attempts: 3, backoffMs: 1 };
    bus.subscribe(
      (_event, { attempt }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new Error('not yet');
        return 'done';
      },
      'inline',
      { retry },
    );
    bus.subscribe(fixture('flaky'), 'pool', { retry });
    const errors: unknown[] = [];
    bus.subscribe((event) => void errors.push(event), 'system.handler_error');
    const inline = only(await bus.emitAndWait('inline', {}));
    assert.equal([inline.ok, inline.attempt, inline.value], [true, 3, 'done']);
    assert.equal(attempts, [1, 2, 3]);
    const pool = only(await bus.emitAndWait('pool', { succeedsAt: 3 }));
    assert.equal([pool.ok, pool.attempt], [true, 3]);
    assert.equal(errors, []);
    assert.is(bus.deadLetterQueue!.size(), 0);
    assert.equal([bus.getStats().failed, balance(bus)], [0, 0]);
  }));

test('used up: one dead letter with every attempt, one system.handler_error at the end', () =>
  withBus({ deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
    const errors: unknown[] = [];
    bus.subscribe(({ payload }) => void errors.push(payload.original_event_id), 'system.handler_error');
    bus.subscribe(fixture('flaky'), 'pool', { retry: { attempts: 3, backoffMs: 0 } });
    const { eventId, ok, outcomes } = await bus.emitAndWait('pool', { succeedsAt: 9 });
    assert.equal([ok, outcomes[0]!.attempt, outcomes[0]!.reason], [false, 3, 'handler_error']);
    assert.ok(await bus.waitForPending());
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(errors, [eventId]);
    const [entry, ...others] = bus.deadLetterQueue!.getAll();
    assert.equal(others, []);
    assert.equal(
      entry!.attempts.map(({ error }) => error.message),
      ['attempt 1, 0 bytes', 'attempt 2, 0 bytes', 'attempt 3, 0 bytes'],
    );
    assert.is(await bus.deadLetterQueue!.retry(entry!.id, bus), false);
    assert.is(bus.deadLetterQueue!.get(entry!.id)!.attempts.length, 4, 'a retry of a dead letter is one attempt');
  }));

test('a deadline and a death are tried again, without their thread', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    const retry = { attempts: 2, backoffMs: 1 };
    bus.subscribe(fixture('mends'), 'x', { retry, timeoutMs: 100 });
    for (const how of ['hang', 'never', 'exit'] as const) {
      const outcome = only(await bus.emitAndWait('x', { how }));
      assert.equal([how, outcome.ok, outcome.attempt], [how, true, 2]);
    }
  }));

for (const [name, make] of [
  ['NonRetryableError', () => new NonRetryableError('never')],
  ['an error with retryable: false', () => Object.assign(new Error('never'), { retryable: false })],
] as const) {
  test(`${name} is the end at once, inline and off a thread`, () =>
    withBus({ deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
      const retry = { attempts: 5, backoffMs: 1 };
      bus.subscribe(
        () => {
          throw make();
        },
        'inline',
        { retry },
      );
      bus.subscribe(fixture('mends'), 'pool', { retry });
      for (const outcome of [
        only(await bus.emitAndWait('inline', {})),
        only(await bus.emitAndWait('pool', { how: name === 'NonRetryableError' ? 'refuse' : 'flag' })),
      ]) {
        assert.equal([outcome.ok, outcome.attempt, outcome.error?.message], [false, 1, 'never']);
      }
      assert.is(bus.deadLetterQueue!.size(), 2);
    }));
}

test('while it waits it holds no thread and no slot, is pending, and others go on', () =>
  withBus({ maxConcurrentHandlers: 1, asyncPerThread: 1, ring: { slots: 16, bytes: 65_536 } }, async (bus) => {
    bus.subscribe(fixture('flaky'), 'flaky', { retry: { attempts: 2, backoffMs: 600_000, maxBackoffMs: 600_000 } });
    bus.subscribe(fixture('echo'), 'echo');
    for (let n = 0; n < 40; n++) bus.emit('flaky', { succeedsAt: 2 });
    while (bus.getStats().retrying < 40) await new Promise((resolve) => setImmediate(resolve));
    const { pending, retrying, ring, threads } = bus.getStats();
    assert.equal([pending, retrying, ring.used, threads.busy], [40, 40, 0, 0]);
    assert.ok(only(await bus.emitAndWait('echo', {})).ok);
    assert.is(balance(bus), 0);
  }));

test('shutdown: what waits becomes a dead letter at once; what fails meanwhile is not tried again', async () => {
  const deadLetterQueue = new DeadLetterQueue();
  const bus = new EventBus({ deadLetterQueue });
  let fail = (): void => {};
  bus.subscribe(
    ({ payload }) =>
      new Promise((_, reject) => {
        fail = () => reject(new Error(`n=${String(payload.n)}`));
        if (payload.n === 1) fail();
      }),
    'x',
    { retry: { attempts: 3, backoffMs: 600_000, maxBackoffMs: 600_000 } },
  );
  const waiting = bus.emitAndWait('x', { n: 1 });
  while (bus.getStats().retrying === 0) await new Promise((resolve) => setImmediate(resolve));
  const running = bus.emitAndWait('x', { n: 2 });
  await new Promise((resolve) => setImmediate(resolve));
  const closed = bus.shutdown();
  fail();
  const report = await closed;
  assert.equal([report.drained, report.abandoned], [2, 0]);
  assert.equal([only(await waiting).reason, only(await running).reason], ['shutdown', 'handler_error']);
  const [late, early] = deadLetterQueue
    .getAll()
    .sort((a, b) => b.reason.localeCompare(a.reason))
    .reverse();
  assert.equal([late!.reason, late!.attempts.length], ['handler_error', 1]);
  assert.equal(
    early!.attempts.map(({ reason }) => reason),
    ['handler_error', 'shutdown'],
  );
  assert.is((early!.error.cause as { message?: string }).message, 'n=1');
  assert.is(balance(bus), 0);
});

test('policy block: a retry that is due runs while its thread is blocked', () =>
  withBus({ maxConcurrentHandlers: 1, maxPendingEvents: 1, overflowPolicy: 'block' }, async (bus) => {
    bus.subscribe(fixture('flaky'), 'x', { retry: { attempts: 2, backoffMs: 20 } });
    await bus.ready();
    bus.emit('x', { succeedsAt: 2 });
    bus.emit('x', { succeedsAt: 1 });
    assert.ok(bus.getStats().completed >= 1, 'there is room because the first succeeded in the second attempt');
    assert.ok(await bus.waitForPending());
  }));

test('an inline attempt that comes back after its deadline touches no later attempt', () =>
  withBus({}, async (bus) => {
    let late = (): void => {};
    const errors: unknown[] = [];
    bus.subscribe((event) => void errors.push(event.payload.error), 'system.handler_late_error');
    bus.subscribe(
      (_event, { attempt }) => {
        if (attempt === 2) {
          late();
          return new Promise((resolve) => setImmediate(resolve, 'second'));
        }
        return new Promise((_, reject) => (late = () => reject(new Error('late'))));
      },
      'x',
      { timeoutMs: 10, retry: { attempts: 2, backoffMs: 0 } },
    );
    const outcome = only(await bus.emitAndWait('x', {}));
    assert.equal([outcome.ok, outcome.attempt, outcome.value], [true, 2, 'second']);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(errors, [{ name: 'Error', message: 'late' }]);
  }));

test('at the limits of its options: one attempt, waits of nothing, more attempts than are needed', () =>
  withBus({ deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
    const attempts: unknown[] = [];
    const fails = (_event: unknown, { attempt }: { attempt: number }): void => {
      attempts.push(attempt);
      if (attempt < 100) throw new Error('no');
    };
    bus.subscribe(fails, 'one', { retry: { attempts: 1, backoffMs: 1e9 } });
    bus.subscribe(fails, 'none', { retry: { attempts: Number.MAX_SAFE_INTEGER, backoffMs: 0, factor: 1e300 } });
    bus.subscribe(fails, 'capped', {
      retry: { attempts: 100, backoffMs: 1e300, factor: 1e300, maxBackoffMs: Number.MIN_VALUE },
    });
    assert.equal([only(await bus.emitAndWait('one', {})).attempt, attempts.splice(0)], [1, [1]]);
    for (const type of ['none', 'capped']) {
      const { ok, attempt } = only(await bus.emitAndWait(type, {}));
      assert.equal([ok, attempt], [true, 100]);
      assert.equal(
        attempts.splice(0),
        Array.from({ length: 100 }, (_, i) => i + 1),
      );
    }
    assert.is(bus.deadLetterQueue!.size(), 1);
    assert.is(balance(bus), 0);
  }));

test('bad options of every kind: one ConfigError that names each field', () => {
  const bus = new EventBus();
  try {
    bus.subscribe(() => {}, 'x', {
      concurrency: 0,
      retry: { attempts: 0, backoffMs: -1, factor: 0.5, maxBackoffMs: Number.NaN, jitter: 1, more: 2 },
      circuitBreaker: { failures: 0, windowMs: 0, pauseMs: 'x', more: 2 },
      dlqOrder: 'hold',
      maxHeld: -1,
    } as never);
    assert.unreachable();
  } catch (error) {
    assert.ok(ConfigError.is(error));
    const { problems } = error as ConfigError;
    for (const name of [
      'concurrency',
      'retry.attempts',
      'retry.backoffMs',
      'retry.factor',
      'retry.maxBackoffMs',
      'retry.jitter',
      'retry has no option',
      'circuitBreaker.failures',
      'circuitBreaker.windowMs',
      'circuitBreaker.pauseMs',
      'circuitBreaker has no option',
      "dlqOrder 'hold' needs",
      'maxHeld',
    ])
      assert.ok(
        problems.some((problem) => problem.startsWith(name)),
        `${name}: ${problems.join('\n')}`,
      );
  }
  for (const retry of [{}, 3, null])
    assert.throws(
      () => bus.subscribe(() => {}, 'x', { retry } as never),
      (error: unknown) => ConfigError.is(error),
    );
});

test.run();
