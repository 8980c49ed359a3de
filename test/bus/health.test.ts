import * as assert from 'uvu/assert';
import { type Condition, healthOf } from '../../src/bus/health.ts';
import { type AuditStats, EventBus, type HealthCheck } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fixture, withBus } from './fixtures.ts';

const test = tests('health');

function check(bus: EventBus, name: HealthCheck['name']): HealthCheck {
  const { checks } = bus.health();
  const found = checks.find((one) => one.name === name);
  assert.ok(found, `${name} among ${checks.map((one) => one.name).join()}`);
  return found!;
}

/** A bus with two threads and an audit log that lacks nothing. */
async function well(): Promise<Condition> {
  const bus = new EventBus();
  const stats = bus.getStats();
  await bus.shutdown();
  return {
    stats: {
      ...stats,
      audit_enabled: true,
      audit: { lag_events: 0, errors: 0 } as AuditStats,
      ring: { slots: 100, used: 79, bytes_used: 0 },
      threads: { live: 2, busy: 0, spare: 1, restarts: 0, zombies: 0 },
      pending: 79,
      quarantined: 0,
    },
    closed: false,
    maxPendingEvents: 100,
    threads: 2,
    threadError: undefined,
    unloadable: [],
  };
}

type Sentence = readonly [HealthCheck['name'], HealthCheck['status'], string, (was: Condition) => Condition];

const inThreads = (change: Partial<Condition['stats']['threads']>) => (was: Condition) => ({
  ...was,
  stats: { ...was.stats, threads: { ...was.stats.threads, ...change } },
});
const inStats = (change: Partial<Condition['stats']>) => (was: Condition) => ({
  ...was,
  stats: { ...was.stats, ...change },
});
const audit = (lag_events: number, errors: number) => inStats({ audit: { lag_events, errors } as AuditStats });

const SENTENCES: readonly Sentence[] = [
  ['bus', 'failed', 'The bus is shut down.', (was) => ({ ...was, closed: true })],
  ['threads', 'ok', 'No handler module is subscribed, so no thread is needed.', (was) => ({ ...was, threads: 0 })],
  [
    'threads',
    'failed',
    'No handler thread comes up: out of memory.',
    (was) => ({ ...was, threadError: new Error('out of memory') }),
  ],
  ['threads', 'failed', 'The handler threads are ended.', (was) => ({ ...was, closed: true })],
  ['threads', 'failed', 'None of 2 handler threads is up.', inThreads({ live: 0 })],
  ['threads', 'degraded', '1 of 2 handler threads are up.', inThreads({ live: 1 })],
  [
    'threads',
    'degraded',
    'All 2 handler threads are up, and 1 ended one is still in native code.',
    inThreads({ zombies: 1 }),
  ],
  [
    'threads',
    'degraded',
    'All 2 handler threads are up, and 3 ended ones are still in native code.',
    inThreads({ zombies: 3 }),
  ],
  ['modules', 'failed', 'resize could not be loaded.', (was) => ({ ...was, unloadable: ['resize'] })],
  [
    'modules',
    'failed',
    'a, b, c, d, e and 2 more could not be loaded.',
    (was) => ({ ...was, unloadable: 'abcdefg'.split('') }),
  ],
  [
    'ring',
    'degraded',
    '80 of 100 slots of the dispatch ring are in use.',
    inStats({ ring: { slots: 100, used: 80, bytes_used: 0 } }),
  ],
  ['pending', 'degraded', '80 events are pending, the limit is 100.', inStats({ pending: 80 })],
  ['pending', 'failed', '100 events are pending, the limit is 100.', inStats({ pending: 100 })],
  [
    'pending',
    'ok',
    '100000 events are pending, the limit is Infinity.',
    (was) => ({ ...inStats({ pending: 100_000 })(was), maxPendingEvents: Number.POSITIVE_INFINITY }),
  ],
  ['quarantine', 'degraded', '1 handler is quarantined after repeated failures.', inStats({ quarantined: 1 })],
  ['quarantine', 'degraded', '2 handlers are quarantined after repeated failures.', inStats({ quarantined: 2 })],
  ['audit', 'failed', '3 writes of the audit log have failed, and 7 events wait to be written.', audit(7, 3)],
  ['audit', 'ok', 'The audit log is written; 0 events wait to be.', audit(0, 3)],
  ['audit', 'ok', 'The audit log is written; 7 events wait to be.', audit(7, 0)],
];

