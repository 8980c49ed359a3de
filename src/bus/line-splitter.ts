const NEWLINE = 10;

/** Cuts bytes into lines of text, however the chunks fall. Bytes are decoded once, a chunk at a time. */
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

  /** The lines that end in this chunk; undefined for one that is too long. */
  *push(chunk: Uint8Array): Generator<string | undefined, void, undefined> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const first = bytes.indexOf(NEWLINE);
    if (first === -1) {
      this.#keep(bytes);
      return;
    }
    this.#keep(bytes.subarray(0, first));
    yield* this.end();
    const last = bytes.lastIndexOf(NEWLINE);
    const text = bytes.toString('utf8', first + 1, last + 1);
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at);
      this.line++;
      // In UTF-16 units, which is no more than the bytes they came from.
      yield end - at > this.#maxLineBytes ? undefined : text.slice(at, end);
      at = end + 1;
    }
    this.#keep(bytes.subarray(last + 1));
  }

  /** The line that has been begun, if there is one. */
  *end(): Generator<string | undefined, void, undefined> {
    this.line++;
    const skipped = this.#skipping;
    const text = skipped ? undefined : Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    // A byte order mark is no part of the first line.
    yield this.line === 1 && text?.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#skipping) return;
    this.#size += bytes.length;
    if (this.#size > this.#maxLineBytes) {
      this.#skipping = true;
      this.#parts = [];
    } else this.#parts.push(new Uint8Array(bytes));
  }
}
