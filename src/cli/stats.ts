import { barChart, slotLabel, timeBars } from './chart.ts';
import { atMost, type Command, defineCommand, UsageError, wholeNumber } from './command.ts';
import { timeText } from './event-text.ts';
import { count, megabytes, percent, plural } from './figures.ts';
import { Interrupt } from './interrupt.ts';
import { existingLog } from './log-file.ts';
import { openLog } from './log-reader.ts';
import { LogTally } from './log-tally.ts';
import { clip, printable, type Terminal, table } from './terminal.ts';

const HELP = `ganglion stats <log> [options]

Counts what is in an audit log, rotated files included: events by type and by hour (UTC), failures of handlers,
damaged lines. Its memory does not grow with the log.

  --top N                   so many types; default 20
  --json                    the figures as JSON, all types and hours
  --help
`;

const DEFAULT_TOP = 20;
const CHART_WIDTH = 40;
const MAX_TYPE = 60;

export const command: Command = defineCommand({
  help: HELP,
  options: { top: { type: 'string' }, json: { type: 'boolean' } },
  async run({ values, positionals }, terminal) {
    atMost(positionals, 1);
    if (positionals[0] === undefined) throw new UsageError('which log?');
    const top = wholeNumber('top', values.top, 1) ?? DEFAULT_TOP;
    const path = existingLog(positionals[0]);
    const tally = new LogTally();
    const interrupt = new Interrupt();
    let bytes: number;
    try {
      const log = await openLog(path, { signal: interrupt.signal });
      for await (const lines of log.lines()) {
        for (const line of lines) tally.add(line);
      }
      bytes = log.bytes;
    } finally {
      interrupt.end();
    }
    const stopped = interrupt.signal.aborted;
    if (stopped) terminal.note('interrupted: the log was not read to its end');
    if (values.json === true) terminal.json(tallyJson(tally, bytes));
    else show(tally, bytes, top, terminal);
    return stopped ? 1 : 0;
  },
});

function tallyJson(tally: LogTally, bytes: number): object {
  return {
    events: tally.events,
    bytes,
    damaged: tally.damaged,
    first: tally.events === 0 ? null : timeOrNull(tally.first),
    last: tally.events === 0 ? null : timeOrNull(tally.last),
    by_type: Object.fromEntries([...tally.byType].sort((a, b) => b[1] - a[1])),
    other_types: tally.otherTypes,
    by_hour: Object.fromEntries(
      [...tally.byHour].sort((a, b) => a[0] - b[0]).map(([hour, n]) => [slotLabel(hour * 3_600_000, false), n]),
    ),
    failures: Object.fromEntries(tally.failures),
  };
}

function timeOrNull(ms: number): string | null {
  return Number.isNaN(new Date(ms).getTime()) ? null : new Date(ms).toISOString();
}

function show(tally: LogTally, bytes: number, top: number, terminal: Terminal): void {
  const { events, damaged, first, last } = tally;
  const span = events === 0 ? '' : `, ${timeText(first)} to ${timeText(last)} UTC`;
  terminal.say(`${plural(events, 'event')}, ${megabytes(bytes)}${span}`);
  if (damaged > 0)
    terminal.say(
      terminal.paint('red', `${plural(damaged, 'damaged line')}, the first in line ${count(tally.firstDamaged)}`),
    );
  if (tally.failures.size > 0) {
    const list = [...tally.failures]
      .sort((a, b) => b[1] - a[1])
      .map(([reason, n]) => `${printable(reason)} ${count(n)}`);
    terminal.say(terminal.paint('red', `failures of handlers: ${list.join(', ')}`));
  }
  if (events === 0) return;
  const types = [...tally.byType].sort((a, b) => b[1] - a[1]);
  const rows = types.slice(0, top).map(([type, n]) => [clip(printable(type), MAX_TYPE), count(n), percent(n, events)]);
  const rest = types.slice(top).reduce((sum, [, n]) => sum + n, tally.otherTypes);
  if (rest > 0) rows.push(['other types', count(rest), percent(rest, events)]);
  terminal.say('');
  for (const line of table(rows, [1, 2])) terminal.say(line);
  const { bars, unit, leftOut } = timeBars(tally.byHour);
  terminal.say('');
  terminal.say(terminal.paint('bold', `events by ${unit}, UTC`));
  if (leftOut > 0) terminal.say(`earlier ${count(leftOut)}`);
  const width = Math.max(10, Math.min(CHART_WIDTH, terminal.columns - 36));
  for (const line of barChart(bars, width, count)) terminal.say(line);
}
