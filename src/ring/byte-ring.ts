import type { ByteRingMemory } from './layout.ts';

/*
 * A byte ring between one producer and one consumer. A record is contiguous, 8-byte aligned and begins with its size:
 *
 *     Int32 bytes of the record with this header, rounded up to 8; PAD: go on at byte 0
 *     Int32 kind, for the user of the ring
 *     …     the record's own words and bytes
 *
 * Positions are Int32 modulo 2^32. A record becomes visible when HEAD passes it, and its room is free when TAIL passes it;
 * each is stored by one side only. Nothing is ever overwritten or dropped: a full ring refuses.
 */
const HEADER_BYTES = 8;
const PAD = -1;

export class ByteRingProducer {
  readonly bytes: Buffer;
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly #memory: ByteRingMemory;
  readonly #capacity: number;
  #head: number;
  /** The consumer's position as last read; read again only when the ring looks full. */
  #tail: number;
  #pending = 0;

  constructor(memory: ByteRingMemory) {
    this.#memory = memory;
    this.bytes = memory.bytes;
    this.#capacity = memory.bytes.length;
    this.ints = new Int32Array(memory.bytes.buffer, memory.bytes.byteOffset, this.#capacity / 4);
    this.doubles = new Float64Array(memory.bytes.buffer, memory.bytes.byteOffset, this.#capacity / 8);
    this.#head = Atomics.load(memory.words, memory.head);
    this.#tail = Atomics.load(memory.words, memory.tail);
  }

  /** The most bytes that a record's own part may take; larger ones travel out of line. */
  get maxBytes(): number {
    return (this.#capacity >>> 3) - HEADER_BYTES;
  }

  /** The position after the last published record. */
  get position(): number {
    return this.#head;
  }

  /** Bytes published and not yet released. */
  get used(): number {
    this.#tail = Atomics.load(this.#memory.words, this.#memory.tail);
    return (this.#head - this.#tail) | 0;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** The byte offset, 8-byte aligned, where the record's own `size` bytes go; -1 when there is no room now. */
  reserve(size: number): number {
    const need = (HEADER_BYTES + size + 7) & ~7;
    const offset = this.#head & (this.#capacity - 1);
    const skip = offset + need > this.#capacity ? this.#capacity - offset : 0;
    if (((this.#head + skip + need - this.#tail) | 0) > this.#capacity) {
      this.#tail = Atomics.load(this.#memory.words, this.#memory.tail);
      if (((this.#head + skip + need - this.#tail) | 0) > this.#capacity) return -1;
    }
    if (skip > 0) this.ints[offset >>> 2] = PAD;
    this.#pending = (this.#head + skip) | 0;
    return (this.#pending & (this.#capacity - 1)) + HEADER_BYTES;
  }

  /** Completes the record of the last `reserve` with what it really took; it stays invisible until `publish`. */
  write(kind: number, size: number): void {
    const need = (HEADER_BYTES + size + 7) & ~7;
    const at = (this.#pending & (this.#capacity - 1)) >>> 2;
    this.ints[at] = need;
    this.ints[at + 1] = kind;
    this.#pending = (this.#pending + need) | 0;
  }

  /** Makes the written record visible. */
  publish(): void {
    this.#head = this.#pending;
    Atomics.store(this.#memory.words, this.#memory.head, this.#head);
  }
}

export class ByteRingConsumer {
  readonly bytes: Buffer;
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly #memory: ByteRingMemory;
  readonly #capacity: number;
  #tail: number;
  /** What the record that `next` found is. */
  kind = 0;
  /** Size of its own part, rounded up to 8. */
  size = 0;

  constructor(memory: ByteRingMemory) {
    this.#memory = memory;
    this.bytes = memory.bytes;
    this.#capacity = memory.bytes.length;
    this.ints = new Int32Array(memory.bytes.buffer, memory.bytes.byteOffset, this.#capacity / 4);
    this.doubles = new Float64Array(memory.bytes.buffer, memory.bytes.byteOffset, this.#capacity / 8);
    this.#tail = Atomics.load(memory.words, memory.tail);
  }

  /** Bytes published and not yet consumed. */
  get lag(): number {
    return (Atomics.load(this.#memory.words, this.#memory.head) - this.#tail) | 0;
  }

  /** The position after the last record stepped over. */
  get position(): number {
    return this.#tail;
  }

  /** The producer's position, for `next`: one atomic load serves a whole batch. */
  head(): number {
    return Atomics.load(this.#memory.words, this.#memory.head);
  }

  /** Steps to the next record before `head` and returns the offset of its own part, or -1. It stays until `release`. */
  next(head: number): number {
    // Not only when equal: a record that was taken unpublished leaves the tail beyond.
    if (((head - this.#tail) | 0) <= 0) return -1;
    return this.#open();
  }

  /** A record that was written and never published, because its producer died in between; the caller knows that there is one. */
  unpublished(): number {
    return this.#open();
  }

  #open(): number {
    let at = this.#tail & (this.#capacity - 1);
    if (this.ints[at >>> 2] === PAD) {
      this.#tail = (this.#tail + this.#capacity - at) | 0;
      at = 0;
    }
    const need = this.ints[at >>> 2]!;
    this.kind = this.ints[(at >>> 2) + 1]!;
    this.size = need - HEADER_BYTES;
    this.#tail = (this.#tail + need) | 0;
    return at + HEADER_BYTES;
  }

  /** Gives the room of all records stepped over back to the producer. */
  release(): void {
    Atomics.store(this.#memory.words, this.#memory.tail, this.#tail);
  }

  /** Gives back the room of the records before `position` only. */
  releaseTo(position: number): void {
    Atomics.store(this.#memory.words, this.#memory.tail, position);
  }
}
