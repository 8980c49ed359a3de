import { micros } from '../format.ts';
import type { Scenario, Setup } from '../scenario.ts';
import { median, spread } from '../statistics.ts';
import { share } from './emit-observed.ts';

const COUNTS = [10, 100, 1_000, 10_000, 100_000];
const QUICK_COUNTS = [10, 1_000];
const GROWING = '10 to 100,000';

export const subscriptions: Scenario = {
  name: 'subscriptions',
  title: 'time inside emit of a hot type beside many subscriptions to other types',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1500,
  sides: {
    'ten thousand': async () => (await import('../ganglion/emit-observed.ts')).manyOthers,
    ten: async () => (await import('../ganglion/emit-observed.ts')).tenOthers,
    [GROWING]: async () => {
      const [{ series }, { others }] = await Promise.all([
        import('../scaling.ts'),
        import('../ganglion/emit-observed.ts'),
      ]);
      const counts = ({ quick }: Setup): number[] => (quick ? QUICK_COUNTS : COUNTS);
      return series('subscriptions', 'usPerEvent', counts, (count, setup) => others(count)(setup), { keep: true });
    },
  },
  rows: [
    share('emit beside 10,000 subscriptions, vs 10', 'ten thousand', 'ten', 0.9),
    {
      name: 'emit beside 100,000 subscriptions, vs 10, in one process',
      unit: '×',
      side: GROWING,
      versus: GROWING,
      measure: (rounds) => spread(rounds.each(GROWING, 'growth').map((growth) => 1 / growth)),
      absolute: (rounds) =>
        `${micros(median(rounds.each(GROWING, 'last')))} vs ${micros(median(rounds.each(GROWING, 'first')))}`,
    },
  ],
  charts: [
    {
      kind: 'scaling',
      title: 'Time inside emit of a hot type, by the number of subscriptions to other types',
      unit: 'µs',
      sides: [GROWING],
      x: 'subscriptions',
      xLabel: 'subscriptions',
      figure: 'usPerEvent',
      ideal: 'constant',
      log: true,
    },
  ],
};
