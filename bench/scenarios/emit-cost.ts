import { micros } from '../format.ts';
import { compared } from '../rows.ts';
import type { Scenario } from '../scenario.ts';

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
    compared({
      name: 'main-thread cost of emit vs JSON.stringify + Buffer write of its line',
      versus: 'stringify + write',
      atMost: 2,
      figure: 'usPerEvent',
      format: micros,
    }),
  ],
};
