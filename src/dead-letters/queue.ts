import { inspect } from 'node:util';
import { monotonicMs } from '../clock.ts';
import { BusClosedError, ConfigError, DeadLetterIncompleteError } from '../errors.ts';
import { nextEventId } from '../event-id.ts';
import { resolveDeadLetterOptions } from '../options/dead-letters.ts';
import { type DeadLetterQueueOptions, type DeadLetterStats, type FailedEvent, FailureReason } from '../types.ts';
import { DeadLetterFile } from './file.ts';
import { type DeadLetter, type NewDeadLetter, type RerunResult, toFailedEvent } from './letter.ts';
import { laneOf, retryInOrder } from './retry-order.ts';

/** Attempts that an entry tells of: the first one, and the latest. */
const MAX_ATTEMPTS = 100;

type Rerun = (letter: DeadLetter) => Promise<RerunResult>;

/** How a bus runs a dead letter again; known by the bus itself, so that it is no part of its public face. */
const reruns = new WeakMap<object, Rerun>();

/** The bus keeps a failure; returns its entry's id. `gone` is called once, when the entry no longer stands in the way of its ordering key. */
export let addDeadLetter: (queue: DeadLetterQueue, letter: NewDeadLetter, gone?: () => void) => string;
/** All handlers of an event, two or more, have failed. */
export let markAllFailed: (queue: DeadLetterQueue, eventId: string) => void;
/** Entries out of a file of this handler, oldest first. */
export let restoredLetters: (queue: DeadLetterQueue, handlerName: string) => DeadLetter[];

export function registerRerun(bus: object, rerun: Rerun): void {
  reruns.set(bus, rerun);
}

/**
 * What has failed, one entry per event and subscription. Give it to a bus as `deadLetterQueue`; one queue may serve
 * several. Failures of subscribers to the bus's own `system.*` events are not kept.
 */
export class DeadLetterQueue {
  readonly #maxSize: number;
  readonly #file: DeadLetterFile | undefined;
  /** Oldest first. */
  readonly #letters = new Map<string, DeadLetter>();
  readonly #byEvent = new Map<string, Set<DeadLetter>>();
  readonly #byType = new Map<string, number>();
  readonly #byReason = new Map<FailureReason, number>();
  /** Events all of whose handlers, two or more, have failed. */
  readonly #allFailed = new Set<string>();
  #evicted = 0;

  static {
    addDeadLetter = (queue, letter, gone) => queue.#add(letter, gone);
    markAllFailed = (queue, eventId) => queue.#mark(eventId, true);
    restoredLetters = (queue, handlerName) =>
      [...queue.#letters.values()].filter((letter) => letter.restored && letter.handlerName === handlerName);
  }

  /** Throws ConfigError, which names every fault, or DeadLetterFileError. */
  constructor(options?: DeadLetterQueueOptions) {
    const { maxSize, path, redactor, storeRaw } = resolveDeadLetterOptions(options);
    this.#maxSize = maxSize;
    if (path === undefined) return;
    this.#file = new DeadLetterFile({
      path,
      redactor: (letter) => (storeRaw ? undefined : (redactor ?? letter.redactor)),
      live: () => this.#letters.values(),
    });
    for (const letter of this.#file.read()) this.#insert(letter);
    this.#evict();
    this.#file.tidy(this.#letters.size);
  }

  size(): number {
    return this.#letters.size;
  }

  get(id: string): FailedEvent | undefined {
    const letter = this.#letters.get(id);
    return letter && toFailedEvent(letter);
  }

  /** Newest first. Throws ConfigError. @default limit: all */
  getAll(options: { limit?: number } = {}): FailedEvent[] {
    const { limit = Number.POSITIVE_INFINITY } = options;
    if (!(limit >= 0)) throw new ConfigError(`getAll: limit must be a number from 0, got ${inspect(limit)}`);
    return this.#newest(() => true, limit);
  }

