import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Order, orderAt } from './events.ts';

/** One event in so many carries something that must not reach the disk. */
const SECRET_EVERY = 32;
const SECRET = 'correct horse battery staple';

/** The events of the other scenarios, a few of them with a secret. */
export function loggedOrderAt(i: number): Order {
  const order = orderAt(i);
  return i % SECRET_EVERY === 0 ? { ...order, password: SECRET } : order;
}

/** A folder for a side's logs, removed with its process. */
export function logFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ganglion-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function countLines(path: string): number {
  return linesIn(readFileSync(path));
}

function linesIn(bytes: Buffer): number {
  let found = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) found++;
  return found;
}

/** Throws when the file does not hold so many lines, or holds a secret. */
export function checkLog(path: string, lines: number): void {
  const bytes = readFileSync(path);
  const found = linesIn(bytes);
  if (found !== lines) throw new Error(`${path} has ${found} lines, ${lines} were written`);
  if (bytes.includes(SECRET)) throw new Error(`${path} holds what should be redacted`);
}
