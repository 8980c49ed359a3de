import * as assert from 'uvu/assert';
import { cellDelivery, clearCell, fillCell, finishCell, loadCell, takeCell } from '../../src/ring/cells.ts';
import { CELL_EMPTY, CELL_RUNNING, createThread, stateOf, type ThreadMemory } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';
import { Actor } from './preemption.ts';
import {
  a,
  aloneA,
  b,
  emit,
  explored,
  interrupted,
  preemption,
  runB,
  type Subject,
  schedule,
  threadA,
  whole,
} from './schedules.ts';
import type { World } from './world.ts';
import { ready } from './world-thread.ts';

const test = tests('ring/interleaving');

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