  /** Newest first. `all_handlers_failed`: the entries of events whose handlers, two or more, have all failed. */
  getByReason(reason: FailureReason): FailedEvent[] {
    return this.#newest(
      reason === FailureReason.ALL_HANDLERS_FAILED
        ? ({ allFailed }) => allFailed
        : (letter) => letter.reason === reason,
    );
  }

  /** Newest first. */
  getByEventType(eventType: string): FailedEvent[] {
    return this.#newest((letter) => letter.event.eventType === eventType);
  }

  /**
   * Runs what failed again, and only that: the same event in the one subscription, as its next attempt, outside of the
   * bus's five figures. An event that was not accepted is emitted with its id. True: it succeeded. False: it failed again,
   * and the entry tells of it; or there is no such entry. A retry that is under way already is not doubled: both get its
   * answer. Rejects with SubscriptionGoneError, DeadLetterIncompleteError, BusClosedError, ConfigError; the entry stays.
   * @default removeOnSuccess true
   */
  async retry(id: string, bus: object, options: { removeOnSuccess?: boolean } = {}): Promise<boolean> {
    const letter = this.#letters.get(id);
    if (letter === undefined) return false;
    letter.running ??= this.#retry(letter, bus, options.removeOnSuccess ?? true).finally(() => {
      letter.running = undefined;
    });
    return letter.running;
  }

  /**
   * Retries each entry that is there now, once, oldest first. Entries that were retried `maxRetries` times are left alone
   * and reported as `exhausted`; those that can't be retried are among the `failed`, and so are, untried, those whose
   * ordering key is held (`dlqOrder: 'hold'`) by an older one that is still there. Rejects with BusClosedError.
   * @default maxRetries 3
   */
  async retryAll(
    bus: object,
    options: { maxRetries?: number } = {},
  ): Promise<{ succeeded: string[]; failed: string[]; exhausted: string[] }> {
    const { maxRetries = 3 } = options;
    if (!(maxRetries >= 0))
      throw new ConfigError(`retryAll: maxRetries must be a number from 0, got ${inspect(maxRetries)}`);
    const result = { succeeded: [] as string[], failed: [] as string[], exhausted: [] as string[] };
    let closed: unknown;
    /** False: it still stands in the way of those behind it. */
    const retryOne = async ({ id, retryCount }: DeadLetter): Promise<boolean> => {
      // Gone since: removed, or evicted by a new failure.
      if (!this.#letters.has(id)) return true;
      if (retryCount >= maxRetries) {
        result.exhausted.push(id);
        return false;
      }
      let succeeded = false;
      try {
        succeeded = await this.retry(id, bus);
      } catch (error) {
        if (BusClosedError.is(error) || ConfigError.is(error)) closed = error;
      }
      (succeeded ? result.succeeded : result.failed).push(id);
      return succeeded;
    };
    // Keys that an entry which is still there holds.
    const held = new Set<string | undefined>();
    await retryInOrder([...this.#letters.values()], async (letter) => {
      const lane = letter.gone === undefined ? undefined : laneOf(letter);
      if (!held.has(lane)) {
        if (!(await retryOne(letter)) && lane !== undefined) held.add(lane);
      } else if (letter.retryCount >= maxRetries) result.exhausted.push(letter.id);
      else result.failed.push(letter.id);
    });
    if (closed !== undefined) throw closed;
    return result;
  }

  /** False when there is no such entry. */
  remove(id: string): boolean {
    const letter = this.#letters.get(id);
    if (letter === undefined) return false;
    this.#removeAll([letter]);
    return true;
  }

  /** Returns how many there were. */
  clear(): number {
    return this.#removeAll([...this.#letters.values()]);
  }

  /** Removes what failed first longer ago than this; returns how many. A change of the clock makes nothing older. Throws ConfigError. */
  clearOlderThan(age: { hours: number }): number {
    const hours: unknown = age?.hours;
    if (typeof hours !== 'number' || !(hours >= 0))
      throw new ConfigError(`clearOlderThan: hours must be a number from 0, got ${inspect(hours)}`);
    const limit = monotonicMs() - hours * 3_600_000;
    return this.#removeAll([...this.#letters.values()].filter(({ since }) => since < limit));
  }

  /** Cheap: nothing is counted afresh. */
  getStats(): DeadLetterStats {
    const byReason: DeadLetterStats['byReason'] = Object.fromEntries(this.#byReason);
    if (this.#allFailed.size > 0) byReason.all_handlers_failed = this.#allFailed.size;
    const file = this.#file;
    return {
      size: this.#letters.size,
      maxSize: this.#maxSize,
      evicted: this.#evicted,
      byReason,
      byEventType: Object.fromEntries(this.#byType),
      oldestTimestamp: this.#letters.values().next().value?.timestamp ?? null,
      newestTimestamp: this.#newestLetter()?.timestamp ?? null,
      ...(file && { file: { path: file.path, damagedLines: file.damagedLines, errors: file.errors } }),
    };
  }

  /** Lets go of the file; entries stay in memory, changes are no longer kept. */
  close(): void {
    this.#file?.close();
  }

  /** The newest entry, since Maps only walk forwards. Undefined: it has to be looked for. */
  #last: DeadLetter | undefined;

  #newestLetter(): DeadLetter | undefined {
    this.#last ??= [...this.#letters.values()].at(-1);
    return this.#last;
  }

  #newest(wanted: (letter: DeadLetter) => boolean, limit = Number.POSITIVE_INFINITY): FailedEvent[] {
    const all = [...this.#letters.values()];
    const found: FailedEvent[] = [];
    for (let i = all.length - 1; i >= 0 && found.length < limit; i--)
      if (wanted(all[i]!)) found.push(toFailedEvent(all[i]!));
    return found;
  }

  #add(letter: NewDeadLetter, gone: (() => void) | undefined): string {
    const timestamp = Date.now();
    const added: DeadLetter = {
      ...letter,
      id: nextEventId(timestamp),
      timestamp,
      since: monotonicMs(),
      retryCount: 0,
      allFailed: false,
      incomplete: false,
      restored: false,
      running: undefined,
      gone,
    };
    this.#insert(added);
    this.#file?.put(added);
    this.#evict();
    this.#file?.tidy(this.#letters.size);
    return added.id;
  }

  #insert(letter: DeadLetter): void {
    this.#letters.set(letter.id, letter);
    this.#last = letter;
    const { eventId, eventType } = letter.event;
    const siblings = this.#byEvent.get(eventId);
    if (siblings === undefined) this.#byEvent.set(eventId, new Set([letter]));
    else siblings.add(letter);
    if (letter.allFailed) this.#allFailed.add(eventId);
    count(this.#byType, eventType, 1);
    count(this.#byReason, letter.reason, 1);
  }

  #evict(): void {
    while (this.#letters.size > this.#maxSize) {
      let oldest: DeadLetter | undefined;
      // One that is being retried is spared: its outcome would have nowhere to go.
      for (const letter of this.#letters.values()) {
        if (letter.running !== undefined) continue;
        oldest = letter;
        break;
      }
      oldest ??= this.#letters.values().next().value!;
      this.#evicted++;
      this.#removeAll([oldest]);
    }
  }

  #removeAll(letters: readonly DeadLetter[]): number {
    for (const letter of letters) this.#delete(letter);
    this.#file?.remove(letters.map(({ id }) => id));
    this.#file?.tidy(this.#letters.size);
    // At the end: what this lets go on may fail and come back here.
    for (const letter of letters) release(letter);
    return letters.length;
  }

  #delete(letter: DeadLetter): void {
    this.#letters.delete(letter.id);
    if (this.#last === letter) this.#last = undefined;
    const { eventId, eventType } = letter.event;
    const siblings = this.#byEvent.get(eventId);
    siblings?.delete(letter);
    if (siblings?.size === 0) {
      this.#byEvent.delete(eventId);
      this.#allFailed.delete(eventId);
    }
    count(this.#byType, eventType, -1);
    count(this.#byReason, letter.reason, -1);
  }

  #mark(eventId: string, allFailed: boolean): void {
    const letters = this.#byEvent.get(eventId);
    if (letters === undefined) return;
    let changed = false;
    for (const letter of letters) {
      changed ||= letter.allFailed !== allFailed;
      letter.allFailed = allFailed;
    }
    if (!changed) return;
    if (allFailed) this.#allFailed.add(eventId);
    else this.#allFailed.delete(eventId);
    this.#file?.mark(eventId, allFailed);
  }

  async #retry(letter: DeadLetter, bus: object, removeOnSuccess: boolean): Promise<boolean> {
    const rerun = reruns.get(bus);
    if (rerun === undefined) throw new ConfigError(`retry: bus must be an EventBus, got ${inspect(bus, { depth: 0 })}`);
    if (letter.incomplete) {
      throw new DeadLetterIncompleteError(
        `dead letter ${letter.id} was read from a file that does not hold its event as it was emitted (redacted, or without its body). Emit it anew, or write later ones with storeRaw: true`,
      );
    }
    const result = await rerun(letter);
    letter.retryCount++;
    if (result.ok) {
      // One of its handlers has succeeded now.
      if (letter.allFailed) this.#mark(letter.event.eventId, false);
      if (removeOnSuccess && this.#has(letter)) this.#removeAll([letter]);
      else {
        if (this.#has(letter)) this.#file?.put(letter);
        release(letter);
      }
      return true;
    }
    const { reason, error, threadId, attempt } = result;
    letter.attempts.push({ at: Date.now(), reason, error, threadId });
    if (letter.attempts.length > MAX_ATTEMPTS) letter.attempts.splice(1, letter.attempts.length - MAX_ATTEMPTS);
    letter.attempt = attempt;
    if (this.#has(letter)) {
      count(this.#byReason, letter.reason, -1);
      count(this.#byReason, reason, 1);
    }
    letter.reason = reason;
    letter.error = error;
    if (this.#has(letter)) {
      this.#file?.put(letter);
      this.#file?.tidy(this.#letters.size);
    }
    return false;
  }

  /** It may have been removed or evicted meanwhile. */
  #has(letter: DeadLetter): boolean {
    return this.#letters.get(letter.id) === letter;
  }
}

function release(letter: DeadLetter): void {
  const { gone } = letter;
  letter.gone = undefined;
  gone?.();
}

function count<K>(counts: Map<K, number>, key: K, by: number): void {
  const sum = (counts.get(key) ?? 0) + by;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
