import { type Chart, PERCENTILES, type Results, type RowResult, type ScenarioResults } from '../../bench/results.ts';
import type { Figures } from '../../bench/scenario.ts';
import { seededRandom } from '../../bench/statistics.ts';

const random = seededRandom(7);
const about = (value: number, noise = 0.1): number => value * (1 + (random() - 0.5) * 2 * noise);

function repeated(make: () => Figures, times = 5): Figures[] {
  return Array.from({ length: times }, () => ({
    ...make(),
    mainCpuPercent: about(80),
    cpuPercent: about(170),
    loopDelayP99Ms: about(1.2),
    loopDelayMaxMs: about(6, 0.5),
    peakRssMb: about(140),
  }));
}

export function scenarioOf(name: string, parts: Partial<ScenarioResults>): ScenarioResults {
  return { name, title: `about ${name}`, idleBefore: 0.99, notes: {}, figures: {}, charts: [], ...parts };
}

export function rowOf(parts: Partial<RowResult>): RowResult {
  return {
    scenario: 'throughput',
    name: 'emit vs piscina',
    unit: '×',
    better: 'more',
    side: 'ganglion',
    value: 2,
    low: 1.8,
    high: 2.2,
    absolute: '400 k/s vs 200 k/s',
    ...parts,
  };
}

export function resultsOf(parts: Partial<Results>): Results {
  return {
    machine: {
      cpu: 'AMD EPYC <9000> & "more"',
      cores: 2,
      memoryGb: 24,
      node: 'v20.20.2',
      platform: 'linux x64',
      loadAtStart: 0.12,
      date: '2026-11-24T10:00:00.000Z',
    },
    quick: false,
    seed: 42,
    threads: 2,
    repetitions: 5,
    seconds: 321.4,
    rows: [],
    scenarios: [],
    ...parts,
  };
}

const SIZES = ['16 B', '250 B', '1 KB', '16 KB', '1 MB'];
const SPEEDS: Readonly<Record<string, number>> = {
  ganglion: 410_000,
  'piscina, per event': 46_000,
  'piscina, batches of 64': 380_000,
  tinypool: 41_000,
  workerpool: 38_000,
  poolifier: 35_000,
  postMessage: 160_000,
  'same thread': 520_000,
};
const barsChart: Chart = {
  kind: 'bars',
  title: 'Events settled per second, by payload',
  unit: 'events/s',
  better: 'more',
  log: true,
  groups: SIZES.map((label, i) => ({ label, figure: `rate${i}` })),
};
const oneSize: Chart = {
  ...barsChart,
  log: false,
  title: 'Events of 250 bytes settled per second',
  groups: [{ label: '250 B', figure: 'rate1' }],
};
const throughput = scenarioOf('throughput', {
  title: '250-byte events to a handler that reads one field, in bursts of at most 8,192',
  idleBefore: 0.7,
  notes: {
    'piscina, per event': 'atomics async, 16 tasks per worker, 64 in flight, text',
    tinypool: 'isolateWorkers: false',
  },
  charts: [oneSize, barsChart],
  figures: Object.fromEntries(
    Object.entries(SPEEDS).map(([side, speed]) => [
      side,
      repeated(() => Object.fromEntries(SIZES.map((_, i) => [`rate${i}`, about(speed / 4 ** i, 0.2)]))),
    ]),
  ),
});

const LOADS = [10, 50, 80, 95];
const curve = (base: number, tail: number): number[] =>
  PERCENTILES.map((p) => about(base * (1 + tail * (p === 100 ? 30 : -Math.log10(1 - p / 100)) ** 2), 0.15));
const latency = scenarioOf('open-loop', {
  title: 'latency from the intended send time at 10, 50, 80 and 95 % of capacity',
  charts: [
    {
      kind: 'percentiles',
      title: 'Latency at four loads, open loop',
      unit: 'µs',
      curves: LOADS.map((load) => ({ label: `${load} % of capacity`, figure: `load${load}` })),
    },
    {
      kind: 'percentiles',
      title: 'Latency at half of capacity',
      unit: 'µs',
      curves: [{ label: '50 %', figure: 'load50' }],
    },
  ],
  figures: Object.fromEntries(
    ['ganglion', 'piscina', 'tinypool', 'postMessage'].map((side, i) => [
      side,
      repeated(() =>
        Object.fromEntries(LOADS.map((load) => [`load${load}`, curve((40 + 30 * i) * (1 + load / 60), 0.8)])),
      ),
    ]),
  ),
});

function storm(stalls: number): Figures {
  const at = Array.from({ length: 100 }, (_, i) => i / 10 + random() / 20);
  return {
    at,
    median: at.map(() => about(1, 0.3)),
    slowest: at.map((_, i) => (i % 17 === 3 ? about(stalls, 0.3) : about(6, 0.5))),
  };
}
const killStorm = scenarioOf('kill-storm', {
  charts: [
    {
      kind: 'timeline',
      title: 'Latency of the other events while 1 % of them hang and are ended',
      unit: 'ms',
      at: 'at',
      lines: [
        { label: 'median', figure: 'median' },
        { label: 'slowest', figure: 'slowest' },
      ],
      log: true,
    },
  ],
  figures: { ganglion: repeated(() => storm(28)), piscina: repeated(() => storm(900)) },
});

