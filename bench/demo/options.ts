import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm run demo -- [folder] [--threads N]

Emits one event per file of the folder and handles it on a pool of threads: brotli and SHA-256 in one handler, a line
count in another, which hangs on one of the files and is ended.

  folder        where to look for files; default: the project's own node_modules
  --threads N   handler threads, 1 to 256; default: one per core (here ${availableParallelism()})
  --help        this text`;

export interface DemoOptions {
  folder: string;
  threads: number;
}

/** Ends the process on --help and on what it can't take. */
export function parseOptions(args: string[]): DemoOptions {
  const { values, positionals } = parsed(args);
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  if (positionals.length > 1) refuse(`one folder at a time, got ${positionals.join(' ')}`);
  const threads = values.threads === undefined ? availableParallelism() : Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    refuse(`--threads must be a whole number from 1 to 256, got ${values.threads}`);
  }
  // Compiled, this file is dist/bench/demo/options.js.
  const folder = resolve(positionals[0] ?? fileURLToPath(new URL('../../../node_modules', import.meta.url)));
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) refuse(`no such folder: ${folder}`);
  if (!stat.isDirectory()) refuse(`not a folder: ${folder}`);
  return { folder, threads };
}

function parsed(args: string[]): { values: { threads?: string; help?: boolean }; positionals: string[] } {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { threads: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    refuse((error as Error).message);
  }
}

export function refuse(problem: string): never {
  console.error(`demo: ${problem}\nnpm run demo -- --help says what it takes.`);
  process.exit(2);
}
