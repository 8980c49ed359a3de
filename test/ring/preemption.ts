/*
 * Runs several actors on one thread and lets one into another's atomic operations: Atomics is replaced by wrappers that,
 * at the n-th operation of an actor, end it there as a kill would, or run somebody else to his end first. Every gap
 * between two atomic operations is one between two operations here; what an actor writes plainly stands in the gap before
 * its next operation, so a kill comes in two kinds: before an operation, with the plain writes ahead of it done, and after
 * one, with none of the plain writes behind it.
 */

const NAMES = ['load', 'store', 'compareExchange', 'add', 'sub', 'exchange', 'notify', 'wait'] as const;

/** An actor that does more than this in one schedule does not come to an end. */
const MOST_OPERATIONS = 20_000;

class Killed extends Error {}
class Asleep extends Error {}
class Hung extends Error {}
// Made once: a stack trace for each of a hundred thousand would take most of the time.
const killed = new Killed();
const asleep = new Asleep();
const hung = new Hung();

type Run = () => void;
/** Killed before or after the operation; hung in front of it, for ever; or somebody else runs there. */
export type How = 'before' | 'after' | 'hang' | Run;
type Place = { readonly n: number; readonly how: How; hit: boolean };

export class Actor {
  readonly name: string;
  operations = 0;
  dead = false;
  /** Blocked in Atomics.wait on this word. */
  asleepOn: { readonly buffer: ArrayBufferLike; readonly index: number } | undefined;
  /** It stands in one of its operations, while another actor runs. */
  suspended = false;
  /** It stands there for ever. */
  hung = false;
  readonly places: Place[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Interrupts the actor at its n-th operation from now. `hit` says whether it came to it. */
  at(n: number, how: How): { readonly hit: boolean } {
    const place: Place = { n: this.operations + n, how, hit: false };
    this.places.push(place);
    return place;
  }

  get runnable(): boolean {
    return !this.dead && !this.hung && !this.suspended && this.asleepOn === undefined;
  }
}

export class Preemption {
  readonly #original = Object.fromEntries(NAMES.map((name) => [name, Atomics[name]])) as unknown as typeof Atomics;
  readonly #sleepers = new Set<Actor>();
  #current: Actor | undefined;
  /** An actor waits for a time, not for somebody: what the others do meanwhile. */
  onNap: Run = () => {};

  install(): void {
    const atomics = Atomics as unknown as Record<string, unknown>;
    for (const name of NAMES)
      atomics[name] = (...args: unknown[]) =>
        this.#operation(name, args as [Int32Array, number, number, number], this.#current);
  }

  uninstall(): void {
    for (const name of NAMES) (Atomics as unknown as Record<string, unknown>)[name] = this.#original[name];
    this.forget();
  }

  /** Forgets the sleepers of the schedule before. */
  forget(): void {
    this.#sleepers.clear();
  }

  /** Runs the actor until it returns, falls asleep or is killed. */
  run(actor: Actor, body: Run): void {
    if (!actor.runnable) throw new Error(`${actor.name} can't run now`);
    const before = this.#current;
    this.#current = actor;
    try {
      body();
    } catch (error) {
      if (!(error instanceof Killed || error instanceof Asleep || error instanceof Hung)) throw error;
    } finally {
      this.#current = before;
    }
  }

  #operation(name: (typeof NAMES)[number], args: [Int32Array, number, number, number], actor?: Actor): unknown {
    const original = this.#original[name] as (...a: unknown[]) => unknown;
    if (actor === undefined) return original(...args);
    if (actor.dead) throw killed;
    if (actor.hung) throw hung;
    const n = actor.operations++;
    if (n > MOST_OPERATIONS) throw new Error(`${actor.name} does not come to an end`);
    let after = false;
    for (const place of actor.places) {
      if (place.n !== n) continue;
      place.hit = true;
      if (place.how === 'before') this.#end(actor);
      else if (place.how === 'after') after = true;
      else if (place.how === 'hang') {
        actor.hung = true;
        throw hung;
      } else this.#suspend(actor, place.how);
    }
    // Somebody may have ended it meanwhile.
    if (actor.dead) throw killed;
    let result: unknown;
    if (name === 'wait') result = this.#wait(actor, ...args);
    else if (name === 'notify') result = this.#notify(args[0], args[1]);
    else result = original(...args);
    if (after) this.#end(actor);
    return result;
  }

  #suspend(actor: Actor, meanwhile: Run): void {
    actor.suspended = true;
    this.#current = undefined;
    try {
      meanwhile();
    } finally {
      this.#current = actor;
      actor.suspended = false;
    }
  }

  #end(actor: Actor): never {
    actor.dead = true;
    throw killed;
  }

  #wait(actor: Actor, words: Int32Array, index: number, expected: number, ms: number): string {
    if (this.#original.load(words, index) !== expected) return 'not-equal';
    if (Number.isFinite(ms)) {
      this.onNap();
      return 'timed-out';
    }
    actor.asleepOn = { buffer: words.buffer, index };
    this.#sleepers.add(actor);
    throw asleep;
  }

  #notify(words: Int32Array, index: number): number {
    let woken = 0;
    for (const actor of this.#sleepers) {
      const { asleepOn } = actor;
      if (asleepOn?.buffer !== words.buffer || asleepOn.index !== index) continue;
      actor.asleepOn = undefined;
      this.#sleepers.delete(actor);
      woken++;
    }
    return woken;
  }
}
