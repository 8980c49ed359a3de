import { digits } from '../format.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { median, spread } from '../statistics.ts';
import { poolSides } from './pools.ts';

const figure = 'tasksPerSecond short';
const perSecond = (value: number): string => `${digits(value / 1000)} k/s`;

const versus = (name: string, rival: string): Row =>
  compared({
    name: `50 µs handlers on all threads, vs ${name}`,
    versus: rival,
    figure: 'last',
    format: perSecond,
  });

export const scaling: Scenario = {
  name: 'scaling',
  title: 'handlers of about 50 µs on 1 to as many threads as there are cores',
  runMs: 500,
  quickMs: 60,
  // Each step of a series warms up by itself.
  warmUpMs: 200,
  sides: {
    ganglion: async () => {
      const [{ series, threadSteps }, { cpuTasks }] = await Promise.all([
        import('../scaling.ts'),
        import('../ganglion/cpu-tasks.ts'),
      ]);
      return series('threads', figure, threadSteps, (threads, setup) => cpuTasks(['short'])({ ...setup, threads }));
    },
    ...poolSides('plain', ['piscina'], async (name, pools) => {
      const [{ series, threadSteps }, { cpuTasks }] = await Promise.all([
        import('../scaling.ts'),
        import('../rivals/pool-sides.ts'),
      ]);
      return series('threads', figure, threadSteps, (threads, setup) =>
        cpuTasks(name, ['short'], pools)({ ...setup, threads }),
      );
    }),
    'raw workers': async () => {
      const [{ series, threadSteps }, { cpuTasks }] = await Promise.all([
        import('../scaling.ts'),
        import('../rivals/split-by-hand.ts'),
      ]);
      return series('threads', figure, threadSteps, (threads, setup) => cpuTasks(['short'])({ ...setup, threads }));
    },
  },
  rows: [
    versus('piscina.run per event', 'piscina'),
    versus('split by hand over raw workers', 'raw workers'),
    {
      name: '50 µs handlers on all threads, vs on one',
      unit: '×',
      versus: 'ganglion',
      measure: (rounds) => spread(rounds.each('ganglion', 'growth')),
      absolute: (rounds) =>
        `${perSecond(median(rounds.each('ganglion', 'last')))} vs ${perSecond(median(rounds.each('ganglion', 'first')))}`,
    },
  ],
  charts: [
    {
      kind: 'scaling',
      title: 'Handlers of about 50 µs per second, by threads',
      unit: 'events/s',
      x: 'threads',
      xLabel: 'handler threads',
      figure,
      ideal: 'linear',
    },
  ],
};
