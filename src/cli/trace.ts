import { visitEvents } from '../audit/reader.ts';
import type { BusEvent } from '../event.ts';
import { atMost, type Command, defineCommand, UsageError, wholeNumber } from './command.ts';
import { count, milliseconds, plural } from './figures.ts';
import { DEFAULT_LOG, existingLog } from './log-file.ts';
import { wholeLog } from './log-history.ts';
import { printable, printableJson } from './terminal.ts';
import { spanOf, stepsOf, waterfall } from './waterfall.ts';

const HELP = `ganglion trace <correlation id> [options]

Shows one flow of events on a time line: what happened when, what failed, and where it came from; rotated files included.

  --file FILE               the log; default ${DEFAULT_LOG}
  --limit N                 the newest so many events of the flow; default 1000
  --json                    the log's lines as they are, oldest first
  --help

Exit code: 1 when the log has no such flow.
`;

const DEFAULT_LIMIT = 1_000;
const MAX_LANE = 32;

export const command: Command = defineCommand({
  help: HELP,
  options: { file: { type: 'string' }, limit: { type: 'string' }, json: { type: 'boolean' } },
  async run({ values, positionals }, terminal) {
    atMost(positionals, 1);
    const correlationId = positionals[0];
    if (correlationId === undefined) throw new UsageError('which flow? Name its correlation id');
    const limit = wholeNumber('limit', values.limit, 1) ?? DEFAULT_LIMIT;
    const path = existingLog(values.file ?? DEFAULT_LOG);
    const events: BusEvent[] = [];
    const lines: string[] = [];
    const damaged = await visitEvents(wholeLog(path), { correlationId, limit }, (event, line) => {
      events.push(event);
      lines.push(line);
    });
    if (damaged > 0) terminal.note(`${plural(damaged, 'damaged line')} left out`);
    if (events.length === 0) {
      terminal.note(`no event of flow ${printable(correlationId)} in ${printable(path)}`);
      return 1;
    }
    if (values.json === true) {
      for (const line of lines.reverse()) terminal.say(printableJson(line));
      return 0;
    }
    const steps = stepsOf(events);
    const width = Math.max(8, Math.min(MAX_LANE, Math.floor(terminal.columns / 3)));
    for (const line of waterfall(steps, width, (style, text) => terminal.paint(style, text))) terminal.say(line);
    const failures = steps.filter(({ failed, depth }) => failed && depth === 0).length;
    const what = `${plural(events.length, 'event')} in ${milliseconds(spanOf(steps))}`;
    terminal.say(failures === 0 ? what : `${what}, ${terminal.paint('red', `${count(failures)} failed`)}`);
    if (events.length === limit) terminal.note(`there may be earlier ones: --limit ${limit}`);
    return 0;
  },
});
