import type { FileCompressed, FileCounted } from './events.ts';

/** What the handlers reported, added up on the main thread. */
export class Tally {
  readonly compressMs: number[] = [];
  readonly linesMs: number[] = [];
  bytes = 0;
  brotliBytes = 0;
  lines = 0;
  duplicates = 0;
  duplicateBytes = 0;
  readonly extensions: Map<string, number> = new Map();
  readonly timedOut: TimedOut[] = [];
  /** Every other failure, one line each. */
  readonly failures: string[] = [];
  readonly #seen = new Set<string>();

  compressed({ bytes, brotliBytes, sha256, ms }: FileCompressed): void {
    this.compressMs.push(ms);
    this.bytes += bytes;
    this.brotliBytes += brotliBytes;
    if (this.#seen.has(sha256)) {
      this.duplicates++;
      this.duplicateBytes += bytes;
    }
    this.#seen.add(sha256);
  }

  counted({ extension, lines, ms }: FileCounted): void {
    this.linesMs.push(ms);
    this.lines += lines;
    this.extensions.set(extension, (this.extensions.get(extension) ?? 0) + 1);
  }
}

export interface TimedOut {
  handler: string;
  path: string;
  /** From the deadline to the moment the main thread knew. */
  lateMs: number;
}

/** The value that a share `q` of the values doesn't exceed, by nearest rank. */
export function percentile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
