import { Fifo } from '../pool/fifo.ts';
import { ByteRingProducer } from '../ring/byte-ring.ts';
import {
  AUDIT,
  AUDIT_ASCII_LINE,
  AUDIT_BULK_LINE,
  AUDIT_CLEAR,
  AUDIT_LINE,
  AUDIT_LINE_DATA,
  AUDIT_ROOM_AT,
  type AuditMemory,
  distance,
  SLEEP_ASLEEP,
  SLEEP_AWAKE,
} from '../ring/layout.ts';
import { maxBytes, writeText } from '../ring/text.ts';
import type { AuditBulk } from './messages.ts';

/** Lines too large for the ring may take so many times its bytes together; one alone may always be there. */
const BULK_FACTOR = 8;
/** Lines that could not be refused wait in memory up to so many UTF-16 units together. */
const MAX_WAITING_LENGTH = 32 << 20;
const NO_BODY = -1;

interface BulkEntry extends AuditBulk {
  /** The record's number. */
  readonly sequence: number;
}

interface WaitingLine {
  /** Undefined: empty the log. */
  readonly line: string | undefined;
  readonly bodyBytes: number;
}

/** The main thread's end of the audit ring. Records are numbered from 1 in the order in which they were accepted. */
export class AuditQueue {
  readonly #words: Int32Array;
  readonly #out: ByteRingProducer;
  readonly #sendBulk: (bulk: AuditBulk) => void;
  readonly #maxBulkBytes: number;
  readonly #bulk = new Fifo<BulkEntry>();
  #bulkBytes = 0;
  #nextKey = 1;
  /** Accepted though the ring was full; nothing may overtake them. */
  readonly #waiting = new Fifo<WaitingLine>();
  #waitingLength = 0;
  /** Records accepted, in the ring or waiting. */
  accepted = 0;
  /** Clears among them. */
  clears = 0;
  /** Lines that not even memory could take. */
  lost = 0;

  constructor(memory: AuditMemory, sendBulk: (bulk: AuditBulk) => void) {
    this.#words = memory.words;
    this.#out = new ByteRingProducer(memory.ring);
    this.#sendBulk = sendBulk;
    this.#maxBulkBytes = BULK_FACTOR * this.#out.capacity;
  }

  /** False: there is no room, and nothing was written. */
  append(line: string, bodyBytes: number = NO_BODY): boolean {
    if (this.waiting > 0 || !this.#write(line, bodyBytes)) return false;
    this.accepted++;
    if (Atomics.load(this.#words, AUDIT.SLEEP) === SLEEP_ASLEEP) this.wake();
    return true;
  }

  /** For a line that can't be refused; false when it was lost after all. */
  appendOrWait(line: string, bodyBytes: number = NO_BODY): boolean {
    if (this.append(line, bodyBytes)) return true;
    if (this.#waitingLength + line.length > MAX_WAITING_LENGTH) {
      this.lost++;
      return false;
    }
    this.#waitingLength += line.length;
    this.#waiting.push({ line, bodyBytes });
    this.accepted++;
    return true;
  }

  /** Returns the record's number. */
  clear(): number {
    this.clears++;
    this.accepted++;
    if (this.waiting > 0 || !this.#writeClear()) this.#waiting.push({ line: undefined, bodyBytes: NO_BODY });
    return this.accepted;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Moves what waits into the ring, as far as there is room. */
  pump(): void {
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      const { line, bodyBytes } = next;
      if (line === undefined ? !this.#writeClear() : !this.#write(line, bodyBytes)) return;
      this.#waitingLength -= line?.length ?? 0;
      this.#waiting.shift();
    }
  }

  /** Whether any line would find room now. It takes a quarter of the ring, so that a waiter is not called for each line. */
  get hasRoom(): boolean {
    this.#releaseBulk();
    return (
      this.waiting === 0 && this.#out.used <= this.#out.capacity * AUDIT_ROOM_AT && this.#bulkBytes < this.#maxBulkBytes
    );
  }

  /** Accepted and not yet in the file. */
  get lag(): number {
    return distance(Atomics.load(this.#words, AUDIT.DONE), this.accepted | 0);
  }

  isDone(sequence: number): boolean {
    return distance(Atomics.load(this.#words, AUDIT.DONE), sequence | 0) <= 0;
  }

  get usedBytes(): number {
    return this.#out.used;
  }

  /** Buffers that a new worker needs. */
  bulk(): AuditBulk[] {
    this.#releaseBulk();
    const bulk: AuditBulk[] = [];
    for (let left = this.#bulk.size; left > 0; left--) {
      const entry = this.#bulk.shift()!;
      this.#bulk.push(entry);
      bulk.push({ key: entry.key, buffer: entry.buffer });
    }
    return bulk;
  }

  /** What was appended before is written without delay. */
  hurry(): void {
    Atomics.store(this.#words, AUDIT.FLUSH_TO, this.#out.position);
    this.wake();
  }

  wake(): void {
    if (Atomics.exchange(this.#words, AUDIT.SLEEP, SLEEP_AWAKE) !== SLEEP_AWAKE) {
      Atomics.notify(this.#words, AUDIT.SLEEP);
    }
  }

  #write(line: string, bodyBytes: number): boolean {
    const out = this.#out;
    const most = AUDIT_LINE_DATA + maxBytes(line);
    if (most > out.maxBytes) return this.#writeBulk(line, bodyBytes);
    const at = out.reserve(most);
    if (at === -1) return false;
    const size = writeText(out.bytes, line, at + AUDIT_LINE_DATA);
    out.ints[at >>> 2] = size;
    out.ints[(at >>> 2) + 1] = bodyBytes;
    out.write(size === line.length ? AUDIT_ASCII_LINE : AUDIT_LINE, AUDIT_LINE_DATA + size);
    out.publish();
    return true;
  }

  #writeBulk(line: string, bodyBytes: number): boolean {
    this.#releaseBulk();
    const size = Buffer.byteLength(line);
    if (this.#bulkBytes > 0 && this.#bulkBytes + size > this.#maxBulkBytes) return false;
    const at = this.#out.reserve(AUDIT_LINE_DATA);
    if (at === -1) return false;
    const buffer = sharedBytes(size);
    if (buffer === undefined) return false;
    Buffer.from(buffer).write(line);
    const key = this.#nextKey;
    this.#nextKey = (key % 0x7fff_ffff) + 1;
    // Sent before the record that names it is published.
    this.#sendBulk({ key, buffer });
    this.#bulk.push({ key, buffer, sequence: this.accepted - this.waiting + 1 });
    this.#bulkBytes += size;
    this.#out.ints[at >>> 2] = key;
    this.#out.ints[(at >>> 2) + 1] = bodyBytes;
    this.#out.write(AUDIT_BULK_LINE, AUDIT_LINE_DATA);
    this.#out.publish();
    return true;
  }

  #writeClear(): boolean {
    if (this.#out.reserve(AUDIT_LINE_DATA) === -1) return false;
    this.#out.write(AUDIT_CLEAR, AUDIT_LINE_DATA);
    this.#out.publish();
    this.wake();
    return true;
  }

  /** Drops the buffers whose lines are in the file. */
  #releaseBulk(): void {
    for (let next = this.#bulk.peek(); next !== undefined && this.isDone(next.sequence); next = this.#bulk.peek()) {
      this.#bulkBytes -= next.buffer.byteLength;
      this.#bulk.shift();
    }
  }
}

/** Undefined: there is no memory for so many now. */
function sharedBytes(size: number): SharedArrayBuffer | undefined {
  try {
    return new SharedArrayBuffer(size);
  } catch {
    return undefined;
  }
}
