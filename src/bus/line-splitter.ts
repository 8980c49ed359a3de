import { isUtf8 } from 'node:buffer';

const NEWLINE = 10;

/** A line that can't be read as text. */
export interface BadLine {
  readonly reason: string;
  /** What there is of it to show; empty for one that is too long. */
  readonly text: string;
}

/** Cuts bytes into lines of text, however the chunks fall. Bytes are decoded once, mostly a chunk at a time. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  /** The beginning of a line whose end has not come. */
  #parts: Uint8Array[] = [];
  #size = 0;
  /** The line at hand is too long: what is left of it is not kept. */
  #skipping = false;
  /** The number of the line that was given last, from 1. */
  line = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that end in this chunk. */
  *push(chunk: Uint8Array): Generator<string | BadLine, void, undefined> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const first = bytes.indexOf(NEWLINE);
    if (first === -1) {
      this.#keep(bytes);
      return;
    }
    this.#keep(bytes.subarray(0, first));
    yield* this.end();
    const last = bytes.lastIndexOf(NEWLINE);
    const whole = bytes.subarray(first + 1, last + 1);
    // Lines that can't be too long, as nearly all, are decoded by one call.
    if (whole.length <= this.#maxLineBytes && isUtf8(whole)) yield* this.#lines(whole.toString('utf8'));
    else yield* this.#oneByOne(whole);
    this.#keep(bytes.subarray(last + 1));
  }

  /** What follows the last line's end, also when that is nothing. */
  *end(): Generator<string | BadLine, void, undefined> {
    this.line++;
    const bytes = Buffer.concat(this.#parts);
    const skipped = this.#skipping;
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    const text = skipped ? this.#tooLong() : decode(bytes);
    // A byte order mark is no part of the first line.
    yield this.line === 1 && typeof text === 'string' && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  *#lines(text: string): Generator<string, void, undefined> {
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at);
      this.line++;
      yield text.slice(at, end);
      at = end + 1;
    }
  }

  *#oneByOne(bytes: Buffer): Generator<string | BadLine, void, undefined> {
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, at);
      this.line++;
      yield end - at > this.#maxLineBytes ? this.#tooLong() : decode(bytes.subarray(at, end));
      at = end + 1;
    }
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#skipping) return;
    this.#size += bytes.length;
    if (this.#size > this.#maxLineBytes) {
      this.#skipping = true;
      this.#parts = [];
    } else this.#parts.push(new Uint8Array(bytes));
  }

  #tooLong(): BadLine {
    return { reason: `longer than maxLineBytes=${this.#maxLineBytes}`, text: '' };
  }
}

function decode(bytes: Buffer): string | BadLine {
  const text = bytes.toString('utf8');
  return isUtf8(bytes) ? text : { reason: 'the line is not UTF-8', text };
}
