import { rate } from '../format.ts';
import type { Rounds, Row, Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

const figure = 'linesPerSecond';

function row(name: string, side: string, rival: string, atLeast: number): Row {
  return {
    name,
    unit: '×',
    atLeast,
    measure: (rounds: Rounds) => ratio(rounds.each(side, figure), rounds.each(rival, figure)),
    absolute: (rounds: Rounds) =>
      `${rate(median(rounds.each(side, figure)))} vs ${rate(median(rounds.each(rival, figure)))}`,
  };
}

export const auditLog: Scenario = {
  name: 'audit-log',
  title: 'redacted lines until they are in the file; one event in 32 has something to redact',
  runMs: 700,
  quickMs: 40,
  warmUpMs: 1500,
  sides: {
    ganglion: async () => (await import('../ganglion/audit-log.ts')).openLog({ seal: false }),
    sealed: async () => (await import('../ganglion/audit-log.ts')).openLog({ seal: true }),
    pino: async () => (await import('../rivals/pino.ts')).open,
  },
  rows: [
    row('audited, redacted lines per second vs pino 10, transport worker and redact', 'ganglion', 'pino', 1.5),
    row('sealing vs not sealing', 'sealed', 'ganglion', 0.85),
  ],
};
