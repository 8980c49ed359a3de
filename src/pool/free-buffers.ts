/** As many bytes of free buffers are kept. */
const MAX_FREE_BYTES = 64 << 20;

/** Buffers that nobody uses, kept for the next of their size: fresh memory is paged in and collected again. */
export class FreeBuffers<T> {
  readonly #smallest: number;
  readonly #free = new Map<number, T[]>();
  #bytes = 0;

  /** `smallest`: bytes of the smallest size. */
  constructor(smallest: number) {
    this.#smallest = smallest;
  }

  /**
   * The size in bytes for so many: one of four between two powers of two, so that a buffer fits the next message and is
   * filled by more than four fifths; exact where it would not be kept anyway, since it can be very large.
   */
  sizeOf(bytes: number): number {
    if (bytes > MAX_FREE_BYTES / 2) return bytes;
    if (bytes <= this.#smallest) return this.#smallest;
    const step = 2 ** Math.floor(Math.log2(bytes)) / 4;
    return Math.ceil(bytes / step) * step;
  }

  take(size: number): T | undefined {
    const found = this.#free.get(size)?.pop();
    if (found !== undefined) this.#bytes -= size;
    return found;
  }

  /** False: there are enough, or it is too large. */
  keep(buffer: T, size: number): boolean {
    if (size > MAX_FREE_BYTES / 2 || this.#bytes + size > MAX_FREE_BYTES) return false;
    this.#bytes += size;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    return true;
  }
}
