import * as assert from 'uvu/assert';
import { tests } from '../helpers.ts';
import {
  a,
  amongThree,
  b,
  emit,
  explored,
  type Gap,
  interrupted,
  preemption,
  runB,
  type Subject,
  shortA,
} from './schedules.ts';
import type { World } from './world.ts';
import { ready } from './world-thread.ts';

const test = tests('ring/interleaving, one interruption within another');

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

await ready();
preemption.install();
test.run();
