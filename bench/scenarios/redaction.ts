import { digits, rate } from '../format.ts';
import { KINDS } from '../redaction.ts';
import { compared } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { median, spread } from '../statistics.ts';

const WALK = 'parse, walk, stringify';
const figure = 'linesPerSecond';

const versusWalk = (kind: (typeof KINDS)[number], what: string, atLeast: number) =>
  compared({
    name: `redaction of ${what} vs JSON.parse, walk, 12 patterns, JSON.stringify`,
    versus: WALK,
    figure: `${figure} ${kind}`,
    atLeast,
    format: rate,
  });

export const redaction: Scenario = {
  name: 'redaction',
  title: 'audit lines of about 250 bytes redacted by the default rules, on one thread and without a file',
  runMs: 500,
  quickMs: 60,
  warmUpMs: 800,
  sides: {
    ganglion: async () => (await import('../ganglion/redaction.ts')).open,
    [WALK]: async () => (await import('../rivals/parse-walk-stringify.ts')).open,
  },
  rows: [
    versusWalk('clean', 'clean lines', 3),
    versusWalk('one hit', 'lines with one hit', 1),
    versusWalk('four hits', 'lines with four hits', 1),
    {
      name: 'clean lines redacted per second',
      unit: 'MB/s',
      atLeast: 100,
      measure: (rounds) => spread(rounds.each('ganglion', 'mbPerSecond clean')),
      absolute: (rounds) =>
        KINDS.slice(1)
          .map((kind) => `${kind} ${digits(median(rounds.each('ganglion', `mbPerSecond ${kind}`)))} MB/s`)
          .join(', '),
    },
  ],
  charts: [
    {
      kind: 'bars',
      title: 'Lines redacted per second',
      unit: 'lines/s',
      better: 'more',
      groups: KINDS.map((kind) => ({ label: kind, figure: `${figure} ${kind}` })),
      log: true,
    },
  ],
};
