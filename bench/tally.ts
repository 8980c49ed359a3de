import { TALLY } from './thread-data.ts';

/** Threads come and go where handlers are ended; each has cells of its own. */
const MAX_THREADS = 4096;
/** Float64 cells: 128 bytes, so that no two threads write to one cache line. */
const STRIDE = 16;

export interface Totals {
  readonly count: number;
  readonly sum: number;
}

/** Made on the main thread before its threads: what their handlers have counted, to be compared with what was sent. */
export class Tally {
  readonly #buffer: SharedArrayBuffer = new SharedArrayBuffer((MAX_THREADS + 1) * STRIDE * 8);
  readonly #cells: Float64Array = new Float64Array(this.#buffer);

  constructor() {
    this.use();
  }

  /** Threads made from now on count here: for a process that has several, whose threads come and go. */
  use(): void {
    TALLY.set(this.#buffer);
  }

  /** Exact once the work is known to be done: whatever told so has ordered the writes before it. */
  read(): Totals {
    let count = 0;
    let sum = 0;
    for (let at = STRIDE; at < this.#cells.length; at += STRIDE) {
      count += this.#cells[at]!;
      sum += this.#cells[at + 1]!;
    }
    return { count, sum };
  }
}

/** A thread's own cells of the tally. */
export class ThreadTally {
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor() {
    const buffer = TALLY.get();
    const number = Atomics.add(new Int32Array(buffer), 0, 1) + 1;
    if (number > MAX_THREADS) throw new Error(`the tally has cells for ${MAX_THREADS} threads`);
    this.#cells = new Float64Array(buffer);
    this.#at = number * STRIDE;
  }

  add(amount: number): void {
    this.#cells[this.#at]! += 1;
    this.#cells[this.#at + 1]! += amount;
  }
}

/** Throws when handlers did not see exactly what was sent. */
export function checkTotals(what: string, got: Totals, expected: Totals): void {
  if (got.count !== expected.count || got.sum !== expected.sum) {
    throw new Error(
      `${what} lost or repeated work: handlers saw ${got.count} events adding up to ${got.sum}, ` +
        `sent were ${expected.count} adding up to ${expected.sum}`,
    );
  }
}
