import { micros, rate } from '../format.ts';
import { LOADS, SAME_RATE } from '../latency-side.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';
import { poolSides } from './pools.ts';

/** Each at so much of its own capacity, which the figures behind the ratio name. */
function atLoad(percent: number, figure: 'p50Us' | 'p99Us', rival: string): Row {
  const row = compared({
    name: `latency ${figure.slice(0, 3)} at ${percent} % of its own capacity, vs ${rival}`,
    versus: rival,
    figure: `${figure} ${percent}%`,
    better: 'less',
    format: micros,
  });
  return {
    ...row,
    absolute: (rounds) => {
      const load = (side: string): string => rate((median(rounds.each(side, 'capacity')) * percent) / 100);
      return `${row.absolute(rounds)}, at ${load('ganglion')} vs ${load(rival)}`;
    },
  };
}

function atSameRate(figure: 'p50Us' | 'p99Us', rival: string): Row {
  return compared({
    name: `latency ${figure.slice(0, 3)} at the same rate, vs ${rival}`,
    versus: rival,
    figure: `${figure} same`,
    better: 'less',
    format: micros,
  });
}

export const latency: Scenario = {
  name: 'latency',
  title: `open-loop load from when an event was due to the end of its handler, at parts of capacity and ${SAME_RATE.toLocaleString('en-US')} events/s`,
  runMs: 800,
  quickMs: 60,
  warmUpMs: 1000,
  takes: ['size', 'rate'],
  sides: {
    ganglion: async () => (await import('../ganglion/latency.ts')).open,
    ...poolSides('eager', ['piscina', 'tinypool'], async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).latency(name, pools, name === 'piscina' ? LOADS : []),
    ),
    postMessage: async () => (await import('../rivals/post-message.ts')).latency,
  },
  rows: [
    ...LOADS.map((percent) => atLoad(percent, 'p50Us', 'piscina')),
    ...LOADS.map((percent) => atLoad(percent, 'p99Us', 'piscina')),
    atSameRate('p50Us', 'piscina'),
    atSameRate('p99Us', 'piscina'),
    atSameRate('p50Us', 'tinypool'),
    atSameRate('p99Us', 'tinypool'),
    atSameRate('p50Us', 'postMessage'),
    atSameRate('p99Us', 'postMessage'),
  ],
  charts: [
    {
      kind: 'percentiles',
      title: 'Latency under open-loop load, at parts of each one’s own capacity',
      unit: 'µs',
      sides: ['ganglion', 'piscina'],
      curves: LOADS.map((percent) => ({ label: `${percent} %`, figure: `latencyUs ${percent}%` })),
    },
    {
      kind: 'percentiles',
      title: 'Latency under the same open-loop load',
      unit: 'µs',
      curves: [{ label: 'same rate', figure: 'latencyUs same' }],
    },
  ],
};
