import { monotonicMs } from '../clock.ts';
import { armDoorbell, disarmDoorbell } from '../ring/doorbell.ts';
import type { RingMemory } from '../ring/layout.ts';

/**
 * How long the main thread goes on looking, turn by turn of its event loop, before it sleeps until a thread rings. Long
 * enough for a round trip through a trivial handler, short against anything worth a thread of its own.
 */
const LOOK_MS = 0.06;

/** Looks for completions while deliveries are out: by setImmediate while they come, by doorbell while they don't. */
export class Poller {
  readonly #ring: RingMemory;
  /** Reads the completion rings; true when there was something. */
  readonly #drain: () => boolean;
  readonly #outstanding: () => boolean;
  #looking = false;
  #lastSeen = 0;

  constructor(ring: RingMemory, drain: () => boolean, outstanding: () => boolean) {
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
    if (this.#drain()) this.#lastSeen = now;
    if (!this.#outstanding()) {
      this.stop();
      return;
    }
    if (now - this.#lastSeen < LOOK_MS) {
      setImmediate(this.#turn);
      return;
    }
    armDoorbell(this.#ring, false);
    // A record that was published before the bell was armed has rung nothing.
    if (this.#drain()) {
      disarmDoorbell(this.#ring);
      this.#lastSeen = now;
      setImmediate(this.#turn);
      return;
    }
    this.#looking = false;
  };
}
