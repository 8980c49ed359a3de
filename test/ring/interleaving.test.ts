import * as assert from 'uvu/assert';
import { cellDelivery, clearCell, fillCell, finishCell, loadCell, takeCell } from '../../src/ring/cells.ts';
import { CELL_EMPTY, CELL_RUNNING, createThread, stateOf, type ThreadMemory } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';
import { Actor, type How, Preemption } from './preemption.ts';
import { ready, type Thread, World } from './world.ts';

const test = tests('ring/interleaving');

// ---- the code itself, preempted and killed at each of its atomic operations

const preemption = new Preemption();

interface Place {
  readonly hit: boolean;
}

/** What happens in the gap, itself interrupted at its m-th operation; says whether it came to that. */
type Gap = (world: World, m: number) => Place;

interface Subject {
  readonly name: string;
  readonly threads: number;
  /** Emitted before. */
  readonly events: number;
  readonly actor: (world: World) => Actor;
  readonly run: (world: World) => void;
}

const a = (world: World): Thread => world.threads[0]!;
const b = (world: World): Thread => world.threads[1]!;

/** A thread that has events to run, and then goes to sleep. */
const threadA: Subject = { name: 'A', threads: 2, events: 4, actor: (w) => a(w).actor, run: (w) => w.run(a(w)) };
const shortA: Subject = { ...threadA, events: 3 };
const aloneA: Subject = { ...threadA, threads: 1 };
const amongThree: Subject = { ...threadA, threads: 3, events: 3 };
const emit: Subject = { name: 'emit', threads: 2, events: 1, actor: (w) => w.main, run: (w) => w.emit() };

const nowhere: Place = { hit: false };

