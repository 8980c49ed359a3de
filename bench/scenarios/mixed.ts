import { millis } from '../format.ts';
import { FAST_RATE } from '../mixed.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { poolSides } from './pools.ts';

const LIMITED = 'ganglion, slow ones one at a time';

function row(figure: 'p50Ms' | 'p90Ms' | 'p99Ms', side: string, versus: string): Row {
  return compared({
    name: `fast events beside slow ones, ${figure.slice(0, 3)}, ${side === LIMITED ? 'slow ones limited to one thread, ' : ''}vs ${versus}`,
    side,
    versus,
    figure,
    better: 'less',
    format: millis,
  });
}

export const mixed: Scenario = {
  name: 'mixed',
  title: `${FAST_RATE.toLocaleString('en-US')} fast events/s, open loop, beside handlers of 10 ms that take half of one thread's time`,
  runMs: 600,
  quickMs: 60,
  warmUpMs: 600,
  takes: ['size', 'rate'],
  sides: {
    ganglion: async () => (await import('../ganglion/mixed.ts')).unlimited,
    [LIMITED]: async () => (await import('../ganglion/mixed.ts')).limited,
    ...poolSides('plain', ['piscina'], async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).mixed(name, pools),
    ),
  },
  rows: [
    row('p50Ms', 'ganglion', 'piscina'),
    row('p99Ms', 'ganglion', 'piscina'),
    row('p90Ms', LIMITED, 'ganglion'),
    row('p99Ms', LIMITED, 'ganglion'),
  ],
  charts: [
    {
      kind: 'percentiles',
      title: 'Latency of fast events beside slow ones',
      unit: 'µs',
      curves: [{ label: 'fast events', figure: 'latencyUs' }],
    },
  ],
};
