import { rate } from '../format.ts';
import { compared } from '../rows.ts';
import type { Scenario } from '../scenario.ts';

export const stuckHandler: Scenario = {
  name: 'stuck-handler',
  title: 'other events while one handler is in a busy loop without a deadline',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1000,
  sides: {
    'one stuck': async () => (await import('../ganglion/stuck.ts')).stuck,
    'one fewer': async () => (await import('../ganglion/stuck.ts')).oneFewer,
  },
  rows: [
    compared({
      name: "others' throughput with one handler stuck vs one thread fewer",
      side: 'one stuck',
      versus: 'one fewer',
      atLeast: 0.9,
      figure: 'eventsPerSecond',
      format: rate,
    }),
  ],
};
