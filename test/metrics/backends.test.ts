import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import parsePrometheus from 'parse-prometheus-text-format';
import * as assert from 'uvu/assert';
import { CallbackMetrics, InMemoryMetrics, NoopMetrics, OtelMetrics, PrometheusMetrics } from '../../src/index.ts';
import { LogHistogram } from '../../src/metrics/log-histogram.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('metrics backends');

interface Parsed {
  name: string;
  help: string;
  type: string;
  metrics: {
    value?: string;
    labels?: Record<string, string>;
    buckets?: Record<string, string>;
    count?: string;
    sum?: string;
  }[];
}
const parse = parsePrometheus as unknown as (text: string) => Parsed[];

test('quantiles of a histogram stay within its error, whatever the values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.001, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.99, 1),
      (values, q) => {
        const histogram = new LogHistogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
        const got = histogram.quantile(q);
        assert.ok(Math.abs(got / exact - 1) < 0.023, `${got} for ${exact}`);
      },
    ),
  );
});

test('a histogram takes zero, negative, huge and infinite values, and leaves NaN out', () => {
  const histogram = new LogHistogram();
  for (const value of [0, -1, 1e300, Number.POSITIVE_INFINITY, Number.NaN]) histogram.record(value);
  assert.is(histogram.count, 4);
  assert.is(new LogHistogram().quantile(0.5), 0);
  assert.ok(histogram.quantile(0.01) <= 0.001);
});

test('in memory: counters, gauges and histograms by tags, whatever their order', () => {
  const metrics = new InMemoryMetrics();
  metrics.increment('a');
  metrics.increment('a', 2, { x: '1', y: '2' });
  metrics.increment('a', 3, { y: '2', x: '1' });
  metrics.bind('increment', 'a', { x: '1', y: '2' })(4);
  assert.is(metrics.getCounter('a'), 10);
  assert.is(metrics.getCounter('a', { x: '1', y: '2' }), 9);
  assert.is(metrics.getCounter('a', { x: '1;1:y=1:2' }), 0);
  metrics.gauge('g', 1);
  metrics.gauge('g', 7);
  assert.is(metrics.getGauge('g'), 7);
  assert.is(metrics.getGauge('h'), undefined);
  metrics.timing('t', 10);
  metrics.bind('timing', 't', {})(30);
  assert.is(metrics.getHistogram('t')?.count, 2);
  assert.is(metrics.getHistogram('t')?.max, 30);
  metrics.histogram('size', 5, { kind: 'a' });
  assert.is(metrics.getHistogram('size'), undefined);
  assert.is(metrics.getHistogram('size', { kind: 'a' })?.p50, 5);
});

test('in memory: series without end share one', () => {
  const metrics = new InMemoryMetrics();
  for (let i = 0; i < 5_000; i++) metrics.increment('a', 1, { id: String(i) });
  assert.is(metrics.getCounter('a'), 5_000);
  assert.is(metrics.getCounter('a', { id: '4999' }), 0);
  assert.is(metrics.getCounter('a', {}), 4_000);
});

test('Prometheus: a real parser reads names, types, help, labels and cumulated buckets', () => {
  const metrics = new PrometheusMetrics({ buckets: [0.01, 0.1, 1] });
  metrics.increment('events_emitted', 3, { event_type: 'chat.sent' });
  metrics.gauge('pending_events', 4);
  for (const ms of [5, 10, 50, 5_000]) metrics.timing('handler_duration', ms);
  const families = new Map(parse(metrics.render()).map((family) => [family.name, family]));
  assert.equal(
    [...families.keys()],
    ['ganglion_events_emitted_total', 'ganglion_pending_events', 'ganglion_handler_duration_seconds'],
  );
  const emitted = families.get('ganglion_events_emitted_total')!;
  assert.is(emitted.type, 'COUNTER');
  assert.match(emitted.help, /^Events emitted/);
  assert.equal(emitted.metrics, [{ value: '3', labels: { event_type: 'chat.sent' } }]);
  const [duration] = families.get('ganglion_handler_duration_seconds')!.metrics;
  assert.equal(duration!.buckets, { '0.01': '2', '0.1': '3', '1': '3', '+Inf': '4' });
  assert.is(duration!.count, '4');
  assert.is(Number(duration!.sum), 5.065);
  // The parser keeps no labels of histograms.
  metrics.timing('handler_duration', 50, { handler: 'h' });
  const text = metrics.render();
  for (const sample of [
    'bucket{handler="h",le="0.01"} 0',
    'bucket{handler="h",le="0.1"} 1',
    'bucket{handler="h",le="+Inf"} 1',
  ]) {
    assert.ok(text.includes(`ganglion_handler_duration_seconds_${sample}\n`), text);
  }
  assert.ok(text.includes('ganglion_handler_duration_seconds_count{handler="h"} 1\n'), text);
  assert.is(parse(text).length, 3);
});

