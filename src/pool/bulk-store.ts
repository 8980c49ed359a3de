import type { Bulk, ToThread } from '../protocol.ts';
import { writeBytes } from '../ring/bytes.ts';
import { writeText } from '../ring/text.ts';
import type { HandlerThread } from './handler-thread.ts';

/** Buffers that nobody uses are kept for the next large messages, so many bytes of them together. */
const MAX_FREE_BYTES = 64 << 20;
const SMALLEST_BYTES = 64 << 10;

interface Entry extends Bulk {
  readonly bytes: Buffer;
}

/** Where the text and the body of one message stand, text first. */
export interface BulkMessage {
  readonly key: number;
  readonly textBytes: number;
  /** As many bytes as characters. */
  readonly ascii: boolean;
}

/**
 * Messages that are too large for the ring travel in buffers of their own. Buffers are of few sizes and are used again, so
 * that a thread hears of it once: a thread that idles collects no garbage, and what it was told of would stay in memory.
 */
export class BulkStore {
  readonly #threads: () => readonly HandlerThread[];
  /** All that threads know of. */
  readonly #entries = new Map<number, Entry>();
  readonly #free = new Map<number, Entry[]>();
  #freeBytes = 0;
  #lastKey = 0;

  constructor(threads: () => readonly HandlerThread[]) {
    this.#threads = threads;
  }

  /** Copies the message to where threads find it; they are told of the buffer before its key can be published. */
  put(text: string, body: Uint8Array | undefined): BulkMessage {
    const size = Buffer.byteLength(text) + (body === undefined ? 0 : body.length);
    const { key, bytes } = this.#take(sizeOf(size));
    const textBytes = writeText(bytes, text, 0);
    if (body !== undefined) writeBytes(bytes, body, textBytes);
    return { key, textBytes, ascii: textBytes === text.length };
  }

  /**
   * The message is not needed any more. `read`: nobody is reading it, so that the buffer may be written over. A delivery
   * that was settled by its outcome, its deadline or its thread's exit has been read, as one that nobody started never is.
   */
  release(key: number, read: boolean): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const size = entry.bytes.length;
    if (read && size <= MAX_FREE_BYTES / 2 && this.#freeBytes + size <= MAX_FREE_BYTES) {
      this.#freeBytes += size;
      const free = this.#free.get(size);
      if (free === undefined) this.#free.set(size, [entry]);
      else free.push(entry);
      return;
    }
    this.#entries.delete(key);
    this.#post({ type: 'drop', key });
  }

  /** Tells a thread that is about to take events of all buffers. */
  announce(thread: HandlerThread): void {
    for (const { key, buffer } of this.#entries.values()) thread.post({ type: 'bulk', bulk: { key, buffer } });
  }

  #take(size: number): Entry {
    const found = this.#free.get(size)?.pop();
    if (found !== undefined) {
      this.#freeBytes -= size;
      return found;
    }
    this.#lastKey = (this.#lastKey % 0x7fff_ffff) + 1;
    const buffer = new SharedArrayBuffer(size);
    const entry: Entry = { key: this.#lastKey, buffer, bytes: Buffer.from(buffer) };
    this.#entries.set(entry.key, entry);
    this.#post({ type: 'bulk', bulk: { key: entry.key, buffer } });
    return entry;
  }

  /** A spare takes no events: it is told when it takes the place of another. */
  #post(message: ToThread): void {
    for (const thread of this.#threads())
      if (thread.role === 'active' || thread.role === 'draining') thread.post(message);
  }
}

/**
 * One of four sizes between two powers of two, so that it fits the next message and is filled by more than four fifths;
 * exact where it would not be kept anyway, since it can be very large.
 */
function sizeOf(bytes: number): number {
  if (bytes > MAX_FREE_BYTES / 2) return bytes;
  if (bytes <= SMALLEST_BYTES) return SMALLEST_BYTES;
  const step = 2 ** Math.floor(Math.log2(bytes)) / 4;
  return Math.ceil(bytes / step) * step;
}
