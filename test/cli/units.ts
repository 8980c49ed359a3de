import type { LogLine } from '../../src/cli/log-reader.ts';
import { LogTally } from '../../src/cli/log-tally.ts';

export function tallyOf(lines: readonly LogLine[]): LogTally {
  const tally = new LogTally();
  for (const line of lines) tally.add(line);
  return tally;
}

export function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
}
