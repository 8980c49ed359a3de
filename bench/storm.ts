import { nowMs } from './clock.ts';
import { sendOpenLoop } from './open-loop.ts';
import type { Figures, Setup, Side } from './scenario.ts';
import { quantile } from './statistics.ts';
import { STORM } from './thread-data.ts';

/** A hanging handler is ended after so long; in a quick run, beside others, well ones may lose their core for a while. */
export function deadlineMs({ quick }: Setup): number {
  return quick ? 1000 : 100;
}
/** Events per second: a few of them hang in each. */
export const STORM_RATE = 200;
/** One event in so many hangs, the first of them soon. */
const HANG_EVERY = 100;
const FIRST_HANG = 10;

const MOST_EVENTS = 262_144;
const BUCKET_MS = 100;

export interface StormEvent extends Record<string, unknown> {
  readonly i: number;
  readonly at: number;
  readonly hangs: boolean;
}

/** Per event, in shared memory: when it began, how long after it was due it was done, and how often. */
class Board {
  readonly began: Float64Array;
  readonly took: Float64Array;
  readonly times: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.began = new Float64Array(buffer, 0, MOST_EVENTS);
    this.took = new Float64Array(buffer, MOST_EVENTS * 8, MOST_EVENTS);
    this.times = new Int32Array(buffer, MOST_EVENTS * 16, MOST_EVENTS);
  }
}

/** What threads do with an event, whoever has given it to them. */
export class StormHandler {
  readonly #board = new Board(STORM.get());

  handle({ i, at, hangs }: StormEvent): void {
    this.#board.began[i] = nowMs();
    for (; hangs; );
    this.#board.took[i] = nowMs() - at;
    Atomics.add(this.#board.times, i, 1);
  }
}

export interface StormSide {
  readonly note?: string;
  /** Resolves to whether the handler was ended at its deadline; a well event that was lost rejects. */
  send(event: StormEvent): Promise<boolean>;
  close(): Promise<void>;
}

/** Main's part: made before the threads. */
export class Storm {
  readonly #buffer: SharedArrayBuffer = new SharedArrayBuffer(MOST_EVENTS * 20);
  readonly #board: Board = new Board(this.#buffer);

  constructor() {
    STORM.set(this.#buffer);
  }

  /** Whether an event has been handled to its end. */
  isDone(i: number): boolean {
    return Atomics.load(this.#board.times, i) > 0;
  }

  /** When the handler of an event began; 0 when it has not. */
  beganAt(i: number): number {
    return this.#board.began[i]!;
  }

  side(name: string, setup: Setup, hangs: boolean, side: StormSide): Side {
    return {
      ...(side.note === undefined ? {} : { note: side.note }),
      run: (ms) => this.#run(name, setup.rate ?? STORM_RATE, hangs, ms, side),
      close: () => side.close(),
    };
  }

  async #run(name: string, rate: number, hang: boolean, ms: number, side: StormSide): Promise<Figures> {
    this.#board.began.fill(0);
    this.#board.took.fill(0);
    this.#board.times.fill(0);
    const hangs = (i: number): boolean => hang && i % HANG_EVERY === FIRST_HANG;
    const due: number[] = [];
    let ended = 0;
    let pending = 0;
    let lost: unknown;
    const send = (i: number, at: number): void => {
      if (i >= MOST_EVENTS) throw new Error(`more than ${MOST_EVENTS} events in one run`);
      due.push(at);
      pending++;
      side.send({ i, at, hangs: hangs(i) }).then(
        (wasEnded) => {
          pending--;
          if (wasEnded) ended++;
        },
        (error: unknown) => {
          pending--;
          lost ??= error;
        },
      );
    };
    const sent = await sendOpenLoop({ rate, ms, send });
    while (pending > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    if (lost !== undefined) throw lost;

    const expected = Array.from({ length: sent }, (_, i) => i).filter(hangs).length;
    if (ended !== expected) throw new Error(`${name}: ${ended} handlers were ended, ${expected} hang`);
    const well: number[] = [];
    const buckets: number[][] = [];
    for (let i = 0; i < sent; i++) {
      const times = this.#board.times[i]!;
      if (times !== (hangs(i) ? 0 : 1)) {
        throw new Error(`${name}: event ${i} was handled ${times} times`);
      }
      if (hangs(i)) continue;
      well.push(this.#board.took[i]!);
      const bucket = Math.floor((due[i]! - due[0]!) / BUCKET_MS);
      buckets[bucket] ??= [];
      buckets[bucket].push(this.#board.took[i]!);
    }
    const filled = [...buckets.entries()].filter(([, took]) => took !== undefined);
    return {
      p50Ms: quantile(well, 0.5),
      p99Ms: quantile(well, 0.99),
      maxMs: Math.max(...well),
      atS: filled.map(([bucket]) => (bucket * BUCKET_MS) / 1000),
      medianOverTimeMs: filled.map(([, took]) => quantile(took, 0.5)),
      slowestOverTimeMs: filled.map(([, took]) => Math.max(...took)),
    };
  }
}
