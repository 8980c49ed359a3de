import { MAX_TIMER_MS } from '../clock.ts';

interface Waiter {
  readonly sequence: number;
  settle(done: boolean): void;
}

/** Those who wait for a record to be in the file. */
export class Waiters {
  readonly #isDone: (sequence: number) => boolean;
  readonly #waiting = new Set<Waiter>();

  constructor(isDone: (sequence: number) => boolean) {
    this.#isDone = isDone;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves false when the time is over first. */
  wait(sequence: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (done: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        resolve(done);
      };
      const waiter: Waiter = { sequence, settle };
      const limited = timeoutMs !== Number.POSITIVE_INFINITY;
      const timer = limited ? setTimeout(() => settle(false), Math.min(timeoutMs, MAX_TIMER_MS)) : undefined;
      this.#waiting.add(waiter);
    });
  }

  /** Nothing more will be written. */
  giveUp(): void {
    this.check();
    for (const waiter of this.#waiting) waiter.settle(false);
  }

  check(): void {
    for (const waiter of this.#waiting) if (this.#isDone(waiter.sequence)) waiter.settle(true);
  }
}
