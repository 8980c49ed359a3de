import { type Clock, MAX_TIMER_MS, type Timer } from '../clock.ts';

interface Entry<T> {
  readonly at: number;
  readonly order: number;
  readonly item: T;
}

/** Items that each wait for a time of their own, with one timer for all: a binary heap, earliest first. */
export class DueQueue<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #due: (item: T) => void;
  #order = 0;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, due: (item: T) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Monotonic milliseconds of the earliest; Infinity when nothing waits. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** `at` in monotonic milliseconds. Items of one time keep their order. */
  push(item: T, at: number): void {
    const heap = this.#heap;
    const entry: Entry<T> = { at, order: this.#order++, item };
    let hole = heap.length;
    heap.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (before(heap[parent]!, entry)) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = entry;
    this.#schedule();
  }

  /** Hands over what is due. */
  run(): void {
    const now = this.#clock.now();
    // Taken out first: what is handed over may come back with a time that is due at once, and has its turn later.
    const due: T[] = [];
    while (this.nextAt <= now) due.push(this.#pop());
    for (const item of due) this.#due(item);
    this.#schedule();
  }

  /** Takes everything out, earliest first. */
  clear(): T[] {
    this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    return this.#heap
      .splice(0)
      .sort((a, b) => (before(a, b) ? -1 : 1))
      .map(({ item }) => item);
  }

  #pop(): T {
    const heap = this.#heap;
    const { item } = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return item;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = last;
    return item;
  }

  #schedule(): void {
    const at = this.nextAt;
    if (at >= this.#timerAt) return;
    this.#clock.clearTimer(this.#timer);
    this.#timerAt = at;
    this.#timer = this.#clock.setTimer(
      this.#fire,
      Math.min(Math.max(0, Math.ceil(at - this.#clock.now())), MAX_TIMER_MS),
    );
    // The bus holds the process while something is pending; a timer alone doesn't.
    this.#timer.unref();
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.run();
  };
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
