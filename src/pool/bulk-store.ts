import type { Bulk, ToThread } from '../protocol.ts';
import { writeBytes } from '../ring/bytes.ts';
import { writeText } from '../ring/text.ts';
import { FreeBuffers } from './free-buffers.ts';
import type { HandlerThread } from './handler-thread.ts';

const SMALLEST_BYTES = 64 << 10;

interface Entry extends Bulk {
  readonly bytes: Buffer;
  /** Deliveries of the message that is in it. */
  users: number;
  /** Nobody who has given it up may still be reading it. */
  read: boolean;
}

/** What is written: an event, for one delivery or for several one after the other. */
export interface BulkSource {
  readonly text: string;
  readonly body: Uint8Array | undefined;
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
 * that a thread hears of each once: one that idles collects no garbage, and what it was told of would stay in memory.
 */
export class BulkStore {
  readonly #threads: () => readonly HandlerThread[];
  /** All that threads know of. */
  readonly #entries = new Map<number, Entry>();
  readonly #free = new FreeBuffers<Entry>(SMALLEST_BYTES);
  #lastKey = 0;
  /** The latest, while it has users: the next delivery is mostly another one of the same event. */
  #latest: { readonly source: BulkSource; readonly message: BulkMessage } | undefined;

  constructor(threads: () => readonly HandlerThread[]) {
    this.#threads = threads;
  }

  /**
   * Copies the message to where threads find it, once for deliveries of one event that come one after the other. Threads
   * are told of the buffer before its key can be published.
   */
  put(source: BulkSource): BulkMessage {
    if (this.#latest?.source === source) {
      const { message } = this.#latest;
      this.#entries.get(message.key)!.users++;
      return message;
    }
    const { text, body } = source;
    const size = Buffer.byteLength(text) + (body === undefined ? 0 : body.length);
    const entry = this.#take(this.#free.sizeOf(size));
    entry.users = 1;
    entry.read = true;
    const { key, bytes } = entry;
    const textBytes = writeText(bytes, text, 0);
    if (body !== undefined) writeBytes(bytes, body, textBytes);
    const message = { key, textBytes, ascii: textBytes === text.length };
    this.#latest = { source, message };
    return message;
  }

  /**
   * A delivery does not need its message any more. `read`: its thread is not reading it, so that the buffer may be written
   * over. One that was settled by its outcome, its deadline or its thread's exit has been read, one that nobody started
   * never is.
   */
  release(key: number, read: boolean): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.users === 0) return;
    entry.read &&= read;
    if (--entry.users > 0) return;
    if (this.#latest?.message.key === key) this.#latest = undefined;
    if (entry.read && this.#free.keep(entry, entry.bytes.length)) return;
    this.#entries.delete(key);
    this.#post({ type: 'drop', key });
  }

  /** Tells a thread that is about to take events of all buffers. */
  announce(thread: HandlerThread): void {
    for (const { key, buffer } of this.#entries.values()) thread.post({ type: 'bulk', bulk: { key, buffer } });
  }

  #take(size: number): Entry {
    const found = this.#free.take(size);
    if (found !== undefined) return found;
    this.#lastKey = (this.#lastKey % 0x7fff_ffff) + 1;
    const buffer = new SharedArrayBuffer(size);
    const entry: Entry = { key: this.#lastKey, buffer, bytes: Buffer.from(buffer), users: 0, read: true };
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
