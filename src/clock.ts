/**
 * One monotonic clock for all threads of the process, in milliseconds with a fraction.
 * `performance.now()` starts at another origin in every thread; `hrtime` does not, but makes an array per call. So the
 * distance between the two is taken once per thread.
 */
const [seconds, nanoseconds] = process.hrtime();
const OFFSET_MS: number = seconds * 1e3 + nanoseconds / 1e6 - performance.now();

export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}

/** The longest delay that setTimeout takes; it makes 1 ms of anything longer. */
export const MAX_TIMER_MS = 0x7fff_ffff;