for (const [name, status, diagnosis, change] of SENTENCES) {
  test(`${name}, ${status}: ${diagnosis}`, async () => {
    const was = await well();
    assert.is(healthOf(was).status, 'ok');
    const report = healthOf(change(was));
    assert.equal(
      report.checks.filter((one) => one.name === name),
      [{ name, status, diagnosis }],
    );
    if (name !== 'threads' || diagnosis !== 'The handler threads are ended.') assert.is(report.status, status);
  });
}

test('a bus that is well, with and without threads; each check is one sentence', () =>
  withBus({}, async (bus) => {
    assert.is(bus.health().status, 'ok');
    assert.match(check(bus, 'threads').diagnosis, /no thread is needed/);
    bus.subscribe(fixture('echo'), 'x');
    assert.is(check(bus, 'threads').status, 'failed');
    assert.match(check(bus, 'threads').diagnosis, /None of 2/);
    await bus.ready();
    assert.is(bus.health().status, 'ok');
    assert.is(check(bus, 'threads').diagnosis, 'All 2 handler threads are up.');
    for (const { diagnosis } of bus.health().checks) assert.match(diagnosis, /^[A-Z0-9][^.]*\.$/);
  }));

test('a module that can not be loaded is named', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('throws-at-import'), 'x');
    await bus.ready().catch(() => {});
    assert.is(bus.health().status, 'failed');
    assert.match(check(bus, 'modules').diagnosis, /throws-at-import could not be loaded/);
  }));

test('pending events near and at their limit', () =>
  withBus({ maxPendingEvents: 10 }, async (bus) => {
    bus.subscribe(() => {}, 'x');
    for (let i = 0; i < 8; i++) bus.emit('x', {});
    assert.is(check(bus, 'pending').status, 'degraded');
    for (let i = 0; i < 2; i++) bus.emit('x', {});
    assert.is(check(bus, 'pending').status, 'failed');
    assert.is(bus.health().status, 'failed');
    assert.ok(await bus.waitForPending());
    assert.is(bus.health().status, 'ok');
  }));

test('a quarantined handler', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(fixture('breaks'), 'x', { circuitBreaker: { failures: 1, pauseMs: 60_000 } });
    await bus.ready();
    await bus.emitAndWait('x', { how: 'exit' });
    assert.is(check(bus, 'quarantine').diagnosis, '1 handler is quarantined after repeated failures.');
    assert.is(check(bus, 'quarantine').status, 'degraded');
  }));

test('threads that can not start', () =>
  withBus({ env: { NODE_OPTIONS: '--no-such-option' } }, async (bus) => {
    try {
      bus.subscribe(fixture('echo'), 'x');
    } catch {
      // Some versions of Node refuse at once: then there is nothing that could be unwell.
      assert.is(bus.health().status, 'ok');
      return;
    }
    const error = (await bus.ready().catch((reason: unknown) => reason)) as Error;
    assert.is(check(bus, 'threads').status, 'failed');
    assert.is(check(bus, 'threads').diagnosis, `No handler thread comes up: ${error.message}.`);
  }));

test('a thread in native code beyond its deadline', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(fixture('deaths', 'nativeCall'), 'x', { timeoutMs: 50 });
    await bus.ready();
    await bus.emitAndWait('x', { rounds: 300_000 });
    while (!check(bus, 'threads').diagnosis.includes('native code'))
      await new Promise((resolve) => setImmediate(resolve));
    assert.is(check(bus, 'threads').status, 'degraded');
  }));

test('a ring above its mark', () =>
  withBus({ ring: { slots: 16, bytes: 65_536 }, maxConcurrentHandlers: 1, asyncPerThread: 1 }, async (bus) => {
    bus.subscribe(fixture('tools', 'spins'), 'x');
    await bus.ready();
    for (let i = 0; i < 40; i++) bus.emit('x', { ms: 5 });
    assert.is(check(bus, 'ring').status, 'degraded');
    assert.ok(await bus.waitForPending());
    assert.is(check(bus, 'ring').status, 'ok');
  }));

test('a bus that is shut down', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('echo'), 'x');
    await bus.shutdown();
    assert.is(bus.health().status, 'failed');
    assert.is(check(bus, 'bus').diagnosis, 'The bus is shut down.');
  }));

test.run();
