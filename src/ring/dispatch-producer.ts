import { writeBytes } from './bytes.ts';
import {
  CLAIMED,
  CONTROL,
  distance,
  FLAG_ASCII,
  FLAG_HAS_BODY,
  FREE,
  lapOf,
  ownerOf,
  READY,
  type RingMemory,
  RUNNING,
  SLOT,
  slotAt,
  slotWord,
  stateOf,
} from './layout.ts';
import { maxBytes, writeText } from './text.ts';

/** What a slot carries. */
export interface Message {
  readonly text: string;
  /** Where the text is cut, in UTF-16 units. */
  readonly payloadLength: number;
  readonly typeLength: number;
  readonly timestamp: number;
  readonly body: Uint8Array | undefined;
}

/** What a dead thread held: what it never started goes back to READY by itself, the rest is the caller's to decide. */
export interface Recovered {
  /** Deliveries put back for others to claim. */
  readonly returned: number;
  /** Deliveries whose slot the thread had marked RUNNING and not yet freed. */
  readonly started: readonly number[];
}

/** The main thread's side of the dispatch ring. */
export class DispatchProducer {
  readonly #ring: RingMemory;
  /** The next sequence to publish. */
  #next: number;
  /** The oldest sequence whose slot is not known to be free. */
  #oldest: number;
  /** Byte positions are doubles that only grow; `& mask` would cut them, so they are taken modulo. */
  #bytesNext = 0;
  #bytesOldest = 0;
  /** Per slot, where the bytes begin that it or a later slot needs; never decreases with the sequence. */
  readonly #bytesBegin: Float64Array;
  // Where the text of the last published message stands, so that its further deliveries share it.
  #shared: Message | undefined;
  #sharedBegin = 0;
  #sharedOffset = 0;
  #sharedText = 0;
  #sharedAscii = false;

  constructor(ring: RingMemory) {
    this.#ring = ring;
    this.#next = ring.control[CONTROL.PUBLISHED]!;
    this.#oldest = this.#next;
    this.#bytesBegin = new Float64Array(ring.slotCount);
  }

  /** The most bytes that one message may take here; larger ones travel out of line. */
  get maxMessageBytes(): number {
    return this.#ring.bytes.length >>> 3;
  }

