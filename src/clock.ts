import { performance } from 'node:perf_hooks';

// The global of this name is a getter: twice the price.
const now: () => number = performance.now.bind(performance);

/**
 * One monotonic clock for all threads of the process, in milliseconds with a fraction.
 * `performance.now()` starts at another origin in every thread; `hrtime` does not, but makes an array per call. So the
 * distance between the two is taken once per thread: of several readings of one between two of the other the narrowest,
 * since a thread's first call takes milliseconds and any call may lose its core.
 */
const SAMPLES = 16;

function distanceMs(): number {
  let narrowest = Number.POSITIVE_INFINITY;
  let distance = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const before = now();
    const [seconds, nanoseconds] = process.hrtime();
    const after = now();
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    distance = seconds * 1e3 + nanoseconds / 1e6 - (before + after) / 2;
  }
  return distance;
}

const OFFSET_MS: number = distanceMs();

export function monotonicMs(): number {
  return now() + OFFSET_MS;
}

/** The wall clock is asked again after so long: it may have been set. */
const WALL_CHECK_MS = 1_000;
/**
 * It is whole milliseconds, so two readings differ by up to one though nobody has set it: followed at once, an event could
 * be dated before the one that was emitted before it.
 */
const WALL_JITTER_MS = 2;
let wallOffsetMs = Number.NaN;
let checkedAt = Number.NEGATIVE_INFINITY;

/** Whole milliseconds since the epoch at a moment of the monotonic clock, so that one reading gives both times. */
function wallMs(monotonic: number): number {
  return Math.floor(exactWallMs(monotonic));
}

/** The same, with a fraction. */
export function exactWallMs(monotonic: number): number {
  if (monotonic - checkedAt > WALL_CHECK_MS) {
    checkedAt = monotonic;
    const offset = Date.now() - monotonicMs();
    if (!(Math.abs(offset - wallOffsetMs) <= WALL_JITTER_MS)) wallOffsetMs = offset;
  }
  return monotonic + wallOffsetMs;
}

/** The longest delay that setTimeout takes; it makes 1 ms of anything longer. */
export const MAX_TIMER_MS = 0x7fff_ffff;

export interface Timer {
  unref(): unknown;
}

/** What a bus takes its times from: the process's clock, or a virtual one in tests. Milliseconds throughout. */
export interface Clock {
  /** Monotonic. */
  now(): number;
  /** Whole milliseconds since the epoch at a moment of `now`. */
  wall(at: number): number;
  /** `ms` up to MAX_TIMER_MS. */
  setTimer(run: () => void, ms: number): Timer;
  clearTimer(timer: Timer | undefined): void;
}

export const REAL_CLOCK: Clock = {
  now: monotonicMs,
  wall: wallMs,
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};
