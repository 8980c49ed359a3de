import { monotonicMs } from '../clock.ts';
import { armDoorbell, disarmDoorbell } from '../ring/doorbell.ts';
import type { RingMemory } from '../ring/layout.ts';

/**
 * How long the main thread goes on looking, turn by turn of its event loop, before it sleeps until a thread rings. Long
 * enough for a round trip through a trivial handler, short against anything worth a thread of its own.
 */
const LOOK_MS = 0.06;
/** With more deliveries out than this, main looks once a millisecond: a look for each outcome would take a core from the threads. */
const MANY = 1_024;
const MANY_MS = 1;

/** Looks for completions while deliveries are out: turn by turn or by the clock while they come, by doorbell while they don't. */
export class Poller {
  readonly #ring: RingMemory;
  /** Reads the completion rings; true when there was something. */
  readonly #drain: () => boolean;
  readonly #outstanding: () => number;
  #looking = false;
  #lastSeen = 0;

  constructor(ring: RingMemory, drain: () => boolean, outstanding: () => number) {
    this.#ring = ring;
    this.#drain = drain;
    this.#outstanding = outstanding;
  }

  /** There is something to wait for, or a thread has rung. */
  start(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#lastSeen = monotonicMs();
    setImmediate(this.#turn);
  }

  stop(): void {
    this.#looking = false;
    disarmDoorbell(this.#ring);
  }

  readonly #turn = (): void => {
    if (!this.#looking) return;
    const now = monotonicMs();
    const seen = this.#drain();
    if (seen) this.#lastSeen = now;
    const outstanding = this.#outstanding();
    if (outstanding === 0) this.stop();
    else if (seen && outstanding > MANY) setTimeout(this.#turn, MANY_MS);
    else if (now - this.#lastSeen < LOOK_MS) setImmediate(this.#turn);
    else this.#sleep(now);
  };

  #sleep(now: number): void {
    armDoorbell(this.#ring, false);
    // A record that was published before the bell was armed has rung nothing.
    if (!this.#drain()) {
      this.#looking = false;
      return;
    }
    disarmDoorbell(this.#ring);
    this.#lastSeen = now;
    setImmediate(this.#turn);
  }
}
