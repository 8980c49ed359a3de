#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { Terminal } from './terminal.ts';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

// Each is loaded when it is asked for: help has to be there at once.
const COMMANDS: Readonly<Record<string, Entry>> = {
  run: { summary: 'runs NDJSON events through handler modules on every core', load: () => import('./run.ts') },
  tail: { summary: 'shows the last events of a log, and those that come', load: () => import('./tail.ts') },
  trace: { summary: 'shows one flow of events on a time line', load: () => import('./trace.ts') },
  verify: { summary: 'checks the seals of a log', load: () => import('./verify.ts') },
  dlq: { summary: 'lists, shows, retries and removes dead letters', load: () => import('./dlq.ts') },
  stats: { summary: 'counts what is in a log', load: () => import('./stats.ts') },
  doctor: { summary: 'says whether this machine is fit for a bus', load: () => import('./doctor.ts') },
};

function help(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`);
  return `ganglion <command> [options]

${rows.join('\n')}

  --help      of each command says what it takes
  --version   the version

Exit code: 0 all is well; 1 something failed or was found to be wrong; 2 the command line can't be used as it stands.
Colours only on a terminal, and not with NO_COLOR.
`;
}

function version(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out.write(help());
    return 0;
  }
  if (name === '--version') {
    terminal.out.write(`${version()}\n`);
    return 0;
  }
  if (name === undefined) {
    terminal.note(help().trimEnd());
    return 2;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : undefined;
  if (entry === undefined) {
    terminal.note(`ganglion: there is no command ${JSON.stringify(name)}; ganglion --help lists them`);
    return 2;
  }
  const { command } = await entry.load();
  return command(`ganglion ${name}`, rest, terminal);
}

const terminal = new Terminal();
process.exitCode = await main(process.argv.slice(2), terminal);
try {
  await terminal.out.end();
} catch (error) {
  terminal.note(`ganglion: standard output can't be written: ${(error as Error).message}`);
  process.exitCode = 1;
}
