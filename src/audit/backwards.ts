import { fstatSync, read as readWithCallback } from 'node:fs';
import { promisify } from 'node:util';

const read = promisify(readWithCallback);

const CHUNK_BYTES = 1 << 18;
/** The first read is small: most queries want a few lines of the end. */
const FIRST_CHUNK_BYTES = 1 << 16;
const LINE_FEED = 10;

/** What of a file is to be read. */
export interface Stretch {
  readonly fd: number;
  /** Only what stands before this offset. @default all */
  readonly end?: number;
  /** What stands behind the last line feed is a line as well; else it is none yet. @default false */
  readonly unfinished?: boolean;
}

/**
 * Calls `visit` with each line of a file, last first, without its line feed, until it returns false. Memory: a chunk and
 * the longest line.
 */
export async function visitBackwards(
  { fd, end: limit = Number.POSITIVE_INFINITY, unfinished = false }: Stretch,
  visit: (line: Buffer) => boolean,
): Promise<boolean> {
  let end = Math.min(limit, fstatSync(fd).size);
  let size = FIRST_CHUNK_BYTES;
  // The pieces of a line whose beginning has not been read, in their order; undefined where there is none yet.
  let pieces: Buffer[] | undefined = unfinished ? [] : undefined;
  while (end > 0) {
    const start = Math.max(0, end - size);
    const chunk = await readFully(fd, start, end - start);
    let lineEnd = chunk.length;
    for (;;) {
      const feed = lineEnd === 0 ? -1 : chunk.lastIndexOf(LINE_FEED, lineEnd - 1);
      if (feed === -1) break;
      if (pieces !== undefined) {
        const piece = chunk.subarray(feed + 1, lineEnd);
        if (!visit(pieces.length === 0 ? piece : Buffer.concat([piece, ...pieces]))) return false;
      }
      pieces = [];
      lineEnd = feed;
    }
    if (lineEnd > 0) pieces?.unshift(chunk.subarray(0, lineEnd));
    end = start;
    size = CHUNK_BYTES;
  }
  return pieces === undefined || visit(Buffer.concat(pieces));
}

/** A file that was cut meanwhile gives less. */
async function readFully(fd: number, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await read(fd, bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
