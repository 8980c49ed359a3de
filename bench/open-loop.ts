import { nowMs } from './clock.ts';

/** The time and the event loop, so that tests can have their own. */
export interface LoopClock {
  /** Milliseconds. */
  now(): number;
  /** Gives the event loop at least one turn, and returns before `ms` have passed by more than a turn. */
  turn(ms: number): Promise<void>;
}

/** A timer is up to a millisecond late and then some: below that the loop is polled. */
const TIMER_MS = 2.5;

const realClock: LoopClock = {
  now: nowMs,
  turn: (ms) =>
    new Promise((resolve) => {
      if (ms > TIMER_MS) setTimeout(resolve, ms - TIMER_MS);
      else setImmediate(resolve);
    }),
};

/** Sends at a time before the event loop gets a turn: a sender that is behind must not keep answers from coming in. */
export const SENDS_PER_TURN = 256;

export interface OpenLoad {
  /** Sends per second. */
  readonly rate: number;
  readonly ms: number;
  /** Sends number `i`, which was due at `intendedMs` on the clock. Latency counts from then. */
  send(i: number, intendedMs: number): void;
  readonly clock?: LoopClock;
}

/**
 * Load of a given rate that does not wait for anybody: send number i is due at i / rate, whatever became of the ones
 * before. One that goes out late, since the event loop stood still, still counts from when it was due; a stall then
 * shows in the latency of every event that it held up, where a sender that waits for answers would have sent one only.
 * Returns how many it has sent.
 * Source: Tene, "How NOT to Measure Latency" (coordinated omission); wrk2 works like this.
 */
export async function sendOpenLoop({ rate, ms, send, clock = realClock }: OpenLoad): Promise<number> {
  const gap = 1000 / rate;
  const count = Math.max(1, Math.round((rate * ms) / 1000));
  const start = clock.now() + Math.min(gap, 1);
  let next = 0;
  for (;;) {
    const turnEnd = Math.min(count, next + SENDS_PER_TURN);
    const now = clock.now();
    for (; next < turnEnd && start + next * gap <= now; next++) send(next, start + next * gap);
    if (next === count) return count;
    await clock.turn(Math.max(0, start + next * gap - clock.now()));
  }
}

export interface FullLoad {
  readonly ms: number;
  send(i: number, intendedMs: number): void;
  /** Sent and not settled. */
  pending(): number;
  /** That many at most. */
  readonly width: number;
  readonly clock?: LoopClock;
}

/** As much as goes through: sends whenever fewer than `width` are pending. Returns the sends per second. */
export async function sendFullLoad({ ms, send, pending, width, clock = realClock }: FullLoad): Promise<number> {
  const start = clock.now();
  let sent = 0;
  for (;;) {
    const now = clock.now();
    if (now - start >= ms) break;
    const room = Math.min(SENDS_PER_TURN, width - pending());
    for (let i = 0; i < room; i++) send(sent++, now);
    await clock.turn(0);
  }
  while (pending() > 0) await clock.turn(0);
  return (sent / (clock.now() - start)) * 1000;
}
