import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isSealAt, parseSeal, type SealPayload } from '../src/audit-format.ts';

const CHUNK_BYTES = 1 << 18;
const LINE_FEED = 10;

/** What one file of the log holds. */
export interface Scan {
  /** All lines, seals with them. */
  lines: number;
  seals: number;
  /** Lines after the last seal. */
  unsealed: number;
  firstSeal: SealPayload | undefined;
  lastSeal: SealPayload | undefined;
}

/** Counts the complete lines of an open file and reads its seals. */
export function scanFile(fd: number): Scan {
  const scan: Scan = { lines: 0, seals: 0, unsealed: 0, firstSeal: undefined, lastSeal: undefined };
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  // The line that a chunk's end has cut; only its beginning matters unless it is a seal, and seals are short.
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const read = readSync(fd, chunk, 0, CHUNK_BYTES, position);
    if (read === 0) return scan;
    position += read;
    let at = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1 && end < read; end = chunk.indexOf(LINE_FEED, at)) {
      scan.lines++;
      scan.unsealed++;
      if (rest.length > 0) {
        addSeal(scan, Buffer.concat([rest, chunk.subarray(at, end)]));
        rest = Buffer.alloc(0);
      } else if (isSealAt(chunk, at, end)) addSeal(scan, chunk.subarray(at, end));
      at = end + 1;
    }
    if (rest.length < CHUNK_BYTES) rest = Buffer.concat([rest, chunk.subarray(at, read)]);
  }
}

function addSeal(scan: Scan, line: Buffer): void {
  const seal = parseSeal(line);
  if (seal === undefined) return;
  scan.seals++;
  scan.unsealed = 0;
  scan.firstSeal ??= seal;
  scan.lastSeal = seal;
}

/** The seeded hash over all bytes of an open file. */
export function hashFile(fd: number, seed: string): Hash {
  const hash = createHash('sha256').update(seed, 'hex');
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (let position = 0; ; ) {
    const read = readSync(fd, chunk, 0, CHUNK_BYTES, position);
    if (read === 0) return hash;
    position += read;
    hash.update(chunk.subarray(0, read));
  }
}

/** A descriptor for reading; undefined when there is no such file. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Runs `work` on a file for reading; undefined when there is none. */
export function withFile<T>(path: string, work: (fd: number) => T): T | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/** The offset behind the last line feed of an open file. */
export function lastLineEnd(fd: number): number {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES >> 2);
  for (let end = fstatSync(fd).size; end > 0; ) {
    const start = Math.max(0, end - chunk.length);
    const read = readSync(fd, chunk, 0, end - start, start);
    const at = chunk.lastIndexOf(LINE_FEED, read - 1);
    if (at !== -1 && read > 0) return start + at + 1;
    end = start;
  }
  return 0;
}
