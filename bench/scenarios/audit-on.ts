import { rate } from '../format.ts';
import type { openEmit } from '../ganglion/audited-emit.ts';
import type { Rounds, Row, Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

const figure = 'eventsPerSecond';

const side = (options: Parameters<typeof openEmit>[0]) => async () =>
  (await import('../ganglion/audited-emit.ts')).openEmit(options);

function row(name: string, audited: string, plain: string): Row {
  return {
    name,
    unit: '×',
    side: audited,
    versus: plain,
    role: 'self',
    atLeast: 0.6,
    measure: (rounds: Rounds) => ratio(rounds.each(audited, figure), rounds.each(plain, figure)),
    absolute: (rounds: Rounds) =>
      `${rate(median(rounds.each(audited, figure)))} vs ${rate(median(rounds.each(plain, figure)))}`,
  };
}

export const auditOn: Scenario = {
  name: 'audit-on',
  title: 'emit with audit log and default redactor until all is in the file, against emit alone',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1000,
  takes: ['size'],
  sides: {
    audited: side({ audit: true, handler: true }),
    plain: side({ audit: false, handler: true }),
    'audited, nobody subscribed': side({ audit: true, handler: false }),
    'plain, nobody subscribed': side({ audit: false, handler: false }),
  },
  rows: [
    row('emit with audit and redactor vs without, trivial handler', 'audited', 'plain'),
    row('the same without any subscription', 'audited, nobody subscribed', 'plain, nobody subscribed'),
  ],
};