function schedule(label: string, threads: number, events: number, body: (world: World) => boolean): boolean {
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
function explored({ name, threads, events, actor, run }: Subject, label: string, gap: Gap): number {
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
function whole(what: (world: World) => void): Gap {
  return (world) => {
    what(world);
    return nowhere;
  };
}

/** B runs until it sleeps; nothing may wait then for the subject, which stands still. */
function runB(world: World): void {
  world.run(b(world));
  if (!world.main.suspended && b(world).actor.asleepOn !== undefined) world.checkNothingWaits();
}

/** `run` interrupted at its m-th operation by `how`. */
function interrupted(actor: Actor, m: number, how: How, run: () => void): Place {
  const place = actor.at(m, how);
  run();
  return place;
}

const singles: [string, Subject, (world: World) => void][] = [
  ['B runs', threadA, runB],
  ['an event comes', threadA, (w) => w.emit()],
  [
    'an event comes, B runs',
    threadA,
    (w) => {
      w.emit();
      runB(w);
    },
  ],
  ['main reads the outcomes', threadA, (w) => w.drain()],
  ['main settles what is late', threadA, (w) => w.expire(a(w))],
  ['main takes its claims away', threadA, (w) => w.disclaim(a(w))],
  [
    'main takes its claims away, B runs',
    threadA,
    (w) => {
      w.disclaim(a(w));
      runB(w);
    },
  ],
  ['main gives it up, and it goes on', threadA, (w) => w.recover(a(w), false)],
  ['an event comes, nobody else is there', aloneA, (w) => w.emit()],
  ['A runs', emit, (w) => w.run(a(w))],
  [
    'both run',
    emit,
    (w) => {
      w.run(a(w));
      w.run(b(w));
    },
  ],
];
for (let n = 0; n < 4; n++) singles.push([`delivery ${n} is revoked`, threadA, (w) => w.revoke(n)]);

test('a thread killed at any operation loses nothing and repeats nothing', () => {
  for (const how of ['before', 'after'] as const) {
    for (let n = 0, hit = true; hit; n++) {
      hit = schedule(
        `A@${n}: killed ${how}`,
        2,
        4,
        (world) => interrupted(a(world).actor, n, how, () => world.run(a(world))).hit,
      );
    }
  }
});

for (const [label, subject, gap] of singles) {
  test(`${subject.name} at any operation, ${label}`, () => {
    const count = explored(subject, label, whole(gap));
    assert.ok(count > 2, `${count} schedules`);
  });
}

/** A goes to sleep beside B, which hangs for good: B may keep what it runs and nothing else. Then main ends B. */
function runBesideHung(world: World): void {
  const other = b(world);
  world.run(a(world));
  if (!other.actor.hung) return;
  world.checkNothingWaits();
  other.actor.dead = true;
}

const doubles: [string, Subject, Gap][] = [
  [
    'C runs beside B',
    amongThree,
    (w, m) =>
      interrupted(
        b(w).actor,
        m,
        () => w.run(w.threads[2]!),
        () => w.run(b(w)),
      ),
  ],
  ['B hangs', { ...shortA, run: runBesideHung }, (w, m) => interrupted(b(w).actor, m, 'hang', () => w.run(b(w)))],
  [
    'events come, B hangs',
    { ...shortA, events: 0, run: runBesideHung },
    (w, m) => {
      for (let i = 0; i < 4; i++) w.emit();
      return interrupted(b(w).actor, m, 'hang', () => w.run(b(w)));
    },
  ],
  ['B runs and is killed', shortA, (w, m) => interrupted(b(w).actor, m, 'before', () => w.run(b(w)))],
  [
    'B runs, is killed and taken back',
    shortA,
    (w, m) => {
      const place = interrupted(b(w).actor, m, 'after', () => w.run(b(w)));
      if (place.hit) w.recover(b(w), true);
      return place;
    },
  ],
  [
    'B runs, an event comes',
    shortA,
    (w, m) =>
      interrupted(
        b(w).actor,
        m,
        () => w.emit(),
        () => w.run(b(w)),
      ),
  ],
  [
    'B runs, delivery 1 is revoked',
    shortA,
    (w, m) =>
      interrupted(
        b(w).actor,
        m,
        () => w.revoke(1),
        () => runB(w),
      ),
  ],
  [
    'an event comes, B runs',
    shortA,
    (w, m) =>
      interrupted(
        w.main,
        m,
        () => w.run(b(w)),
        () => w.emit(),
      ),
  ],
  [
    'delivery 2 is revoked, B runs',
    shortA,
    (w, m) =>
      interrupted(
        w.main,
        m,
        () => w.run(b(w)),
        () => w.revoke(2),
      ),
  ],
  [
    'main takes its claims away, B runs',
    shortA,
    (w, m) =>
      interrupted(
        w.main,
        m,
        () => w.run(b(w)),
        () => w.disclaim(a(w)),
      ),
  ],
  [
    'main gives it up, B runs',
    shortA,
    (w, m) =>
      interrupted(
        w.main,
        m,
        () => w.run(b(w)),
        () => w.recover(a(w), false),
      ),
  ],
  [
    'main gives it up, and it is killed later',
    shortA,
    (w, m) => {
      w.recover(a(w), false);
      return a(w).actor.at(m, 'before');
    },
  ],
  [
    'main settles what is late, and it is killed later',
    shortA,
    (w, m) => {
      w.expire(a(w));
      return a(w).actor.at(m, 'before');
    },
  ],
  ['A runs and is killed', emit, (w, m) => interrupted(a(w).actor, m, 'before', () => w.run(a(w)))],
  [
    'A runs, B runs',
    emit,
    (w, m) =>
      interrupted(
        a(w).actor,
        m,
        () => w.run(b(w)),
        () => w.run(a(w)),
      ),
  ],
];
for (const [label, subject, gap] of doubles) {
  test(`${subject.name} at any operation, ${label} at any operation`, () => {
    const count = explored(subject, label, gap);
    assert.ok(count > 50, `${count} schedules`);
  });
}

/** A cell between its thread and the deadline scan: who settles what, and how often. */
class Cell {
  readonly thread: ThreadMemory = createThread(1, 64);
  readonly settledBy: string[][] = [[], []];
  #delivery = 0;

  constructor() {
    fillCell(this.thread, 0, 0, 1);
  }

  readonly scan = (): void => {
    const word = loadCell(this.thread, 0);
    const delivery = cellDelivery(this.thread, 0);
    if (stateOf(word) === CELL_RUNNING && takeCell(this.thread, 0, word)) this.settledBy[delivery]!.push('main');
  };

  /** Ends the delivery that is in the cell, and begins the next. */
  readonly finish = (): void => {
    if (finishCell(this.thread, 0)) this.settledBy[this.#delivery]!.push('thread');
    clearCell(this.thread, 0);
    if (++this.#delivery < 2) fillCell(this.thread, 0, this.#delivery, 1);
  };
}

test('a scan at any operation of a thread, and a thread at any operation of a scan, settle a delivery once', () => {
  const outcomes = new Set<string>();
  for (const mainFirst of [true, false]) {
    for (let n = 0, hit = true; hit; n++) {
      const cell = new Cell();
      const [outer, inner, after] = [new Actor('outer'), new Actor('inner'), new Actor('after')];
      const [first, second] = mainFirst ? [cell.scan, cell.finish] : [cell.finish, cell.scan];
      const place = outer.at(n, () => preemption.run(inner, second));
      preemption.run(outer, first);
      hit = place.hit;
      while (stateOf(loadCell(cell.thread, 0)) !== CELL_EMPTY) preemption.run(after, cell.finish);
      for (const settled of cell.settledBy) assert.is(settled.length, 1, `${mainFirst} ${n}: ${settled.join()}`);
      outcomes.add(cell.settledBy.join());
    }
  }
  assert.equal([...outcomes].toSorted(), ['main,thread', 'thread,main', 'thread,thread'].toSorted());
});

await ready();
preemption.install();
test.run();
