import parsePrometheus from 'parse-prometheus-text-format';
import * as assert from 'uvu/assert';
import { type EventBus, InMemoryMetrics, MetricsCollector, NoopMetrics, PrometheusMetrics } from '../../src/index.ts';
import { fails, fixture, withBus } from '../bus/fixtures.ts';
import { tests } from '../helpers.ts';

const test = tests('metrics of a bus');

/** Successes, failures and a timeout, on the main thread and on the pool. */
async function work(bus: EventBus): Promise<void> {
  bus.subscribe(fixture('echo'), 'a.*', { name: 'module' });
  bus.subscribe(fails, 'a.bad', { name: 'thrower' });
  bus.subscribe(() => new Promise(() => {}), 'a.slow', { name: 'sleeper', timeoutMs: 20 });
  for (const type of ['a.good', 'a.good', 'a.bad', 'a.slow', 'nobody']) await bus.emitAndWait(type, {});
}

test('the snapshot and the stats agree with what happened', async () => {
  const metrics = new MetricsCollector(new NoopMetrics());
  await withBus({ metrics }, async (bus) => {
    await work(bus);
    const snapshot = metrics.getSnapshot();
    assert.equal(snapshot.events_emitted, { 'a.good': 2, 'a.bad': 1, 'a.slow': 1, nobody: 1 });
    assert.is(snapshot.total_events_emitted, bus.getStats().emitted);
    const calls = Object.entries(snapshot.handler_stats).map(([name, s]) => [
      name,
      s.success_count,
      s.failure_count,
      s.timeout_count,
    ]);
    assert.equal(
      calls.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
      [
        ['module', 4, 0, 0],
        ['sleeper', 0, 0, 1],
        ['thrower', 0, 1, 0],
      ],
    );
    assert.ok(snapshot.handler_stats.sleeper!.p50_ms >= 19);
    const stats = bus.getStats();
    assert.ok(stats.metrics_enabled);
    assert.equal(stats.metrics, snapshot);
  });
});

test('Prometheus: every name of the contract, as a real parser reads it; gauges are those of the moment', async () => {
  const backend = new PrometheusMetrics();
  await withBus(
    { metrics: new MetricsCollector(backend), maxPendingEvents: 1, overflowPolicy: 'drop' },
    async (bus) => {
      await work(bus);
      await bus.ready();
      let open = (): void => {};
      bus.subscribe(() => new Promise<void>((resolve) => (open = resolve)), 'held');
      assert.ok(bus.emit('held', {}));
      assert.is(bus.emit('held', {}), '');
      await new Promise((resolve) => setImmediate(resolve));
      interface Sample {
        value: string;
        labels?: Record<string, string>;
      }
      const read = (): Map<string, Sample[]> =>
        new Map(
          (parsePrometheus(backend.render()) as { name: string; metrics: Sample[] }[]).map((f) => [f.name, f.metrics]),
        );
      const during = read();
      const value = (name: string, labels: Record<string, string> = {}): number =>
        Number(during.get(name)?.find((s) => Object.entries(labels).every(([k, v]) => s.labels?.[k] === v))?.value);
      assert.is(value('ganglion_events_emitted_total', { event_type: 'a.good' }), 2);
      assert.is(value('ganglion_events_emitted_total', { event_type: 'held' }), 2);
      assert.is(value('ganglion_events_dropped_total', { policy: 'drop' }), 1);
      assert.is(value('ganglion_handler_failures_total', { handler: 'thrower', reason: 'handler_error' }), 1);
      assert.is(value('ganglion_handler_failures_total', { handler: 'sleeper', reason: 'handler_timeout' }), 1);
      assert.is(value('ganglion_pending_events'), 1);
      assert.is(value('ganglion_events_completed_total'), 3);
      assert.is(value('ganglion_events_failed_total'), 2);
      assert.is(value('ganglion_threads', { state: 'live' }), 2);
      assert.is(value('ganglion_threads', { state: 'zombies' }), 0);
      assert.ok(during.has('ganglion_ring_used_bytes'));
      assert.ok(backend.render().includes('ganglion_handler_duration_seconds_count{handler="module"} 4\n'));
      open();
      assert.ok(await bus.waitForPending());
      assert.is(Number(read().get('ganglion_pending_events')?.[0]?.value), 0);
    },
  );
  // Shut down: the last figures stand, and nothing is read from the bus any more.
  assert.match(backend.render(), /ganglion_pending_events 0\n/);
});

test('in memory: counters are those of the moment, whoever keeps them', async () => {
  const backend = new InMemoryMetrics();
  await withBus({ metrics: new MetricsCollector(backend) }, async (bus) => {
    await work(bus);
    assert.is(backend.getCounter('events_completed'), 3);
    assert.is(backend.getCounter('events_failed'), 2);
  });
});

test('an event displaced by dropOldest is dropped, and no failure of its handlers', async () => {
  const backend = new InMemoryMetrics();
  const metrics = new MetricsCollector(backend);
  await withBus({ metrics, maxPendingEvents: 1, overflowPolicy: 'dropOldest' }, async (bus) => {
    bus.subscribe(() => {}, 'x', { name: 'h' });
    for (let i = 0; i < 3; i++) bus.emit('x', {});
    assert.ok(await bus.waitForPending());
    assert.equal(metrics.getSnapshot().events_dropped, { dropOldest: 2 });
    assert.is(metrics.getSnapshot().total_events_emitted, 3);
    assert.is(metrics.getSnapshot().handler_stats.h?.total_calls, 1);
    assert.is(backend.getCounter('events_emitted', { event_type: 'x' }), 3);
    assert.is(backend.getGauge('pending_events'), 0);
  });
});

test('with a backend that throws from everything the bus does its work', () => {
  const fail = (): never => {
    throw new Error('down');
  };
  const metrics = new MetricsCollector({
    increment: fail,
    gauge: fail,
    histogram: fail,
    timing: fail,
    bind: () => fail,
    observe: fail,
  });
  return withBus({ metrics }, async (bus) => {
    await work(bus);
    const { emitted, completed, failed, pending } = bus.getStats();
    assert.equal([emitted, completed, failed, pending], [5, 3, 2, 0]);
    assert.ok(metrics.backendErrors >= 10);
  });
});

test.run();
