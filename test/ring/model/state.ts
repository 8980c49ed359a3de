/*
 * The claim protocol as a machine of single atomic steps, for an exhaustive search: two handler threads and the main
 * thread, a few events, deaths at any step. What src/ring does in one atomic operation is one step here; what a thread
 * does by itself in between belongs to the step before. Handlers take any time at all, so a state in which one runs and
 * the rest sleep is looked at as if it lasted for ever. Nobody is woken by a safety net. Laps are left out: the ring is
 * as long as the test.
 */

export interface Rules {
  /** Recovery moves the hint back to the oldest READY slot. */
  readonly rewind: boolean;
  /** A claim is a CAS on each slot; without it the hint's CAS is the claim. */
  readonly claimInSlot: boolean;
  /** Starting is a CAS to RUNNING; without it the slot stays CLAIMED until it is freed. */
  readonly runningMark: boolean;
  /** Each thread sleeps on a word of its own; without it all sleep on one, and a notify wakes any one of them. */
  readonly ownWords: boolean;
  /** Recovery wakes everybody. */
  readonly notifyAll: boolean;
  /** A thread looks for work once more after it has parked. */
  readonly secondLook: boolean;
  /** A thief takes a slot by CAS on what it saw. */
  readonly stealByCas: boolean;
  /** Parking raises the count before it writes the word. */
  readonly countFirst: boolean;
}

export const PROTOCOL: Rules = {
  rewind: true,
  claimInSlot: true,
  runningMark: true,
  ownWords: true,
  notifyAll: true,
  secondLook: true,
  stealByCas: true,
  countFirst: true,
};

export const THREADS = 2;
export const MAX_SHARE = 2;

export const FREE = 0;
export const READY = 1;
export const CLAIMED = 2;
export const RUNNING = 3;
/** What stands in a slot. */
export function word(state: number, owner: number): number {
  return state | (owner << 2);
}
export function stateOf(slot: number): number {
  return slot & 3;
}

// Shared words, then main's own.
export const HINT = 0;
export const PUBLISHED = 1;
export const PARKED = 2;
export const EPOCH = 3;
export const MAIN = 4;
export const NEXT = 5;
export const I = 6;
export const VICTIM = 7;
export const SEEN_HINT = 8;
export const KILLS = 9;
const THREADS_AT = 10;

// A thread's shared words, then its own.
export const CELL = 0;
export const PARK = 1;
export const ASLEEP = 2;
export const DEAD = 3;
export const PC = 4;
export const FROM = 5;
export const SHARE = 6;
export const COUNT = 7;
export const FIRST = 8;
export const AT = 10;
export const SEEN = 11;
export const THREAD_WORDS = 12;

// Where a thread stands: the step it takes next.
export const LOAD_HINT = 0;
export const LOAD_PUBLISHED = 1;
export const CLAIM_HINT = 2;
export const CLAIM_SLOT = 3;
export const START = 4;
export const FILL_CELL = 5;
export const FREE_SLOT = 6;
export const HANDLER = 7;
export const STEAL_LOAD = 8;
export const STEAL_TAKE = 9;
export const PARK_1 = 10;
export const PARK_2 = 11;
export const LOOK_HINT = 12;
export const LOOK_PUBLISHED = 13;
export const LOOK_SLOT = 14;
export const WAIT = 15;
export const UNPARK = 16;
export const UNCOUNT = 17;

// Where main stands.
export const IDLE = 0;
export const PUBLISH = 1;
export const ANY_PARKED = 2;
export const WAKE_ONE = 3;
export const WAKE_UNCOUNT = 4;
export const WAKE_NOTIFY = 5;
export const TAKE_CELL = 6;
export const RECOVER_SLOT = 7;
export const REWIND_SLOT = 8;
export const REWIND_LOAD = 9;
export const REWIND_CAS = 10;
export const UNPARK_DEAD = 11;
export const UNCOUNT_DEAD = 12;
export const WAKE_ALL = 13;
export const WAKE_ALL_UNCOUNT = 14;
export const WAKE_ALL_NOTIFY = 15;

/** Killed, and main does not know it yet. */
export const DYING = 1;
/** Taken back; another will take its place, sooner or later. */
export const GONE = 2;

export type State = Int8Array;

/** Where a thread's words begin. */
export function base(thread: number): number {
  return THREADS_AT + thread * THREAD_WORDS;
}

/** What is searched, and where its words are. */
export class Model {
  readonly rules: Rules;
  readonly events: number;
  readonly kills: number;
  readonly slots: number = THREADS_AT + THREADS * THREAD_WORDS;
  readonly started: number;
  readonly settled: number;
  readonly size: number;

  constructor(rules: Rules, events: number, kills: number) {
    this.rules = rules;
    this.events = events;
    this.kills = kills;
    this.started = this.slots + events;
    this.settled = this.started + events;
    this.size = this.settled + events;
  }
}
