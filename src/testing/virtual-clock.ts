import type { Clock, Timer } from '../clock.ts';

class VirtualTimer implements Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }
  unref(): this {
    return this;
  }
}

/** Monotonic time begins here: 0 stands for "never started" in a bus. */
const BEGIN_MS = 1_000;

/** Stands still until it is told to go on. */
export class VirtualClock implements Clock {
  readonly #epochMs: number;
  readonly #timers = new Set<VirtualTimer>();
  #now = BEGIN_MS;
  #order = 0;

  constructor(epochMs: number) {
    this.#epochMs = epochMs;
  }

  now(): number {
    return this.#now;
  }

  wall(at: number): number {
    return Math.floor(this.#epochMs + at - BEGIN_MS);
  }

  setTimer(run: () => void, ms: number): Timer {
    const timer = new VirtualTimer(this.#now + Math.max(0, ms), this.#order++, run);
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: Timer | undefined): void {
    this.#timers.delete(timer as VirtualTimer);
  }

  /** When the next timer is due; Infinity without one. */
  get nextAt(): number {
    return this.#next?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Goes on by `ms`: timers fire at their times, in their order, and what they start runs before the next one. */
  async advance(ms: number): Promise<void> {
    if (typeof ms !== 'number' || !(ms >= 0) || ms === Number.POSITIVE_INFINITY) {
      throw new RangeError(`a clock goes on by a number of milliseconds from 0, got ${String(ms)}`);
    }
    const until = this.#now + ms;
    await turns();
    for (let next = this.#next; next !== undefined && next.at <= until; next = this.#next) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await turns();
    }
    // Somebody else may have moved it on meanwhile, and it never goes back.
    this.#now = Math.max(this.#now, until);
  }

  get #next(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/** Promise jobs, and handlers that need a turn of the event loop or two, get them. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
