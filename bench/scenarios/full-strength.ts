import { millis } from '../format.ts';
import { quantileOf } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { quantile } from '../statistics.ts';

export const fullStrength: Scenario = {
  name: 'full-strength',
  title: 'how soon after the deadline of a handler that hangs all threads are at work again, with one spare',
  runMs: 1000,
  quickMs: 300,
  warmUpMs: 600,
  sides: { ganglion: async () => (await import('../ganglion/full-strength.ts')).open },
  rows: [
    {
      name: 'deadline → full strength again, one spare, p50',
      unit: 'ms',
      atMost: 20,
      measure: (rounds) => quantileOf(rounds, 'ganglion', 'backMs', 0.5),
      absolute: (rounds) => {
        const samples = rounds.samples('ganglion', 'backMs');
        return `p99 ${millis(quantile(samples, 0.99))}, ${samples.length} times`;
      },
    },
  ],
};
