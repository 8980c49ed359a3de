import { rate } from '../format.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';

const figure = 'linesPerSecond';

function row(name: string, side: string, versus: string, atLeast?: number): Row {
  return compared({ name, side, versus, figure, format: rate, atLeast });
}

export const auditRedact: Scenario = {
  name: 'audit-redact',
  title: 'redacted lines until they are in the file; one event in 32 has something to redact',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1000,
  takes: ['size'],
  sides: {
    ganglion: async () => (await import('../ganglion/audit-log.ts')).openLog({ seal: false }),
    sealed: async () => (await import('../ganglion/audit-log.ts')).openLog({ seal: true }),
    pino: async () => (await import('../rivals/pino.ts')).open,
    'sonic-boom': async () => (await import('../rivals/sonic-boom.ts')).open,
  },
  rows: [
    row('audited, redacted lines per second vs pino 10, transport worker and redact', 'ganglion', 'pino', 1.5),
    row('… vs plain sonic-boom on the main thread, nothing redacted', 'ganglion', 'sonic-boom'),
    row('sealing vs not sealing', 'sealed', 'ganglion', 0.85),
  ],
  charts: [
    {
      kind: 'bars',
      title: 'Lines in the file per second',
      unit: 'lines/s',
      better: 'more',
      groups: [{ label: '', figure }],
    },
  ],
};
