import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { segmentPath } from '../../src/audit-format.ts';

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
