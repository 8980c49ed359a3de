import type { MessagePort } from 'node:worker_threads';
import { type EventParts, joinParts } from '../src/codec.ts';
import {
  EMIT,
  type FromThread,
  LATE,
  type LateErrorInfo,
  OUTCOME,
  RECORD_CRASH,
  RECORD_EMIT,
  RECORD_LATE,
  RECORD_OUTCOME,
  STATUS_ERROR,
} from '../src/protocol.ts';
import { ByteRingProducer } from '../src/ring/byte-ring.ts';
import { writeBytes } from '../src/ring/bytes.ts';
import { clearCell, finishCell } from '../src/ring/cells.ts';
import { ringDoorbell } from '../src/ring/doorbell.ts';
import type { RingMemory, ThreadMemory } from '../src/ring/layout.ts';
import { maxBytes, writeText } from '../src/ring/text.ts';
import type { SerializedError } from '../src/serialized-error.ts';

/** How long a thread sleeps when its ring is full, before it looks again. Main has been rung meanwhile. */
const FULL_NAP_MS = 1;
const nap = new Int32Array(new SharedArrayBuffer(4));

/** Writes a thread's outcomes and emits into its completion ring. A full ring makes it wait: nothing is dropped. */
export class CompletionWriter {
  readonly #ring: RingMemory;
  readonly #thread: ThreadMemory;
  readonly #port: MessagePort;
  readonly #out: ByteRingProducer;
  #bulkKey = 0;
  /** Its lease is over: nobody reads the ring any more. */
  #retired = false;
  /** Of the thread's next lease. */
  #heir: CompletionWriter | undefined;

  constructor(ring: RingMemory, thread: ThreadMemory, port: MessagePort) {
    this.#ring = ring;
    this.#thread = thread;
    this.#port = port;
    this.#out = new ByteRingProducer(thread.completions);
  }

