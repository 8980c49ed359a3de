import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusStats } from '../../src/index.ts';
import { megabytes } from './format.ts';

const SHOWN_LINES = 3;
const SHOWN_LENGTH = 150;

/** A log of its own for each run; it is left there to be looked at. */
export function newLogPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'ganglion-demo-')), 'events.jsonl');
}

/** Where the log is, and its first lines. */
export function auditReport(path: string, { audit }: BusStats): string {
  const lines = readFileSync(path, 'utf8').split('\n', SHOWN_LINES);
  const shown = lines.map((line) => (line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH)}…` : line));
  return [
    `audit log   ${path}, ${audit!.lines.toLocaleString('en-US')} lines, ${megabytes(audit!.bytes)}, redacted by default; it begins`,
    ...shown.map((line) => `  ${line}`),
  ].join('\n');
}
