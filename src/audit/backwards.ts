import { constants } from 'node:buffer';
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
  /** What stands behind the last line feed is a line as well; else it is torn, and no line. @default false */
  readonly unfinished?: boolean;
}

/**
 * Calls `visit` with each line of a file, last first, without its line feed, until it returns false: undefined stands for
 * one that is longer than `maxLineBytes`, by default the most that a string can hold. Memory: a chunk and the longest line.
 */
export async function visitBackwards(
  { fd, end: limit = Number.POSITIVE_INFINITY, unfinished = false }: Stretch,
  visit: (line: Buffer | undefined) => boolean,
  maxLineBytes: number = constants.MAX_STRING_LENGTH,
): Promise<boolean> {
  let end = Math.min(limit, fstatSync(fd).size);
  let size = FIRST_CHUNK_BYTES;
  // Undefined as long as what was read belongs to no line.
  let line: Line | undefined = unfinished ? new Line(maxLineBytes) : undefined;
  while (end > 0) {
    const start = Math.max(0, end - size);
    const chunk = await readFully(fd, start, end - start);
    // The file was cut meanwhile: what was read before goes on nowhere.
    if (chunk.length < end - start) line = undefined;
    let lineEnd = chunk.length;
    for (;;) {
      const feed = lineEnd === 0 ? -1 : chunk.lastIndexOf(LINE_FEED, lineEnd - 1);
      if (feed === -1) break;
      if (line === undefined) line = new Line(maxLineBytes);
      else if (!visit(line.take(chunk.subarray(feed + 1, lineEnd)))) return false;
      lineEnd = feed;
    }
    line?.prepend(chunk.subarray(0, lineEnd));
    end = start;
    size = CHUNK_BYTES;
  }
  return line === undefined || visit(line.take(NOTHING));
}

const NOTHING: Buffer = Buffer.alloc(0);

/** A line that is read from its end. */
class Line {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  prepend(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#size += piece.length;
    if (this.#size <= this.#maxBytes) this.#pieces.unshift(piece);
    else this.#pieces = [];
  }

  /** All of it, with its beginning; undefined when it is too long. Then it is the next line, of which nothing is known yet. */
  take(beginning: Buffer): Buffer | undefined {
    if (this.#size === 0 && beginning.length <= this.#maxBytes) return beginning;
    this.prepend(beginning);
    const line = this.#size <= this.#maxBytes ? Buffer.concat(this.#pieces) : undefined;
    this.#pieces = [];
    this.#size = 0;
    return line;
  }
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
