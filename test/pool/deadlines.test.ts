import * as assert from 'uvu/assert';
import { monotonicMs } from '../../src/clock.ts';
import { Deadlines } from '../../src/pool/deadlines.ts';
import { tests } from '../helpers.ts';

const test = tests('pool/deadlines');

/** Milliseconds until the next scan, when something may start at any time. */
function nextIn(deadlines: Deadlines): number {
  const before = monotonicMs();
  return deadlines.scan() - before;
}

test('what may start is looked at as often as the shortest timeout of those that are left asks for', () => {
  const deadlines = new Deadlines({
    threads: () => [],
    find: () => undefined,
    settle: () => {},
    kill: () => {},
    ended: () => {},
    costThread: () => {},
    drain: () => {},
    outstanding: () => true,
    loadTimeoutMs: 1_000,
  });
  assert.is(nextIn(deadlines), Number.POSITIVE_INFINITY);
  for (const timeoutMs of [1_000_000, 1_000, 1_000]) deadlines.addTimeout(timeoutMs);
  assert.ok(nextIn(deadlines) < 500_000);
  deadlines.removeTimeout(1_000);
  assert.ok(nextIn(deadlines) < 500_000, 'another one is as short');
  deadlines.removeTimeout(1_000);
  assert.ok(nextIn(deadlines) >= 1_000_000);
  deadlines.removeTimeout(1_000_000);
  assert.is(nextIn(deadlines), Number.POSITIVE_INFINITY);
});

test.run();