  /** Settles the delivery in this cell and empties the cell. False: main had settled it, nothing was written. */
  outcome(
    cell: number,
    delivery: number,
    status: number,
    data: string | Uint8Array | undefined,
    startedAt: number,
    endedAt: number,
  ): boolean {
    this.#outcomeRecord(RECORD_OUTCOME, delivery, status, data, startedAt, endedAt);
    // In this order: a thread that dies after the CAS leaves a cell that says DONE and a record that is complete.
    const won = finishCell(this.#thread, cell);
    if (won) this.#out.publish();
    clearCell(this.#thread, cell);
    if (won) this.bell();
    return won;
  }

  /** The delivery's own uncaught error is ending the thread. */
  crash(cell: number, delivery: number, error: SerializedError, startedAt: number, endedAt: number): void {
    this.#outcomeRecord(RECORD_CRASH, delivery, STATUS_ERROR, JSON.stringify(error), startedAt, endedAt);
    if (finishCell(this.#thread, cell)) this.#out.publish();
  }

  /** What handlers left running may still have something to say: from here on by messages … */
  retire(): void {
    this.#retired = true;
  }

  /** … until the thread has a ring that is read again. */
  succeededBy(heir: CompletionWriter): void {
    this.#heir = heir;
    this.#port.close();
  }

  emit(parts: EventParts, body: Uint8Array | undefined, orderingKey: string | undefined): void {
    if (this.#heir !== undefined) {
      this.#heir.emit(parts, body, orderingKey);
      return;
    }
    if (this.#retired) {
      this.#port.postMessage({ type: 'emitted', event: { ...parts, body, orderingKey } } satisfies FromThread);
      return;
    }
    const text = joinParts(parts);
    const bodyBytes = body?.length ?? 0;
    const most = maxBytes(text) + bodyBytes + maxBytes(orderingKey ?? '');
    const out = this.#out;
    const inRing = EMIT.DATA + most <= out.maxBytes;
    const bytes = inRing
      ? out.bytes
      : Buffer.alloc(Buffer.byteLength(text) + bodyBytes + Buffer.byteLength(orderingKey ?? ''));
    const at = this.#reserve(inRing ? EMIT.DATA + most : EMIT.DATA);
    const begin = inRing ? at + EMIT.DATA : 0;
    const textBytes = writeText(bytes, text, begin);
    if (body !== undefined) writeBytes(bytes, body, begin + textBytes);
    const keyBytes = orderingKey === undefined ? -1 : writeText(bytes, orderingKey, begin + textBytes + bodyBytes);
    const size = textBytes + bodyBytes + Math.max(keyBytes, 0);
    out.ints[(at + EMIT.TEXT_BYTES) >>> 2] = textBytes;
    out.ints[(at + EMIT.BODY_BYTES) >>> 2] = body === undefined ? -1 : bodyBytes;
    out.ints[(at + EMIT.PAYLOAD_LENGTH) >>> 2] = parts.payloadJson.length;
    out.ints[(at + EMIT.TYPE_LENGTH) >>> 2] = parts.eventType.length;
    out.ints[(at + EMIT.KEY_BYTES) >>> 2] = keyBytes;
    out.ints[(at + EMIT.BULK) >>> 2] = inRing ? 0 : this.#sendBulk(bytes);
    out.doubles[(at + EMIT.TIMESTAMP) >>> 3] = parts.timestamp;
    out.write(RECORD_EMIT, inRing ? EMIT.DATA + size : EMIT.DATA);
    out.publish();
    this.bell();
  }

  late(info: LateErrorInfo): void {
    if (this.#heir !== undefined) {
      this.#heir.late(info);
      return;
    }
    if (this.#retired) {
      this.#port.postMessage({ type: 'late', info } satisfies FromThread);
      return;
    }
    const text = JSON.stringify(info);
    const { at, size, bulk } = this.#text(LATE.DATA, text);
    this.#out.ints[(at + LATE.BYTES) >>> 2] = size;
    this.#out.ints[(at + LATE.BULK) >>> 2] = bulk;
    this.#out.write(RECORD_LATE, bulk === 0 ? LATE.DATA + size : LATE.DATA);
    this.#out.publish();
    this.bell();
  }

  #outcomeRecord(
    kind: number,
    delivery: number,
    status: number,
    data: string | Uint8Array | undefined,
    startedAt: number,
    endedAt: number,
  ): void {
    const out = this.#out;
    let at: number;
    let size = 0;
    let bulk = 0;
    if (data === undefined) at = this.#reserve(OUTCOME.DATA);
    else if (typeof data === 'string') ({ at, size, bulk } = this.#text(OUTCOME.DATA, data));
    else {
      size = data.length;
      if (OUTCOME.DATA + size > out.maxBytes) {
        bulk = this.#sendBulk(Buffer.from(data));
        at = this.#reserve(OUTCOME.DATA);
      } else {
        at = this.#reserve(OUTCOME.DATA + size);
        writeBytes(out.bytes, data, at + OUTCOME.DATA);
      }
    }
    out.ints[(at + OUTCOME.DELIVERY) >>> 2] = delivery;
    out.ints[(at + OUTCOME.STATUS) >>> 2] = status;
    out.ints[(at + OUTCOME.BYTES) >>> 2] = size;
    out.ints[(at + OUTCOME.BULK) >>> 2] = bulk;
    out.doubles[(at + OUTCOME.STARTED) >>> 3] = startedAt;
    out.doubles[(at + OUTCOME.ENDED) >>> 3] = endedAt;
    out.write(kind, bulk === 0 ? OUTCOME.DATA + size : OUTCOME.DATA);
  }

  /** Puts a text behind `header` bytes of a new record, or sends it as a message of its own. */
  #text(header: number, text: string): { at: number; size: number; bulk: number } {
    if (header + maxBytes(text) <= this.#out.maxBytes) {
      const at = this.#reserve(header + maxBytes(text));
      return { at, size: writeText(this.#out.bytes, text, at + header), bulk: 0 };
    }
    const bytes = Buffer.from(text);
    const bulk = this.#sendBulk(bytes);
    return { at: this.#reserve(header), size: bytes.length, bulk };
  }

  /** Sent before the record that names it is published, so main finds it on the port. */
  #sendBulk(bytes: Buffer): number {
    this.#bulkKey = (this.#bulkKey % 0x7fff_ffff) + 1;
    const message: FromThread = { type: 'bulk', key: this.#bulkKey, bytes: new Uint8Array(bytes) };
    this.#port.postMessage(message, [message.bytes.buffer as ArrayBuffer]);
    return this.#bulkKey;
  }

  #reserve(size: number): number {
    for (;;) {
      const at = this.#out.reserve(size);
      if (at !== -1) return at;
      this.bell();
      Atomics.wait(nap, 0, 0, FULL_NAP_MS);
    }
  }

  /** Main has something to do, if it sleeps. */
  bell(): void {
    if (ringDoorbell(this.#ring)) this.#port.postMessage({ type: 'doorbell' } satisfies FromThread);
  }
}
