import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Callback, type Context, suite } from 'uvu';

/** The folder of package.json, as seen from test/ and from dist/test/. */
export const projectRoot: string = fileURLToPath(findUp(new URL('./', import.meta.url)));

function findUp(folder: URL): URL {
  return existsSync(new URL('package.json', folder)) ? folder : findUp(new URL('../', folder));
}

/** Gives `use` a folder of its own, which is gone afterwards. */
export async function inFolder<T>(use: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ganglion-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every test has a deadline of its own, in milliseconds: uvu has none, and a hung test must fail by name. */
const DEADLINE_MS = 30_000;

async function withTimeout<T>(label: string, work: Promise<T>, ms: number = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`deadline of ${ms} ms passed: ${label}`)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

interface Suite {
  (name: string, body: () => unknown, deadlineMs?: number): void;
  run(): void;
}

/** A uvu suite whose tests each end by their deadline. */
export function tests(name: string): Suite {
  const inner = suite(name);
  const add = ((title: string, body: () => unknown, deadlineMs?: number) => {
    const run: Callback<Context> = () => withTimeout(title, Promise.resolve().then(body) as Promise<void>, deadlineMs);
    inner(title, run);
  }) as Suite;
  add.run = () => inner.run();
  return add;
}
