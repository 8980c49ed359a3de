import { rate } from '../format.ts';
import type { openEmit } from '../ganglion/audited-emit.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';

const figure = 'eventsPerSecond';

const side = (options: Parameters<typeof openEmit>[0]) => async () =>
  (await import('../ganglion/audited-emit.ts')).openEmit(options);

const row = (name: string, side: string, versus: string): Row =>
  compared({ name, side, versus, atLeast: 0.6, figure, format: rate });

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
