import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { segmentPath } from '../../src/audit-format.ts';
import type { ChildTask } from '../fixtures/audit/child.ts';

const folders: string[] = [];
process.on('exit', () => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** A folder of its own, removed when the test file's process ends. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ganglion-audit-'));
  folders.push(path);
  return path;
}

export function eventLine(i: number, more: object = {}): string {
  return JSON.stringify({
    event_type: 'test.line',
    payload: { i, ...more },
    timestamp: 1_760_000_000.5 + i,
    event_id: `event-${i}`,
    source: null,
    correlation_id: null,
  });
}

/** Whole lines; fails on a torn one. */
export function linesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} ends in a torn line`);
  return text.split('\n').slice(0, -1);
}

/** The numbers of the test's own events in a file, or in rotated ones from the oldest to the active one. */
export function indices(path: string, rotated = 0): number[] {
  const files = rotated === 0 ? [path] : Array.from({ length: rotated }, (_, n) => segmentPath(path, rotated - n));
  return files
    .filter((file) => existsSync(file))
    .flatMap(linesOf)
    .map((line) => JSON.parse(line) as { event_type: string; payload: { i: number } })
    .filter(({ event_type }) => event_type === 'test.line')
    .map(({ payload }) => payload.i);
}

const CHILD = fileURLToPath(new URL('../fixtures/audit/child.js', import.meta.url));

export interface ChildMessage {
  readonly open?: boolean;
  readonly error?: string;
  /** The last line appended. */
  readonly appended?: number;
  readonly done?: boolean;
}

/** A child process with a log, killed at the latest when the test file ends. */
export class Child {
  readonly process: ChildProcess;
  /** Its exit code or the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly #waiting = new Set<(message: ChildMessage) => void>();
  readonly #messages: ChildMessage[] = [];

  constructor(task: ChildTask) {
    this.process = fork(CHILD, [JSON.stringify(task)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    children.add(this.process);
    this.process.on('message', (message: ChildMessage) => {
      this.#messages.push(message);
      for (const look of this.#waiting) look(message);
    });
    this.ended = new Promise((resolve) => {
      this.process.on('exit', (code, signal) => {
        children.delete(this.process);
        resolve(code ?? signal!);
      });
    });
  }

  /** Resolves with the first message, past or to come, that is the one; rejects when the child ends before. */
  message(isIt: (message: ChildMessage) => boolean): Promise<ChildMessage> {
    const known = this.#messages.find(isIt);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const look = (message: ChildMessage): void => {
        if (!isIt(message)) return;
        this.#waiting.delete(look);
        resolve(message);
      };
      this.#waiting.add(look);
      void this.ended.then((how) => reject(new Error(`the child ended (${how}) before its message`)));
    });
  }

  kill(): Promise<number | string> {
    this.process.kill('SIGKILL');
    return this.ended;
  }
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const FAULTY = new URL('../fixtures/audit/faulty-writer.js', import.meta.url).href;

/** The entry point of an audit worker with a fault; see the fixture for the query. A worker's own URL loses its query. */
export function faultyWriter(query: string): URL {
  const entry = join(folder(), 'writer.mjs');
  writeFileSync(entry, `await import(${JSON.stringify(`${FAULTY}?${query}`)});`);
  return pathToFileURL(entry);
}

/** 0, 1, … to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** What a promise is rejected with; undefined when it resolves. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
