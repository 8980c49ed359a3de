import type { Bulk, ToThread } from '../protocol.ts';
import { writeBytes } from '../ring/bytes.ts';
import { writeText } from '../ring/text.ts';
import { FreeBuffers } from './free-buffers.ts';
import type { HandlerThread } from './handler-thread.ts';

const SMALLEST_BYTES = 16 << 10;
/** Bytes for what an event's text has beside an ASCII payload. Where they are not enough the body is copied once more. */
const ROOM_BESIDE_PAYLOAD = 4096;

interface Entry extends Bulk {
  readonly bytes: Buffer;
  /** Deliveries of the message that is in it, and the event that was lent it. */
  users: number;
  /** Once its text is there too. */
  message: BulkMessage | undefined;
  /** Nobody who has given it up may still be reading it. */
  read: boolean;
}

/** What an event was lent for its body. */
export interface Loan {
  readonly key: number;
}

/** An event that may be lent room for its body. */
export interface Borrower {
  readonly payloadLength: number;
  readonly failed: boolean;
  body: Uint8Array | undefined;
  loan: Loan | undefined;
}

/** What is written: an event, for one delivery or for several one after the other. */
export interface BulkSource {
  readonly text: string;
  readonly body: Uint8Array | undefined;
  readonly loan?: Loan | undefined;
}

/** Where the body and the text of one message stand, body first. */
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
    const { body, loan } = source;
    const lent = loan && this.#entries.get(loan.key)!;
    const known = lent?.message ?? (this.#latest?.source === source ? this.#latest.message : undefined);
    if (known !== undefined) {
      this.#entries.get(known.key)!.users++;
      return known;
    }
    const { text } = source;
    const textBytes = Buffer.byteLength(text);
    const bodyBytes = body === undefined ? 0 : body.length;
    if (lent !== undefined && bodyBytes + textBytes <= lent.bytes.length) {
      lent.users++;
      lent.message = complete(lent, text, bodyBytes);
      return lent.message;
    }
    const entry = this.#take(bodyBytes + textBytes);
    if (body !== undefined) writeBytes(entry.bytes, body, 0);
    entry.message = complete(entry, text, bodyBytes);
    this.#latest = { source, message: entry.message };
    return entry.message;
  }

  /** Copies a body to where threads will find it, before its event is put, with room for the text behind it. */
  lend(event: Borrower, body: Uint8Array): boolean {
    // Smaller ones wait in the ring, however many of them.
    if (body.length < SMALLEST_BYTES) return false;
    let entry: Entry;
    try {
      entry = this.#take(body.length + event.payloadLength + ROOM_BESIDE_PAYLOAD);
    } catch {
      // No more shared memory. It is said where there is none for the whole message either.
      return false;
    }
    writeBytes(entry.bytes, body, 0);
    event.body = entry.bytes.subarray(0, body.length);
    event.loan = { key: entry.key };
    return true;
  }

  /** The event needs it no more. Of one that has failed somebody may still read it. */
  takeBack({ loan, failed }: Borrower): void {
    this.release(loan!.key, !failed);
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
    const bulks = Array.from(this.#entries.values(), ({ key, buffer }) => ({ key, buffer }));
    if (bulks.length > 0) thread.post({ type: 'bulk', bulks });
  }

  /** For one user. */
  #take(bytes: number): Entry {
    const size = this.#free.sizeOf(bytes);
    const found = this.#free.take(size);
    if (found !== undefined) return Object.assign(found, { users: 1, message: undefined });
    this.#lastKey = (this.#lastKey % 0x7fff_ffff) + 1;
    const buffer = new SharedArrayBuffer(size);
    const bytesOf = Buffer.from(buffer);
    const entry: Entry = { key: this.#lastKey, buffer, bytes: bytesOf, users: 1, read: true, message: undefined };
    this.#entries.set(entry.key, entry);
    this.#post({ type: 'bulk', bulks: [{ key: entry.key, buffer }] });
    return entry;
  }

  /** A spare takes no events: it is told when it takes the place of another. */
  #post(message: ToThread): void {
    for (const thread of this.#threads())
      if (thread.role === 'active' || thread.role === 'draining') thread.post(message);
  }
}

/** Writes the text behind the body. */
function complete({ key, bytes }: Entry, text: string, bodyBytes: number): BulkMessage {
  const textBytes = writeText(bytes, text, bodyBytes);
  return { key, textBytes, ascii: textBytes === text.length };
}
