import { millis } from '../format.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { STORM_RATE } from '../storm.ts';

function row(figure: 'p50Ms' | 'p99Ms', name: string, versus: string): Row {
  const quantile = figure.slice(0, 3);
  return compared({
    name: `latency ${quantile} of the well events, 1 % of events hang, vs ${name}`,
    versus,
    figure,
    better: 'less',
    format: millis,
  });
}

export const killStorm: Scenario = {
  name: 'kill-storm',
  title: `open-loop load of ${STORM_RATE} events/s, one in a hundred hangs and its thread has to be ended and replaced`,
  runMs: 1000,
  quickMs: 120,
  warmUpMs: 800,
  takes: ['rate'],
  sides: {
    ganglion: async () => (await import('../ganglion/storm.ts')).stormy,
    piscina: async () => (await import('../rivals/storm.ts')).piscina,
    'nothing hangs': async () => (await import('../ganglion/storm.ts')).calm,
  },
  rows: [
    row('p99Ms', 'piscina with a signal', 'piscina'),
    row('p50Ms', 'piscina with a signal', 'piscina'),
    row('p99Ms', 'ganglion without a hang', 'nothing hangs'),
  ],
  charts: [
    {
      kind: 'timeline',
      title: 'Slowest well event of each tenth of a second during the kill storm',
      unit: 'ms',
      at: 'atS',
      lines: [{ label: 'slowest', figure: 'slowestOverTimeMs' }],
      log: true,
    },
  ],
};
