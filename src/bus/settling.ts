import { MAX_TIMER_MS } from '../clock.ts';

/** Those who wait for the bus to come to rest. */
export class Settling {
  readonly #waiters = new Set<() => void>();

  /** Looks whether somebody's wait is over. */
  check(): void {
    for (const waiter of this.#waiters) waiter();
  }

  /** False when the time was over before `done` said yes. */
  within(limitMs: number, done: () => boolean): Promise<boolean> {
    if (done()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (value: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(value);
      };
      const check = (): void => {
        if (done()) finish(true);
      };
      const timer =
        limitMs === Number.POSITIVE_INFINITY
          ? undefined
          : setTimeout(() => finish(false), Math.min(limitMs, MAX_TIMER_MS));
      this.#waiters.add(check);
    });
  }
}