  /** Slots not known to be free; exact after `reclaim`. */
  get used(): number {
    return distance(this.#oldest, this.#next);
  }

  get bytesUsed(): number {
    return this.#bytesNext - this.#bytesOldest;
  }

  /**
   * Publishes one delivery and returns its sequence, or undefined when there is no room. A message that is published
   * several times in a row is written once. `bulk`: the message travels out of line, in the buffer of this key.
   */
  publish(
    message: Message,
    delivery: number,
    subscription: number,
    attempt: number,
    flags: number,
    bulk?: { readonly key: number; readonly textBytes: number; readonly ascii: boolean },
  ): number | undefined {
    const ring = this.#ring;
    if (distance(this.#oldest, this.#next) === ring.slotCount) {
      this.reclaim();
      if (distance(this.#oldest, this.#next) === ring.slotCount) return undefined;
    }
    const sequence = this.#next;
    const at = slotAt(ring, sequence);
    const slots = ring.slots;
    if (bulk !== undefined) {
      slots[at + SLOT.BYTE_OFFSET] = bulk.key;
      slots[at + SLOT.TEXT_BYTES] = bulk.textBytes;
      if (bulk.ascii) flags |= FLAG_ASCII;
    } else {
      if (this.#shared !== message && !this.#write(message)) return undefined;
      slots[at + SLOT.BYTE_OFFSET] = this.#sharedOffset;
      slots[at + SLOT.TEXT_BYTES] = this.#sharedText;
      if (this.#sharedAscii) flags |= FLAG_ASCII;
    }
    slots[at + SLOT.BODY_BYTES] = message.body === undefined ? 0 : message.body.length;
    slots[at + SLOT.DELIVERY] = delivery;
    slots[at + SLOT.SUBSCRIPTION] = subscription;
    slots[at + SLOT.PAYLOAD_LENGTH] = message.payloadLength;
    slots[at + SLOT.TYPE_LENGTH] = message.typeLength;
    ring.times[(at + SLOT.TIMESTAMP) >>> 1] = message.timestamp;
    slots[at + SLOT.ATTEMPT] = attempt;
    slots[at + SLOT.FLAGS] = message.body === undefined ? flags : flags | FLAG_HAS_BODY;
    // A slot without bytes of its own too: one after it may still share the last message.
    this.#bytesBegin[sequence & (ring.slotCount - 1)] =
      this.#shared === undefined ? this.#bytesNext : this.#sharedBegin;
    // The store publishes the plain writes above: whoever loads READY has them. PUBLISHED comes after it, so that a
    // thread that sees the sequence finds the slot READY, or held by somebody.
    Atomics.store(slots, at + SLOT.WORD, slotWord(lapOf(ring, sequence), 0, READY));
    this.#next = (sequence + 1) | 0;
    Atomics.store(ring.control, CONTROL.PUBLISHED, this.#next);
    return sequence;
  }

  #write(message: Message): boolean {
    const { bytes } = this.#ring;
    const { text, body } = message;
    const most = maxBytes(text) + (body === undefined ? 0 : body.length);
    let begin = this.#place(most);
    if (begin + most - this.#bytesOldest > bytes.length) {
      this.reclaim();
      begin = this.#place(most);
      if (begin + most - this.#bytesOldest > bytes.length) return false;
    }
    const offset = begin % bytes.length;
    const textBytes = writeText(bytes, text, offset);
    if (body !== undefined) writeBytes(bytes, body, offset + textBytes);
    this.#bytesNext = begin + textBytes + (body === undefined ? 0 : body.length);
    this.#shared = message;
    this.#sharedBegin = begin;
    this.#sharedOffset = offset;
    this.#sharedText = textBytes;
    this.#sharedAscii = textBytes === text.length;
    return true;
  }

  /** Contiguous: what does not fit before the end begins at 0 again, and the rest of the lap is left unused. */
  #place(most: number): number {
    const size = this.#ring.bytes.length;
    const offset = this.#bytesNext % size;
    return offset + most <= size ? this.#bytesNext : this.#bytesNext + size - offset;
  }

  /** Takes back the slots that are free again, in order, and the bytes before them. */
  reclaim(): void {
    const ring = this.#ring;
    let oldest = this.#oldest;
    while (
      oldest !== this.#next &&
      Atomics.load(ring.slots, slotAt(ring, oldest) + SLOT.WORD) === this.#freed(oldest)
    ) {
      oldest = (oldest + 1) | 0;
    }
    if (oldest !== this.#oldest) Atomics.store(ring.control, CONTROL.OLDEST, oldest);
    this.#oldest = oldest;
    // Up to where the oldest slot's bytes begin, not to where the last freed slot's end: the two may share a message.
    this.#bytesOldest = oldest === this.#next ? this.#bytesNext : this.#bytesBegin[oldest & (ring.slotCount - 1)]!;
    // With no slot to hold them, the last message's bytes may be written over.
    if (oldest === this.#next) this.#shared = undefined;
  }

  #freed(sequence: number): number {
    return slotWord(lapOf(this.#ring, (sequence + this.#ring.slotCount) | 0), 0, FREE);
  }

  /** Takes a delivery back that no handler has started. False: it has been started, or is not this delivery any more. */
  revoke(sequence: number, delivery: number): boolean {
    const ring = this.#ring;
    if (distance(this.#oldest, sequence) < 0 || distance(sequence, this.#next) <= 0) return false;
    const at = slotAt(ring, sequence);
    const lap = lapOf(ring, sequence);
    for (;;) {
      const word = Atomics.load(ring.slots, at + SLOT.WORD);
      const state = stateOf(word);
      if (state !== READY && state !== CLAIMED) return false;
      if (word !== slotWord(lap, ownerOf(word), state) || ring.slots[at + SLOT.DELIVERY] !== delivery) return false;
      // A claim between the load and here makes another word; a start makes a state that ends the loop.
      if (Atomics.compareExchange(ring.slots, at + SLOT.WORD, word, this.#freed(sequence)) === word) return true;
    }
  }

  /**
   * After the thread's exit (or when it can no longer run JavaScript): what it had claimed and not started is READY
   * again, unmarked. `running`: also free the slots it had marked RUNNING, and name their deliveries; only after its exit.
   */
  recover(owner: number, running: boolean): Recovered {
    const ring = this.#ring;
    const started: number[] = [];
    let returned = 0;
    for (let sequence = this.#oldest; sequence !== this.#next; sequence = (sequence + 1) | 0) {
      const at = slotAt(ring, sequence);
      const lap = lapOf(ring, sequence);
      if (
        Atomics.compareExchange(ring.slots, at + SLOT.WORD, slotWord(lap, owner, CLAIMED), slotWord(lap, 0, READY)) ===
        slotWord(lap, owner, CLAIMED)
      ) {
        returned++;
      } else if (running && Atomics.load(ring.slots, at + SLOT.WORD) === slotWord(lap, owner, RUNNING)) {
        started.push(ring.slots[at + SLOT.DELIVERY]!);
        Atomics.store(ring.slots, at + SLOT.WORD, this.#freed(sequence));
      }
    }
    this.rewind();
    return { returned, started };
  }

  /** Moves the claim hint back to the oldest READY slot: a thread that died between moving it and claiming left some behind. */
  rewind(): void {
    const ring = this.#ring;
    for (let sequence = this.#oldest; sequence !== this.#next; sequence = (sequence + 1) | 0) {
      if (Atomics.load(ring.slots, slotAt(ring, sequence) + SLOT.WORD) !== slotWord(lapOf(ring, sequence), 0, READY))
        continue;
      for (;;) {
        const hint = Atomics.load(ring.control, CONTROL.CLAIM_HINT);
        if (distance(sequence, hint) <= 0) return;
        if (Atomics.compareExchange(ring.control, CONTROL.CLAIM_HINT, hint, sequence) === hint) return;
      }
    }
  }
}
