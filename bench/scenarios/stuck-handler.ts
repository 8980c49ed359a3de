import { rate } from '../format.ts';
import type { Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

const figure = 'eventsPerSecond';

export const stuckHandler: Scenario = {
  name: 'stuck-handler',
  title: 'other events while one handler is in a busy loop without a deadline',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1400,
  sides: {
    'one stuck': async () => (await import('../ganglion/stuck.ts')).stuck,
    'one fewer': async () => (await import('../ganglion/stuck.ts')).oneFewer,
  },
  rows: [
    {
      name: "others' throughput with one handler stuck vs one thread fewer",
      unit: '×',
      versus: 'one fewer',
      role: 'self',
      atLeast: 0.9,
      measure: (rounds) => ratio(rounds.each('one stuck', figure), rounds.each('one fewer', figure)),
      absolute: (rounds) =>
        `${rate(median(rounds.each('one stuck', figure)))} vs ${rate(median(rounds.each('one fewer', figure)))}`,
    },
  ],
};
