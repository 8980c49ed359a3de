import * as assert from 'uvu/assert';
import type { Delivery, Outcome } from '../../src/delivery/pending.ts';
import type { Completions } from '../../src/pool/completions.ts';
import type { Dispatcher } from '../../src/pool/dispatcher.ts';
import type { HandlerThread } from '../../src/pool/handler-thread.ts';
import { recoverThread } from '../../src/pool/recovery.ts';
import { fillCell } from '../../src/ring/cells.ts';
import { createThread, THREAD } from '../../src/ring/layout.ts';
import { delivery, subscription } from '../delivery/fixtures.ts';
import { tests } from '../helpers.ts';

const test = tests('pool/recovery');

/** What a thread leaves that ended with these deliveries in its cells; a start of 0: its module was being loaded. */
interface Death {
  readonly starts: readonly number[];
  /** From 1; 0: nobody was on the stack. */
  readonly executing?: number;
  /** Number of the delivery that the thread has named, from 1. */
  readonly culprit?: number;
  readonly killed?: boolean;
}

/** What became of each of them. */
function recovered({ starts, executing = 0, culprit = 0, killed = false }: Death, deliveries: Delivery[]): string[] {
  const memory = createThread(starts.length, 1024);
  for (const [cell, start] of starts.entries()) fillCell(memory, cell, cell + 1, start);
  Atomics.store(memory.words, THREAD.CULPRIT, culprit);
  const ends: string[] = starts.map(() => 'left alone');
  const end = (one: Delivery, what: string): void => {
    ends[deliveries.indexOf(one)] = what;
  };
  const dispatcher = {
    find: (id: number) => deliveries[id - 1],
    recover: () => [],
    resubmit: (one: Delivery, started: boolean) => end(one, started ? 'next attempt' : 'same attempt'),
    redeliver: (one: Delivery) => end(one, 'redelivered'),
    settle: (one: Delivery, { reason }: Outcome) => end(one, String(reason)),
  };
  const thread = { memory, owner: 1, killed, nodeThreadId: 1, executing: () => executing };
  const completions = { drain: () => 0, drainDead: () => {} };
  recoverThread(
    thread as unknown as HandlerThread,
    true,
    dispatcher as unknown as Dispatcher,
    completions as unknown as Completions,
  );
  return ends;
}

function some(count: number): Delivery[] {
  return Array.from({ length: count }, (_, i) => Object.assign(delivery(subscription()), { id: i + 1 }));
}

test('the one on the stack has ended it, the others run again', () => {
  const deliveries = some(3);
  assert.equal(recovered({ starts: [5, 6, 7], executing: 2 }, deliveries), [
    'redelivered',
    'worker_exit',
    'redelivered',
  ]);
  assert.equal(
    deliveries.map(({ suspicions }) => suspicions),
    [0, 0, 0],
  );
});

test('the one that the thread has named comes before the one on the stack', () => {
  assert.equal(recovered({ starts: [5, 6], executing: 2, culprit: 1 }, some(2)), ['worker_exit', 'redelivered']);
});

test('a thread that main has ended has no culprit among those that are left', () => {
  assert.equal(recovered({ starts: [5], executing: 1, killed: true }, some(1)), ['redelivered']);
});

test('the only one there has ended it; where several were there and none can be named, each is suspected', () => {
  assert.equal(recovered({ starts: [5] }, some(1)), ['worker_exit']);
  const deliveries = some(2);
  assert.equal(recovered({ starts: [5, 6] }, deliveries), ['redelivered', 'redelivered']);
  assert.equal(
    deliveries.map(({ suspicions }) => suspicions),
    [1, 1],
  );
});

test('what waited for its module has not started: it runs elsewhere as the same attempt, and ended nothing', () => {
  assert.equal(recovered({ starts: [0, 5] }, some(2)), ['same attempt', 'worker_exit']);
});

test.run();
