import { closeSync, fstatSync, readSync } from 'node:fs';
import { isSealAt, SEAL_LINE } from '../src/audit-format.ts';
import { openIfThere } from './audit-scan.ts';

const CHUNK_BYTES = 1 << 18;
const LINE_FEED = 10;
/** Of a chunk's end so much is looked at again, for a seal that goes on in the next. A multiple of four bytes. */
const OVERLAP = (SEAL_LINE.length + 3) & ~3;
const NO_BYTES: Uint8Array = new Uint8Array(OVERLAP);

interface Held {
  readonly fd: number;
  readonly end: number;
}

/**
 * Counts the lines that a log held when it was opened, a part at a time: a large one takes seconds, and nobody waits for
 * that. Its files stay open, so that rotation may move them and remove them meanwhile.
 */
export class HeldLines {
  readonly #files: Held[] = [];
  readonly #chunk: Buffer = Buffer.allocUnsafeSlow(OVERLAP + CHUNK_BYTES);
  readonly #words: Int32Array = new Int32Array(this.#chunk.buffer);
  #current = 0;
  #position = 0;
  /** Of the file that is counted first. */
  firstLines = 0;
  /** Of all files, seals not among them. */
  logged = 0;

  /** The active file first. */
  constructor(paths: readonly string[]) {
    try {
      for (const path of paths) {
        const fd = openIfThere(path);
        if (fd === undefined) continue;
        // First: its size may be refused, and then it has to be closed.
        const file = { fd, end: 0 };
        this.#files.push(file);
        file.end = fstatSync(fd).size;
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Goes on for about so many bytes. True when all are counted. */
  step(bytes: number): boolean {
    for (let left = bytes; left > 0; left -= CHUNK_BYTES) {
      const file = this.#files[this.#current];
      if (file === undefined) return true;
      const read = readSync(
        file.fd,
        this.#chunk,
        OVERLAP,
        Math.min(CHUNK_BYTES, file.end - this.#position),
        this.#position,
      );
      if (read === 0) this.#next(file);
      else this.#count(read);
    }
    return this.#current === this.#files.length;
  }

  close(): void {
    const open = this.#files.splice(this.#current);
    for (const { fd } of open) closeSync(fd);
  }

  #next({ fd }: Held): void {
    // First: a descriptor whose close has failed may be somebody else's by the next try.
    this.#current++;
    this.#position = 0;
    closeSync(fd);
  }

  #count(read: number): void {
    const chunk = this.#chunk;
    const end = OVERLAP + read;
    const lines = this.#feeds(end);
    let seals = 0;
    if (this.#position === 0) {
      chunk.set(NO_BYTES);
      if (isSealAt(chunk, OVERLAP, end)) seals++;
    }
    // A match that the chunk before had whole lies before the overlap.
    const from = OVERLAP - SEAL_LINE.length + 1;
    for (let at = chunk.indexOf(SEAL_LINE, from); at !== -1 && at + SEAL_LINE.length <= end; ) {
      seals++;
      at = chunk.indexOf(SEAL_LINE, at + 1);
    }
    if (this.#current === 0) this.firstLines += lines;
    this.logged += lines - seals;
    this.#position += read;
    chunk.copyWithin(0, end - OVERLAP, end);
  }

  /** Line feeds up to `end`: four bytes at a time, which is several times as fast as a search for each. */
  #feeds(end: number): number {
    const words = this.#words;
    const whole = end >> 2;
    let count = 0;
    for (let i = OVERLAP >> 2; i < whole; i++) {
      const differs = words[i]! ^ 0x0a0a0a0a;
      // Whether one of four bytes is zero (Mycroft 1987).
      if (((differs - 0x01010101) & ~differs & 0x80808080) !== 0) count += this.#feedsIn(4 * i, 4 * i + 4);
    }
    return count + this.#feedsIn(4 * whole, end);
  }

  #feedsIn(from: number, to: number): number {
    let count = 0;
    for (let i = from; i < to; i++) if (this.#chunk[i] === LINE_FEED) count++;
    return count;
  }
}
