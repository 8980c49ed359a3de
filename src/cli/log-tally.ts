import type { LogLine } from './log-segments.ts';

/** Types and hours that are told apart: whoever puts an id into a type must not grow memory. */
const MAX_TYPES = 10_000;
const MAX_HOURS = 100_000;
const MAX_REASONS = 1_000;
const HOUR_MS = 3_600_000;

interface Line {
  event_type?: unknown;
  timestamp?: unknown;
  event_id?: unknown;
  payload?: { reason?: unknown } | null;
}

/** Counts the lines of a log, in memory that does not grow with it. */
export class LogTally {
  events = 0;
  damaged = 0;
  /** Counted over all files from 1; 0: none. */
  firstDamaged = 0;
  /** Milliseconds since the epoch. */
  first: number = Number.POSITIVE_INFINITY;
  last: number = Number.NEGATIVE_INFINITY;
  readonly byType: Map<string, number> = new Map();
  otherTypes = 0;
  /** By hours since the epoch. */
  readonly byHour: Map<number, number> = new Map();
  /** Failed deliveries by reason. */
  readonly failures: Map<string, number> = new Map();
  #lines = 0;

  add(line: LogLine): void {
    this.#lines++;
    if (typeof line !== 'string') {
      this.#damage();
      return;
    }
    if (line.trim() === '') return;
    let record: Line | null;
    try {
      record = JSON.parse(line) as Line | null;
    } catch {
      this.#damage();
      return;
    }
    const { event_type: type, timestamp, event_id: id, payload } = record ?? {};
    if (typeof type !== 'string' || typeof timestamp !== 'number' || typeof id !== 'string') {
      this.#damage();
      return;
    }
    this.events++;
    this.#at(timestamp * 1_000);
    if (!count(this.byType, type, MAX_TYPES)) this.otherTypes++;
    if (type !== 'system.handler_error') return;
    const reason = payload?.reason;
    count(this.failures, typeof reason === 'string' ? reason : 'unknown', MAX_REASONS);
  }

  #at(ms: number): void {
    if (ms < this.first) this.first = ms;
    if (ms > this.last) this.last = ms;
    // What no date can hold has no hour.
    if (Math.abs(ms) <= 8.6e15) count(this.byHour, Math.floor(ms / HOUR_MS), MAX_HOURS);
  }

  #damage(): void {
    this.damaged++;
    if (this.firstDamaged === 0) this.firstDamaged = this.#lines;
  }
}

/** False: there are too many to tell this one apart. */
function count<K>(counts: Map<K, number>, key: K, most: number): boolean {
  const n = counts.get(key);
  if (n === undefined && counts.size >= most) return false;
  counts.set(key, (n ?? 0) + 1);
  return true;
}
