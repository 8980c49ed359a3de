import { resolve } from 'node:path';
import type { Stretch } from '../audit/backwards.ts';
import { type AuditQuery, auditFilter } from '../audit/query.ts';
import { parseLine, visitEvents } from '../audit/reader.ts';
import type { BusEvent } from '../event.ts';
import { atMost, type Command, defineCommand, wholeNumber } from './command.ts';
import { momentOption } from './durations.ts';
import { eventText } from './event-text.ts';
import { plural } from './figures.ts';
import { Interrupt } from './interrupt.ts';
import { DEFAULT_LOG, existingLog } from './log-file.ts';
import { logBefore, wholeLog } from './log-history.ts';
import { openLog } from './log-reader.ts';
import type { LogLine } from './log-segments.ts';
import { LogWatch } from './log-watch.ts';
import { printableJson, type Terminal } from './terminal.ts';

const HELP = `ganglion tail [PATTERN] [options]

Shows the last events of an audit log, and with --follow those that come, also over rotation.

  PATTERN                   an exact type, a.* (any depth), * (all but the bus's own) or another glob;
                            default: all events but seals
  --file FILE               the log; default ${DEFAULT_LOG}
  -f, --follow              goes on until Ctrl-C
  -n, --lines N             so many events to begin with; default 10, with --since all
  --since WHEN              from a date (2026-01-31T12:00Z) or so long ago (10m, 2h, 7d) on
  --correlation ID          events of one flow
  --json                    the log's lines as they are
  --help
`;

const options = {
  file: { type: 'string' },
  follow: { type: 'boolean', short: 'f' },
  lines: { type: 'string', short: 'n' },
  since: { type: 'string' },
  correlation: { type: 'string' },
  json: { type: 'boolean' },
} as const;

const DEFAULT_LINES = 10;

export const command: Command = defineCommand({
  help: HELP,
  options,
  async run({ values, positionals }, terminal) {
    atMost(positionals, 1);
    const follow = values.follow === true;
    const file = values.file ?? DEFAULT_LOG;
    const path = follow ? resolve(file) : existingLog(file);
    const query: AuditQuery = {
      ...(positionals[0] !== undefined && { eventType: positionals[0] }),
      ...(values.since !== undefined && { since: momentOption('since', values.since, Date.now()) }),
      ...(values.correlation !== undefined && { correlationId: values.correlation }),
    };
    // So many of the end, or all of them since then.
    const last = wholeNumber('lines', values.lines, 0) ?? (values.since === undefined ? DEFAULT_LINES : undefined);
    const printer = new Printer(terminal, query, values.json === true);
    await tail({ path, query, last, follow }, printer, terminal.out.gone);
    if (printer.damaged > 0) terminal.note(`${plural(printer.damaged, 'damaged line')} left out`);
    return 0;
  },
});

interface Plan {
  readonly path: string;
  readonly query: AuditQuery;
  readonly last: number | undefined;
  readonly follow: boolean;
}

async function tail({ path, query, last, follow }: Plan, printer: Printer, gone: AbortSignal): Promise<void> {
  if (last !== undefined && !follow) {
    await printer.last(wholeLog(path), last);
    return;
  }
  const ending = new AbortController();
  const { signal } = ending;
  const end = (): void => ending.abort();
  gone.addEventListener('abort', end, { once: true });
  const watch = follow ? new LogWatch(path, signal) : undefined;
  let interrupt: Interrupt | undefined;
  try {
    // The place to go on from is taken before the last events are read, and they are those before it.
    const log = await openLog(path, {
      signal,
      ...(watch && { wait: watch.wait, truncated: () => printer.note('the log was cut: from its beginning') }),
      ...(last === undefined ? { sinceMs: Number(query.since) } : { fromEnd: true }),
    });
    if (last !== undefined && log.start !== undefined) await printer.last(logBefore(path, log.start), last);
    // From here on Ctrl-C is how it ends well; until then it ends as any program.
    if (follow) interrupt = new Interrupt(end);
    for await (const lines of log.lines()) await printer.lines(lines);
  } finally {
    interrupt?.end();
    watch?.close();
  }
}

/** Prints the events that the query wants. */
class Printer {
  damaged = 0;
  readonly #terminal: Terminal;
  readonly #query: AuditQuery;
  readonly #json: boolean;
  readonly #wanted: (event: BusEvent) => boolean;

  constructor(terminal: Terminal, query: AuditQuery, json: boolean) {
    this.#terminal = terminal;
    this.#query = query;
    this.#json = json;
    this.#wanted = auditFilter(query);
  }

  note(text: string): void {
    this.#terminal.note(text);
  }

  /** The last events of these files, the oldest of them first. */
  async last(files: AsyncIterable<Stretch>, limit: number): Promise<void> {
    const found: { readonly event: BusEvent; readonly line: string }[] = [];
    const query = { ...this.#query, limit };
    this.damaged += await visitEvents(files, query, (event, line) => void found.push({ event, line }));
    for (const { event, line } of found.reverse()) this.#print(event, line);
  }

  async lines(lines: readonly LogLine[]): Promise<void> {
    for (const line of lines) {
      if (line === '') continue;
      const event = typeof line === 'string' ? parseLine(line) : undefined;
      if (event === undefined) this.damaged++;
      else if (this.#wanted(event)) this.#print(event, line as string);
    }
    await this.#terminal.out.room();
  }

  #print(event: BusEvent, line: string): void {
    const { out } = this.#terminal;
    if (this.#json) out.write(`${printableJson(line)}\n`);
    else out.write(`${eventText(event, (style, text) => this.#terminal.paint(style, text))}\n`);
  }
}
