import { millis } from '../format.ts';
import { quantileOf } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';

function row(side: string, name: string): Row {
  return {
    name: `deadline → outcome settled, p99, ${name}`,
    unit: 'ms',
    side,
    atMost: 20,
    measure: (rounds) => quantileOf(rounds, side, 'lateMs', 0.99),
    absolute: (rounds) => {
      const samples = rounds.samples(side, 'lateMs');
      return `p50 ${millis(median(samples))}, ${samples.length} overruns`;
    },
  };
}

export const deadline: Scenario = {
  name: 'deadline',
  title: 'how late the outcome of a handler is that overruns its deadline',
  runMs: 1500,
  quickMs: 300,
  warmUpMs: 1000,
  sides: {
    loop: async () => (await import('../ganglion/deadlines.ts')).loop,
    native: async () => (await import('../ganglion/deadlines.ts')).native,
  },
  rows: [row('loop', 'busy loop'), row('native', 'native call that can’t be ended')],
};
