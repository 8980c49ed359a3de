/** Shared by the main thread and the handlers of scenario full-strength: Int32 words, then Float64 cells. */
export const GAUGE = {
  bytes: 64,
  /** Int32: short handlers running now. */
  running: 0,
  /** Int32: how many of them are full strength. */
  threads: 1,
  /** Int32: 1 from the stuck handler's start until full strength was seen. */
  armed: 2,
  /** Float64: when the stuck handler started, in milliseconds. */
  stuckAt: 4,
  /** Float64: when full strength was seen. */
  fullAt: 5,
} as const;
