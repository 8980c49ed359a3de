import { type Command, defineCommand } from './command.ts';
import { ON_HELP } from './handlers.ts';

const HELP = `ganglion doctor [--on PATTERN=MODULE | MODULE …] [options]

Says whether this machine and this Node are fit for a bus: version, cores, shared memory, threads, disk, and that handler
modules load in a thread.

${ON_HELP}
  --path FOLDER             where logs will be written; default: the working directory
  --json                    the findings as JSON
  --help

Exit code: 1 when something is not fit.
`;

export const command: Command = defineCommand({
  help: HELP,
  options: { on: { type: 'string', multiple: true }, path: { type: 'string' }, json: { type: 'boolean' } },
  async run({ values, positionals }, terminal) {
    const { examine, verdictOf } = await import('./doctor-checks.ts');
    const findings = await examine({ on: values.on ?? [], modules: positionals, folder: values.path ?? '.' });
    const verdict = verdictOf(findings);
    const well = findings.every(({ status }) => status !== 'failed');
    if (values.json === true) {
      terminal.json({ ok: well, verdict, checks: findings });
      return well ? 0 : 1;
    }
    const widest = Math.max(...findings.map(({ name }) => name.length));
    for (const { name, status, diagnosis } of findings) {
      const [style, mark] = MARKS[status];
      terminal.say(`${terminal.paint(style, mark)}  ${name.padEnd(widest)}  ${diagnosis}`);
    }
    terminal.say(terminal.paint(well ? 'green' : 'red', verdict));
    return well ? 0 : 1;
  },
});

const MARKS = {
  ok: ['green', 'ok  '],
  degraded: ['yellow', 'look'],
  failed: ['red', 'FAIL'],
} as const;
