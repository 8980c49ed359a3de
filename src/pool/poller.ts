import { monotonicMs } from '../clock.ts';
import { armDoorbell, disarmDoorbell } from '../ring/doorbell.ts';
import type { RingMemory } from '../ring/layout.ts';

/**
 * How long the main thread goes on looking, turn by turn of its event loop, before it sleeps until a thread rings: for a
 * round trip through a short handler, where a ring would take longer than the handler …
 */
const LOOK_MS = 0.2;
/** … and for handlers that were worth a thread of their own: looking would only take its core from them. */
const GLANCE_MS = 0.02;
/**
 * A ring that comes sooner than this after main went to sleep says that looking on would have been better, unless each
 * thread has its next delivery already: then nobody waits for main, and the core is a thread's.
 */
const SOON_MS = 0.3;
/**
 * Nor does it look for long when nothing has come for so long: the thread that it has just woken may have slept on the same
 * core, and then begins only when main sleeps (measured: 0.29 ms to a handler's start instead of 0.09).
 */
const RECENT_MS = 1;
/** With more deliveries out than this, main looks once a millisecond: a look for each outcome would take a core from the threads. */
const MANY = 1_024;
const MANY_MS = 1;

/**
 * Looks for completions while deliveries are out: turn by turn or by the clock while they come, by doorbell while they don't.
 * The bell stays armed when none is out: what a handler has left running may still emit.
 */
export class Poller {
  readonly #ring: RingMemory;
  readonly #threads: number;
  /** Reads the completion rings; true when there was something. */
  readonly #drain: () => boolean;
  readonly #outstanding: () => number;
  #looking = false;
  #patienceMs = LOOK_MS;
  #lastSeen = 0;
  #lookMs = LOOK_MS;
  #asleepSince = 0;
  #lastOutcomeAt = Number.NEGATIVE_INFINITY;

  constructor(ring: RingMemory, threads: number, drain: () => boolean, outstanding: () => number) {
    this.#ring = ring;
    this.#threads = threads;
    this.#drain = drain;
    this.#outstanding = outstanding;
  }

  /** A thread has rung, or has something to say. */
  rung(): void {
    const soon = monotonicMs() - this.#asleepSince < SOON_MS;
    this.#lookMs = soon && this.#outstanding() <= this.#threads ? LOOK_MS : GLANCE_MS;
    this.start();
  }

  /** There is something to wait for. */
  start(): void {
    if (this.#looking) return;
    this.#looking = true;
    disarmDoorbell(this.#ring);
    this.#lastSeen = monotonicMs();
    this.#patienceMs = this.#lastSeen - this.#lastOutcomeAt < RECENT_MS ? this.#lookMs : GLANCE_MS;
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
    if (seen) {
      this.#lastSeen = now;
      this.#lastOutcomeAt = now;
      this.#patienceMs = this.#lookMs;
    }
    const outstanding = this.#outstanding();
    if (outstanding === 0) this.#sleep(now);
    else if (seen && outstanding > MANY) setTimeout(this.#turn, MANY_MS);
    else if (now - this.#lastSeen < this.#patienceMs) setImmediate(this.#turn);
    else this.#sleep(now);
  };

  #sleep(now: number): void {
    armDoorbell(this.#ring, false);
    // A record that was published before the bell was armed has rung nothing.
    if (!this.#drain()) {
      this.#asleepSince = now;
      this.#looking = false;
      return;
    }
    disarmDoorbell(this.#ring);
    this.#lastSeen = now;
    setImmediate(this.#turn);
  }
}
