import type { Rounds, Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

const figure = 'tasksPerSecond';
const perSecond = (rounds: Rounds, side: string): string => `${median(rounds.each(side, figure)).toFixed(0)} tasks/s`;

export const cpuOffload: Scenario = {
  name: 'cpu-offload',
  title: 'tasks of about 10 ms of arithmetic',
  runMs: 500,
  quickMs: 40,
  warmUpMs: 300,
  sides: {
    ganglion: async () => (await import('../ganglion/cpu-tasks.ts')).open,
    'raw workers': async () => (await import('../rivals/split-by-hand.ts')).open,
  },
  rows: [
    {
      name: '10 ms CPU tasks vs the same split by hand over raw workers',
      unit: '×',
      versus: 'raw workers',
      role: 'floor',
      atLeast: 0.97,
      measure: (rounds) => ratio(rounds.each('ganglion', figure), rounds.each('raw workers', figure)),
      absolute: (rounds) => `${perSecond(rounds, 'ganglion')} vs ${perSecond(rounds, 'raw workers')}`,
    },
  ],
};