const scaling = scenarioOf('scaling', {
  charts: [
    {
      kind: 'scaling',
      title: 'Throughput by handler threads',
      unit: 'tasks/s',
      x: 'threads',
      xLabel: 'threads',
      figure: 'rate',
      ideal: 'linear',
    },
  ],
  figures: Object.fromEntries(
    ['ganglion', 'piscina', 'workerpool'].map((side, i) => [
      side,
      repeated(() => ({
        threads: [1, 2, 3, 4, 6, 8],
        rate: [1, 2, 3, 4, 6, 8].map((n) => about(100 * n ** (0.95 - i / 10), 0.05)),
      })),
    ]),
  ),
});
const subscriptions = scenarioOf('subscriptions', {
  charts: [
    {
      kind: 'scaling',
      title: 'Cost of an emit by subscriptions',
      unit: 'µs',
      x: 'count',
      xLabel: 'subscriptions',
      figure: 'us',
      ideal: 'constant',
      log: true,
    },
  ],
  figures: {
    ganglion: repeated(() => ({
      count: [10, 100, 1000, 10_000, 100_000],
      us: [2, 2.1, 2.2, 2.4, 3].map((us) => about(us)),
    })),
    emittery: repeated(() => ({
      count: [10, 100, 1000, 10_000, 100_000],
      us: [1, 1.4, 4, 40, 420].map((us) => about(us)),
    })),
  },
});
const memory = scenarioOf('memory-soak', {
  charts: [
    {
      kind: 'memory',
      title: 'Resident memory over 1.5 million events',
      unit: 'MB',
      at: 'at',
      lines: [
        { label: 'resident', figure: 'rss' },
        { label: 'heap', figure: 'heap' },
      ],
    },
  ],
  figures: {
    ganglion: repeated(() => {
      const at = Array.from({ length: 60 }, (_, i) => i + random());
      return { at, rss: at.map((t) => about(140 - 40 * Math.exp(-t / 8), 0.03)), heap: at.map(() => about(30, 0.2)) };
    }),
  },
});
const broken = scenarioOf('ingest', { error: 'ganglion: 3 of 1,000 lines were lost <b>\n    at Side.run' });

/** A run with a chart of every kind, made up: for tests, and for whoever wants to see how a report looks. */
export const sample: Results = resultsOf({
  scenarios: [throughput, latency, killStorm, scaling, subscriptions, memory, broken],
  rows: [
    rowOf({
      name: 'emit, all settled, vs piscina.run per event',
      versus: 'piscina, per event',
      role: 'rival',
      value: 8.9,
      low: 8.1,
      high: 9.4,
      target: '≥ 10',
      met: false,
      absolute: '410 k/s (2.1 µs CPU) vs 46 k/s (38 µs CPU)',
    }),
    rowOf({
      name: 'emit, all settled, vs piscina.run per batch of 64',
      versus: 'piscina, batches of 64',
      role: 'rival',
      value: 1.08,
      low: 0.97,
      high: 1.2,
      target: '≥ 1',
      met: true,
      absolute: '410 k/s vs 380 k/s',
    }),
    rowOf({
      name: 'emit, all settled, vs same-thread stringify + parse',
      versus: 'same thread',
      role: 'floor',
      value: 0.79,
      low: 0.7,
      high: 0.85,
      absolute: '410 k/s vs 520 k/s',
    }),
    rowOf({
      scenario: 'open-loop',
      name: 'p99 at 50 % load vs raw postMessage',
      versus: 'postMessage',
      role: 'rival',
      better: 'less',
      value: 1.3,
      low: 1.2,
      high: 1.5,
      absolute: '130 µs vs 100 µs',
    }),
    rowOf({
      scenario: 'kill-storm',
      name: 'slowest other event, p99',
      unit: 'ms',
      better: 'less',
      value: 28,
      low: 21,
      high: 35,
      target: '≤ 50',
      met: true,
      absolute: 'p50 1.0 ms, 120 kills',
    }),
    rowOf({
      scenario: 'subscriptions',
      name: 'emit at 100,000 subscriptions vs 10',
      versus: 'ganglion',
      role: 'self',
      better: 'less',
      value: 1.5,
      low: 1.4,
      high: 1.6,
      absolute: '3 µs vs 2 µs',
    }),
    rowOf({
      scenario: 'memory-soak',
      name: 'resident memory grown',
      unit: 'MB',
      better: 'less',
      value: 8,
      low: 5,
      high: 9,
      target: '≤ 30',
      met: true,
      absolute: '132 MB → 140 MB',
    }),
  ],
});
