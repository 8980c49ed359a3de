/** Batches of events in shared memory: per batch a head of word pairs (bytes, ASCII or not) and a slot per event. */
export const BATCH = 64;
const HEAD_BYTES = BATCH * 8;

/** Node's Buffer has these; its types don't. They are the fastest way for short strings in and out of bytes. */
interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number, length: number): number;
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

/** What both sides of it have to know. */
export interface BatchLayout {
  readonly buffer: SharedArrayBuffer;
  readonly slotBytes: number;
}

export class BatchMemory {
  readonly layout: BatchLayout;
  readonly #slotBytes: number;
  readonly #regionBytes: number;
  readonly #words: Int32Array;
  readonly #bytes: FastBuffer;

  static create(regions: number, slotBytes: number): BatchMemory {
    const buffer = new SharedArrayBuffer(regions * (HEAD_BYTES + BATCH * slotBytes));
    return new BatchMemory({ buffer, slotBytes });
  }

  constructor(layout: BatchLayout) {
    this.layout = layout;
    this.#slotBytes = layout.slotBytes;
    this.#regionBytes = HEAD_BYTES + BATCH * layout.slotBytes;
    this.#words = new Int32Array(layout.buffer);
    this.#bytes = Buffer.from(layout.buffer) as FastBuffer;
  }

  write(region: number, slot: number, text: string): void {
    const base = region * this.#regionBytes;
    const bytes = this.#bytes.utf8Write(text, base + HEAD_BYTES + slot * this.#slotBytes, this.#slotBytes);
    const word = base / 4 + slot * 2;
    this.#words[word] = bytes;
    this.#words[word + 1] = bytes === text.length ? 1 : 0;
  }

  read(region: number, slot: number): string {
    const base = region * this.#regionBytes;
    const word = base / 4 + slot * 2;
    const start = base + HEAD_BYTES + slot * this.#slotBytes;
    const end = start + this.#words[word]!;
    return this.#words[word + 1] === 1 ? this.#bytes.latin1Slice(start, end) : this.#bytes.utf8Slice(start, end);
  }
}
