import * as assert from 'uvu/assert';
import { CallbackMetrics, type MetricsBackend, MetricsCollector, NoopMetrics } from '../../src/index.ts';
import { tests } from '../helpers.ts';

const test = tests('metrics collector');

test('the snapshot, also with a backend that keeps nothing', () => {
  const collector = new MetricsCollector(new NoopMetrics());
  for (let i = 0; i < 3; i++) collector.eventEmitted('a.b');
  collector.eventEmitted('__proto__');
  collector.eventDropped('drop');
  for (let ms = 1; ms <= 100; ms++) collector.handlerSettled('h', undefined, 1_000, 2_000, 2_000 + ms);
  collector.handlerSettled('h', 'handler_error', 1_000, 2_000, 2_001);
  collector.handlerSettled('h', 'handler_timeout', 1_000, 2_000, 2_200);
  collector.handlerSettled('h', 'handler_load_error', 1_000, 0, 0);
  collector.handlerSettled('h', 'dropped', 1_000, 0, 0);
  const { handler_stats, ...rest } = collector.getSnapshot();
  assert.equal(rest.events_emitted['a.b'], 3);
  assert.equal(Object.entries(rest.events_emitted).at(-1), ['__proto__', 1]);
  assert.equal(rest.events_dropped, { drop: 1 });
  assert.is(rest.total_events_emitted, 4);
  const { p50_ms, p99_ms, ...counts } = handler_stats.h!;
  assert.equal(counts, { total_calls: 103, success_count: 100, failure_count: 2, timeout_count: 1 });
  assert.ok(Math.abs(p50_ms - 50) < 2.5, String(p50_ms));
  assert.ok(p99_ms > 95 && p99_ms <= 200, String(p99_ms));
});

test('types and handlers without end are counted together beyond the limit', () => {
  const tags = new Set<string>();
  const collector = new MetricsCollector(
    new CallbackMetrics((_type, _name, _value, given) => void tags.add(JSON.stringify(given))),
    { maxSeries: 10, tags: { bus: 'b' } },
  );
  for (let i = 0; i < 1_000; i++) {
    collector.eventEmitted(`type.${i}`);
    collector.handlerSettled(`handler ${i}`, 'handler_error', 1, 2, 3);
  }
  const { events_emitted, handler_stats, total_events_emitted } = collector.getSnapshot();
  assert.is(total_events_emitted, 1_000);
  assert.is(Object.keys(events_emitted).length, 11);
  assert.is(events_emitted.other, 990);
  assert.is(handler_stats.other?.failure_count, 990);
  // Per type one, per handler one of times and one of failures.
  assert.is(tags.size, 33);
  assert.ok([...tags].every((given) => given.includes('"bus":"b"')));
});

test('a backend that throws, from whichever method, is counted and warned of once', async () => {
  const fail = (): never => {
    throw new Error('backend down');
  };
  const methods = { increment: fail, gauge: fail, histogram: fail, timing: fail };
  const backends: MetricsBackend[] = [
    methods,
    { ...methods, bind: fail, observe: fail },
    { ...methods, bind: () => fail, observe: () => fail },
  ];
  for (const backend of backends) {
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve));
    const collector = new MetricsCollector(backend);
    collector.eventEmitted('a');
    collector.eventDropped('drop');
    collector.eventInvalid();
    collector.handlerSettled('h', 'handler_error', 1, 2, 3);
    collector.attach(fail)();
    assert.ok(collector.backendErrors >= 6, String(collector.backendErrors));
    assert.is(collector.getSnapshot().total_events_emitted, 1);
    assert.is(((await warning) as { code?: string }).code, 'GANGLION_METRICS_BACKEND');
  }
});

test('what is no backend is refused', () => {
  for (const backend of [null, {}, { increment() {}, gauge() {}, histogram() {} }]) {
    assert.throws(
      () => new MetricsCollector(backend as never),
      (e: { code?: string }) => e.code === 'ERR_GANGLION_CONFIG',
    );
  }
  assert.throws(() => new MetricsCollector(new NoopMetrics(), { maxSeries: 0 }));
});

test('a handler that never started has a failure and no times', () => {
  const told: string[] = [];
  const collector = new MetricsCollector(new CallbackMetrics((_type, name) => void told.push(name)));
  collector.handlerSettled('h', 'shutdown', 5, 0, 0);
  assert.equal(told, ['handler_failures']);
  collector.handlerSettled('h', undefined, 5, 6, 8);
  assert.equal(told.slice(1).sort(), ['handler_duration', 'handler_queue_time']);
  const { p50_ms, total_calls } = collector.getSnapshot().handler_stats.h!;
  assert.equal([total_calls, Math.round(p50_ms)], [2, 2]);
});

test.run();
