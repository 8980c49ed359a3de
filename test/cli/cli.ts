import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../helpers.ts';

const MAIN = join(projectRoot, 'dist', 'src', 'cli', 'main.js');
/** A command that hangs is killed, and its test fails by what is missing then. */
const HANG_MS = 25_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when that text is in the output; rejects when the command ends without it. */
  shows(stream: 'stdout' | 'stderr', text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts the built command line in a process of its own, with pipes for all three streams. */
export function start(args: readonly string[], { cwd, env = {} }: StartOptions = {}): Running {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...rest } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...rest, ...env },
    timeout: HANG_MS,
    killSignal: 'SIGKILL',
  });
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  let over = false;
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const look of waiting) look();
    });
  }
  // One that ends early does not read what it is still sent.
  child.stdin.on('error', () => {});
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      over = true;
      for (const look of waiting) look();
      resolve({ code, signal, ...text });
    });
  });
  return {
    child,
    ended,
    shows: (stream, wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (text[stream].includes(wanted)) resolve();
          else if (over) reject(new Error(`ended without ${JSON.stringify(wanted)}: ${text.stdout}${text.stderr}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Runs a command to its end, with this text as its standard input. */
export function run(args: readonly string[], options: StartOptions & { input?: string | Buffer } = {}): Promise<Ended> {
  const { child, ended } = start(args, options);
  child.stdin.end(options.input ?? '');
  return ended;
}

/** Gives the body a folder with these files, and takes it away afterwards. */
export async function inFolder(
  files: Readonly<Record<string, string | Buffer>>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ganglion-cli-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The objects of a text with one JSON object a line. */
export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** What no command may send to a pipe, whatever an event holds. */
export const CONTROL: RegExp = /[^\P{Cc}\n]/u;
