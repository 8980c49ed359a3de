import { micros } from '../format.ts';
import type { Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

const figure = 'usPerEvent';

export const emitCost: Scenario = {
  name: 'emit-cost',
  title: 'time inside emit on the emitting thread, a handler module subscribed',
  runMs: 300,
  quickMs: 40,
  warmUpMs: 1500,
  sides: {
    ganglion: async () => (await import('../ganglion/emit-cost.ts')).open,
    'stringify + write': async () => (await import('../rivals/stringify-write.ts')).open,
  },
  rows: [
    {
      name: 'main-thread cost of emit vs JSON.stringify + Buffer write of its line',
      unit: '×',
      versus: 'stringify + write',
      role: 'floor',
      atMost: 2,
      measure: (rounds) => ratio(rounds.each('ganglion', figure), rounds.each('stringify + write', figure)),
      absolute: (rounds) =>
        `${micros(median(rounds.each('ganglion', figure)))} vs ${micros(median(rounds.each('stringify + write', figure)))}`,
    },
  ],
};
