import * as assert from 'uvu/assert';
import { Delivery, type Outcome, PendingEvent, type Subscription } from '../../src/delivery/pending.ts';
import { SerializationError } from '../../src/errors.ts';
import { EVENT_ID_LENGTH } from '../../src/event-id.ts';
import { BulkStore } from '../../src/pool/bulk-store.ts';
import { Dispatcher } from '../../src/pool/dispatcher.ts';
import type { HandlerThread } from '../../src/pool/handler-thread.ts';
import { DispatchConsumer } from '../../src/ring/dispatch-consumer.ts';
import { AWAKE, createRing, createThread, PARKED_ASIDE, THREAD, type ThreadMemory } from '../../src/ring/layout.ts';
import { overflows, park } from '../../src/ring/parking.ts';
import { FailureReason } from '../../src/types.ts';
import { tests } from '../helpers.ts';

const test = tests('pool/dispatcher');

const subscription = { index: 0, id: 'sub', name: 'sub', redeliver: true } as unknown as Subscription;

function delivery(n: number, characters = 0): Delivery {
  const eventId = String(n).padStart(EVENT_ID_LENGTH, 'a');
  const origin = { eventId, timestamp: 0, source: null, correlationId: null };
  const event = new PendingEvent(
    { eventType: 'test' } as never,
    `{"n":${n}${' '.repeat(characters)}}`,
    origin,
    undefined,
    0,
    false,
    undefined,
  );
  return new Delivery(event, subscription, 0, undefined);
}

function setUp(
  threads: number,
  settle: (delivery: Delivery, outcome: Outcome) => void = () => {},
  bulks?: Pick<BulkStore, 'put' | 'release'>,
): {
  ring: ReturnType<typeof createRing>;
  memories: ThreadMemory[];
  dispatcher: Dispatcher;
} {
  const ring = createRing({ slots: 8, bytes: 8192 });
  const memories = Array.from({ length: threads }, () => createThread(1, 64));
  const list = memories.map((memory) => ({ memory, role: 'active', post: () => {} })) as unknown as HandlerThread[];
  const dispatcher = new Dispatcher(ring, threads, (bulks as BulkStore) ?? new BulkStore(() => list), {
    settle,
    threads: () => list,
  });
  return { ring, memories, dispatcher };
}

const parkOf = (memory: ThreadMemory): number => memory.words[THREAD.PARK]!;

test('an event wakes the thread that waits for one, past one whose cells are full', () => {
  const { ring, memories, dispatcher } = setUp(2);
  const [full, idle] = memories as [ThreadMemory, ThreadMemory];
  park(ring, full, false);
  park(ring, idle, true);
  dispatcher.submit(delivery(1));
  assert.is(parkOf(idle), AWAKE);
  assert.is(parkOf(full), PARKED_ASIDE);
});

test('each event wakes one thread, as long as there are any', () => {
  const { ring, memories, dispatcher } = setUp(3);
  for (const memory of memories) park(ring, memory, true);
  for (let woken = 1; woken <= 3; woken++) {
    dispatcher.submit(delivery(woken));
    assert.is(memories.filter((memory) => parkOf(memory) === AWAKE).length, woken);
  }
});

test('a delivery goes by its number until it is settled, and its index serves another number then', () => {
  const { dispatcher } = setUp(0);
  const first = delivery(1);
  dispatcher.submit(first);
  const { id } = first;
  assert.is(dispatcher.find(id), first);
  assert.is(dispatcher.revoke(first), true);
  assert.is(dispatcher.find(id), undefined);
  const second = delivery(2);
  dispatcher.submit(second);
  assert.is.not(second.id, id);
  assert.is(dispatcher.find(second.id), second);
  assert.is(dispatcher.find(id), undefined);
});

test('what does not fit into the ring waits in order, behind what runs again', () => {
  const { ring, dispatcher } = setUp(0);
  const all = Array.from({ length: 10 }, (_, n) => delivery(n));
  const published = (): number[] => [...all.keys()].filter((n) => all[n]!.id !== 0);
  const thread = new DispatchConsumer(ring, 1, 1);
  const begin = (): void => {
    thread.claim(1);
    assert.ok(thread.start(thread.claimed[0]!));
    thread.release(thread.claimed[0]!);
  };
  for (const one of all) dispatcher.submit(one);
  assert.is(dispatcher.outstanding, 10);
  assert.equal(published(), [0, 1, 2, 3, 4, 5, 6, 7]);
  begin();
  dispatcher.resubmit(all[0]!, true);
  dispatcher.pump();
  assert.is(all[0]!.attempt, 2);
  assert.equal(published(), [0, 1, 2, 3, 4, 5, 6, 7]);
  begin();
  dispatcher.pump();
  assert.equal(published(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.is(dispatcher.revoke(all[9]!), true, 'from where it waits');
  assert.is(dispatcher.outstanding, 9);
});

test('a message for which there is no memory has failed, whether it is submitted or has waited', () => {
  const outcomes: (readonly [Delivery, Outcome])[] = [];
  const bulks = {
    put: (): never => {
      throw new RangeError('Array buffer allocation failed');
    },
    release: (): void => {},
  };
  const next = delivery(20, 4096);
  const { ring, dispatcher } = setUp(
    0,
    (one, outcome) => {
      outcomes.push([one, outcome]);
      // What hears of it may submit more, at the very moment.
      if (outcomes.length === 1) dispatcher.submit(next);
    },
    bulks,
  );
  const direct = delivery(0, 4096);
  dispatcher.submit(direct);
  assert.equal(
    outcomes.map(([one]) => one),
    [direct, next],
  );
  assert.is(dispatcher.outstanding, 0);

  const small = Array.from({ length: 9 }, (_, n) => delivery(n));
  const waits = delivery(9, 4096);
  const behind = delivery(10);
  for (const one of [...small, waits, behind]) dispatcher.submit(one);
  assert.is(outcomes.length, 2, 'it waits behind the ninth');
  const thread = new DispatchConsumer(ring, 1, 1);
  thread.claim(1);
  assert.ok(thread.start(thread.claimed[0]!));
  thread.release(thread.claimed[0]!);
  dispatcher.pump();
  assert.is(outcomes.length, 3);
  assert.is(outcomes[2]![0], waits);
  assert.is(dispatcher.outstanding, 10, 'one that runs, eight in the ring, and the one behind it');
  assert.is(dispatcher.revoke(behind), true);
  for (const [, { ok, reason, error }] of outcomes) {
    assert.equal([ok, reason, SerializationError.is(error)], [false, FailureReason.SERIALIZATION_ERROR, true]);
    assert.match(error!.message, /no memory to hand an event of \d+ bytes to a thread: Array buffer allocation failed/);
  }
});

test('threads are told when nothing waits outside the ring any more, also by a revocation', () => {
  const { ring, dispatcher } = setUp(0);
  const all = Array.from({ length: 11 }, (_, n) => delivery(n));
  for (const one of all) dispatcher.submit(one);
  assert.is(overflows(ring), true);
  assert.is(dispatcher.revoke(all[10]!), true);
  assert.is(overflows(ring), true);
  assert.is(dispatcher.revoke(all[9]!), true);
  assert.is(dispatcher.revoke(all[8]!), true);
  assert.is(overflows(ring), false);
  const again = delivery(11);
  dispatcher.submit(again);
  assert.is(overflows(ring), true);
  dispatcher.revokeAll(subscription, (one) => one !== again);
  assert.is(overflows(ring), false);
});

test.run();
