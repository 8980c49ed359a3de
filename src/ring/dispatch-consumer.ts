import {
  CLAIMED,
  CONTROL,
  distance,
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

/** The most slots that one claim takes. */
const MAX_BATCH = 32;

/** A handler thread's side of the dispatch ring. */
export class DispatchConsumer {
  readonly ring: RingMemory;
  readonly #owner: number;
  readonly #threads: number;
  /** Sequences claimed and not yet started, oldest first; read by the caller. */
  readonly claimed: Int32Array = new Int32Array(MAX_BATCH);
  /** Everything before it has been started or freed; only narrows the search for slots to steal. */
  #low: number;

  /** `threads`: how many share the ring, so that a claim leaves the others their part. */
  constructor(ring: RingMemory, owner: number, threads: number) {
    this.ring = ring;
    this.#owner = owner;
    this.#threads = threads;
    // Not the hint: others may hold slots before it that they don't come to.
    this.#low = Atomics.load(ring.control, CONTROL.OLDEST);
  }

  /** The next sequence to be published. */
  get published(): number {
    return Atomics.load(this.ring.control, CONTROL.PUBLISHED);
  }

  /** Published sequences that no claim has passed yet. */
  get backlog(): number {
    const { control } = this.ring;
    return distance(Atomics.load(control, CONTROL.CLAIM_HINT), Atomics.load(control, CONTROL.PUBLISHED));
  }

  /**
   * Claims up to `most` slots and returns how many; their sequences are in `claimed`. The hint only spreads the threads:
   * the CAS on each slot decides, so a thread that dies between the two has claimed nothing.
   */
  claim(most: number): number {
    const { control, slots } = this.ring;
    for (;;) {
      const hint = Atomics.load(control, CONTROL.CLAIM_HINT);
      const backlog = distance(hint, Atomics.load(control, CONTROL.PUBLISHED));
      if (backlog <= 0) return 0;
      const share = Math.max(1, Math.min(backlog / (2 * this.#threads), MAX_BATCH, most)) | 0;
      if (Atomics.compareExchange(control, CONTROL.CLAIM_HINT, hint, (hint + share) | 0) !== hint) continue;
      let count = 0;
      for (let i = 0; i < share; i++) {
        const sequence = (hint + i) | 0;
        const lap = lapOf(this.ring, sequence);
        const ready = slotWord(lap, 0, READY);
        if (
          Atomics.compareExchange(slots, slotAt(this.ring, sequence), ready, slotWord(lap, this.#owner, CLAIMED)) ===
          ready
        ) {
          this.claimed[count++] = sequence;
        }
      }
      // After a rewind the hint passes slots that others hold: go on until something is claimed or nothing is left.
      if (count > 0) return count;
    }
  }

  /**
   * Takes one slot that is READY behind the hint, or CLAIMED by another thread that has not come to it. True: its
   * sequence is in `claimed`. Called before parking, so that no event waits behind a slow handler beside an idle thread.
   */
  steal(): boolean {
    return this.#search(true);
  }

  /** Whether there is something to steal; asked after parking. */
  canSteal(): boolean {
    return this.#search(false);
  }

  #search(take: boolean): boolean {
    const { control, slots } = this.ring;
    // In this order: main may publish and see freed between the two, and OLDEST must not be ahead of PUBLISHED.
    const oldest = Atomics.load(control, CONTROL.OLDEST);
    const published = Atomics.load(control, CONTROL.PUBLISHED);
    let low = this.#low;
    // What main has seen free stays so: a thread that has never searched, as one that takes a dead one's place, does not
    // look at the whole ring. Unsigned, for a thread that has not searched for 2^31 sequences.
    if (distance(low, published) >>> 0 > distance(oldest, published) >>> 0) low = oldest;
    let passed = true;
    for (let sequence = low; sequence !== published; sequence = (sequence + 1) | 0) {
      const at = slotAt(this.ring, sequence);
      const lap = lapOf(this.ring, sequence);
      const word = Atomics.load(slots, at + SLOT.WORD);
      const state = stateOf(word);
      const held = (state === READY || state === CLAIMED) && word === slotWord(lap, ownerOf(word), state);
      if (held && ownerOf(word) !== this.#owner) {
        if (!take) return true;
        if (Atomics.compareExchange(slots, at + SLOT.WORD, word, slotWord(lap, this.#owner, CLAIMED)) === word) {
          this.claimed[0] = sequence;
          if (passed) this.#low = sequence;
          return true;
        }
      }
      // Somebody's claim may come back READY if its owner dies, so `low` stays before it.
      if (held) passed = false;
      if (passed) low = (sequence + 1) | 0;
    }
    this.#low = low;
    return false;
  }

  /** The CAS that decides that this thread starts the delivery. False: it was stolen, revoked or recovered. */
  start(sequence: number): boolean {
    const lap = lapOf(this.ring, sequence);
    const mine = slotWord(lap, this.#owner, CLAIMED);
    return (
      Atomics.compareExchange(
        this.ring.slots,
        slotAt(this.ring, sequence),
        mine,
        slotWord(lap, this.#owner, RUNNING),
      ) === mine
    );
  }

  /** Frees the slot for its next lap: everything in it has been copied, and the thread's cell holds the delivery. */
  release(sequence: number): void {
    const next = slotWord(lapOf(this.ring, (sequence + this.ring.slotCount) | 0), 0, FREE);
    Atomics.store(this.ring.slots, slotAt(this.ring, sequence), next);
  }
}
