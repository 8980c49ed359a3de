/** Threads are given back to the pool after so long without work, so that the process may exit. */
const IDLE_MS = 1_000;

/** Calls `release` when nothing has been busy for a while. */
export class Idleness {
  readonly #busy: () => boolean;
  readonly #release: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(busy: () => boolean, release: () => void) {
    this.#busy = busy;
    this.#release = release;
  }

  /** The idle time begins afresh. */
  touch(): void {
    if (this.#stopped) return;
    if (this.#timer !== undefined) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      if (this.#busy()) this.touch();
      else this.#release();
    }, IDLE_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
