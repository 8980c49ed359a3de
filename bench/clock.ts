/** Milliseconds on a clock that all threads of a process share; `performance.now()` starts anew in each. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
