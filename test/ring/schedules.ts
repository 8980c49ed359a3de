import { type Actor, type How, Preemption } from './preemption.ts';
import { World } from './world.ts';
import type { Thread } from './world-thread.ts';

// The code itself, preempted and killed at each of its atomic operations.

export const preemption: Preemption = new Preemption();

export interface Place {
  readonly hit: boolean;
}

/** What happens in the gap, itself interrupted at its m-th operation; says whether it came to that. */
export type Gap = (world: World, m: number) => Place;

export interface Subject {
  readonly name: string;
  readonly threads: number;
  /** Emitted before. */
  readonly events: number;
  readonly actor: (world: World) => Actor;
  readonly run: (world: World) => void;
}

export const a = (world: World): Thread => world.threads[0]!;
export const b = (world: World): Thread => world.threads[1]!;

/** A thread that has events to run, and then goes to sleep. */
export const threadA: Subject = { name: 'A', threads: 2, events: 4, actor: (w) => a(w).actor, run: (w) => w.run(a(w)) };
export const shortA: Subject = { ...threadA, events: 3 };
export const aloneA: Subject = { ...threadA, threads: 1 };
export const amongThree: Subject = { ...threadA, threads: 3, events: 3 };
export const emit: Subject = { name: 'emit', threads: 2, events: 1, actor: (w) => w.main, run: (w) => w.emit() };

const nowhere: Place = { hit: false };

export function schedule(label: string, threads: number, events: number, body: (world: World) => boolean): boolean {
  const world = new World(preemption, threads);
  try {
    for (let i = 0; i < events; i++) world.emit();
    if (!body(world)) return false;
    world.finish();
    return true;
  } catch (error) {
    throw new Error(`schedule ${label}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Runs the subject once for each of its operations, with `gap` in front of that operation; and where the gap has
 * operations of its own to be interrupted at, once for each of those. Returns the number of schedules.
 */
export function explored({ name, threads, events, actor, run }: Subject, label: string, gap: Gap): number {
  let schedules = 0;
  for (let n = 0, outer = true; outer; n++) {
    for (let m = 0, inner = true; outer && inner; m++) {
      outer = schedule(`${name}@${n}: ${label}@${m}`, threads, events, (world) => {
        let within = nowhere;
        const place = actor(world).at(n, () => {
          within = gap(world, m);
        });
        run(world);
        inner = within.hit;
        return place.hit;
      });
      if (outer) schedules++;
    }
  }
  return schedules;
}

/** `what`, which is not interrupted itself. */
export function whole(what: (world: World) => void): Gap {
  return (world) => {
    what(world);
    return nowhere;
  };
}

/** B runs until it sleeps; nothing may wait then for the subject, which stands still. */
export function runB(world: World): void {
  world.run(b(world));
  if (!world.main.suspended && b(world).actor.asleepOn !== undefined) world.checkNothingWaits();
}

/** `run` interrupted at its m-th operation by `how`. */
export function interrupted(actor: Actor, m: number, how: How, run: () => void): Place {
  const place = actor.at(m, how);
  run();
  return place;
}
