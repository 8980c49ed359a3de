import type { Rounds, Scenario } from '../scenario.ts';
import { median, spread } from '../statistics.ts';

const mb = (rounds: Rounds, figure: string): string => `${median(rounds.each('ganglion', figure)).toFixed(0)} MB`;

export const memorySoak: Scenario = {
  name: 'memory-soak',
  title: 'resident memory over 1.5 million events in one process',
  runMs: 0,
  quickMs: 0,
  warmUpMs: 0,
  fresh: true,
  mostRepetitions: 3,
  execArgv: ['--expose-gc'],
  sides: { ganglion: async () => (await import('../ganglion/soak.ts')).open },
  rows: [
    {
      name: 'resident memory grown from event 300,000 to 1,500,000',
      unit: 'MB',
      atMost: 30,
      measure: (rounds) => spread(rounds.each('ganglion', 'grownMb')),
      absolute: (rounds) => `${mb(rounds, 'beforeMb')} → ${mb(rounds, 'afterMb')}`,
    },
  ],
  charts: [
    {
      kind: 'memory',
      title: 'Resident memory over 1.5 million events',
      unit: 'MB',
      at: 'events',
      atLabel: 'events',
      lines: [{ label: 'resident memory', figure: 'rssMb' }],
    },
  ],
};