test('Prometheus: hostile names and label values stay within their quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (name, value) => {
      const metrics = new PrometheusMetrics();
      metrics.increment(name, 1, { [name]: value, le: value });
      metrics.histogram('h', 1, { le: value });
      // One sample of the counter, and per bucket, sum and count of the histogram; help and type of both.
      const lines = metrics.render().split('\n');
      assert.is(lines.length, 1 + 1 + (15 + 1) + 2 + 4);
      for (const line of lines.slice(0, -1))
        assert.match(line, /^(# (HELP|TYPE) [a-zA-Z_:][\w:]* .*|[a-zA-Z_:][\w:]*\{.*\} \S+)$/s);
    }),
  );
  const metrics = new PrometheusMetrics();
  metrics.increment('x', 1, { path: 'C:\\dir\n"quoted"' });
  assert.equal(parse(metrics.render())[0]!.metrics, [{ value: '1', labels: { path: 'C:\\dir\n"quoted"' } }]);
});

test('Prometheus: one name has one type, a counter never falls, series are bounded', () => {
  const metrics = new PrometheusMetrics({ prefix: '' });
  metrics.increment('n');
  assert.throws(() => metrics.gauge('n_total', 1), /counter/);
  assert.throws(() => metrics.increment('n', -1), /-1/);
  for (let i = 0; i < 3_000; i++) metrics.increment('id', 1, { id: String(i) });
  const series = parse(metrics.render()).find(({ name }) => name === 'id_total')!.metrics;
  assert.is(series.length, 1_001);
  assert.is(series.find(({ labels }) => labels?.id === 'other')?.value, '2000');
  assert.throws(
    () => new PrometheusMetrics({ prefix: '1', buckets: [2, 1] }),
    (e: { problems?: string[] }) => e.problems?.length === 2,
  );
});

test('callback: type, name, value and tags of each', () => {
  const seen: unknown[] = [];
  const metrics = new CallbackMetrics((...args) => void seen.push(args));
  metrics.increment('a');
  metrics.gauge('b', 2, { x: '1' });
  metrics.histogram('c', 3);
  metrics.timing('d', 4);
  assert.equal(seen, [
    ['increment', 'a', 1, {}],
    ['gauge', 'b', 2, { x: '1' }],
    ['histogram', 'c', 3, {}],
    ['timing', 'd', 4, {}],
  ]);
  assert.throws(
    () => new CallbackMetrics('x' as never),
    (e: { code?: string }) => e.code === 'ERR_GANGLION_CONFIG',
  );
});

test('noop: takes everything', () => {
  const metrics = new NoopMetrics();
  metrics.increment();
  metrics.bind()();
  metrics.observe()();
});

test('OpenTelemetry: the real SDK exports counters, histograms in seconds and observed gauges', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1 << 30 });
  const provider = new MeterProvider({ readers: [reader] });
  const metrics = new OtelMetrics({ meter: provider.getMeter('test') });
  metrics.increment('events_emitted', 2, { event_type: 'a' });
  metrics.bind('increment', 'events_emitted', { event_type: 'a' })(1);
  metrics.timing('handler_duration', 250, { handler: 'h' });
  metrics.gauge('loose', 9);
  let pending = 1;
  let collections = 0;
  const stop = metrics.observe(() => {
    collections++;
    metrics.gauge('pending_events', pending);
    metrics.gauge('threads', 2, { state: 'live' });
    metrics.gauge('threads', 1, { state: 'spare' });
  });
  pending = 5;
  await provider.forceFlush();
  const points = (): Map<string, { value: unknown; attributes: unknown }[]> =>
    new Map(
      exporter
        .getMetrics()
        .at(-1)!
        .scopeMetrics[0]!.metrics.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ value, attributes }) => ({ value, attributes })),
        ]),
    );
  assert.equal(points().get('ganglion.events_emitted'), [{ value: 3, attributes: { event_type: 'a' } }]);
  assert.equal(points().get('ganglion.pending_events'), [{ value: 5, attributes: {} }]);
  assert.equal(points().get('ganglion.loose'), [{ value: 9, attributes: {} }]);
  assert.is(points().get('ganglion.threads')?.length, 2);
  const [duration] = points().get('ganglion.handler_duration')!;
  assert.is((duration!.value as { sum: number }).sum, 0.25);
  stop();
  const before = collections;
  await provider.forceFlush();
  assert.is(collections, before);
  await provider.shutdown();
});

test('OpenTelemetry: without an SDK every call is a no-op', () => {
  const metrics = new OtelMetrics();
  metrics.increment('a');
  metrics.gauge('b', 1);
  metrics.histogram('c', 1);
  metrics.timing('d', 1);
  metrics.observe(() => metrics.gauge('e', 1))();
});

test.run();
