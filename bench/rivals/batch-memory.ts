/** Batches of events in shared memory: per batch a head of word pairs (bytes, ASCII or not) and a slot per event. */
export const BATCH = 64;
const SLOT_BYTES = 512;
const HEAD_BYTES = BATCH * 8;
const REGION_BYTES: number = HEAD_BYTES + BATCH * SLOT_BYTES;

/** Node's Buffer has these; its types don't. They are the fastest way for short strings in and out of bytes. */
interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number, length: number): number;
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

export class BatchMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: FastBuffer;

  constructor(source: SharedArrayBuffer | number) {
    this.buffer = typeof source === 'number' ? new SharedArrayBuffer(source * REGION_BYTES) : source;
    this.#words = new Int32Array(this.buffer);
    this.#bytes = Buffer.from(this.buffer) as FastBuffer;
  }

  write(region: number, slot: number, text: string): void {
    const base = region * REGION_BYTES;
    const bytes = this.#bytes.utf8Write(text, base + HEAD_BYTES + slot * SLOT_BYTES, SLOT_BYTES);
    const word = base / 4 + slot * 2;
    this.#words[word] = bytes;
    this.#words[word + 1] = bytes === text.length ? 1 : 0;
  }

  read(region: number, slot: number): string {
    const base = region * REGION_BYTES;
    const word = base / 4 + slot * 2;
    const start = base + HEAD_BYTES + slot * SLOT_BYTES;
    const end = start + this.#words[word]!;
    return this.#words[word + 1] === 1 ? this.#bytes.latin1Slice(start, end) : this.#bytes.utf8Slice(start, end);
  }
}
