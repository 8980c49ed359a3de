import * as assert from 'uvu/assert';
import { DispatchConsumer } from '../../src/ring/dispatch-consumer.ts';
import { DispatchProducer } from '../../src/ring/dispatch-producer.ts';
import {
  CLAIMED,
  CONTROL,
  createRing,
  FREE,
  lapOf,
  ownerOf,
  READY,
  type RingMemory,
  RUNNING,
  slotAt,
  slotWord,
  stateOf,
} from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';
import { message, runAll, runSlot } from './messages.ts';

const test = tests('ring/dispatch-consumer');

function published(count: number, slots = 64, start = 0): { ring: RingMemory; producer: DispatchProducer } {
  const ring = createRing({ slots, bytes: 4096 }, start);
  const producer = new DispatchProducer(ring);
  for (let i = 0; i < count; i++) producer.publish(message(`m${i}`), i + 1, 0, 1, 0);
  return { ring, producer };
}

test('an empty ring gives nothing', () => {
  const { ring } = published(0);
  const consumer = new DispatchConsumer(ring, 1, 1);
  assert.is(consumer.backlog, 0);
  assert.is(consumer.claim(8), 0);
  assert.is(consumer.steal(), false);
  assert.is(consumer.canSteal(), false);
  assert.is(ring.control[CONTROL.CLAIM_HINT], 0);
});

test('a claim leaves the other threads their part, and takes at least one', () => {
  const shares = (backlog: number, threads: number, most: number): number => {
    const { ring } = published(backlog, 128);
    return new DispatchConsumer(ring, 1, threads).claim(most);
  };
  assert.is(shares(1, 4, 32), 1);
  assert.is(shares(15, 4, 32), 1);
  assert.is(shares(16, 4, 32), 2);
  assert.is(shares(40, 2, 32), 10);
  assert.is(shares(40, 2, 3), 3, 'no more than asked for');
  assert.is(shares(128, 1, 1000), 32, 'no more than a batch');
});

test('claimed sequences are the oldest, in order, and marked with their owner', () => {
  const { ring } = published(20);
  const consumer = new DispatchConsumer(ring, 9, 1);
  assert.is(consumer.claim(4), 4);
  assert.equal(Array.from(consumer.claimed.subarray(0, 4)), [0, 1, 2, 3]);
  for (const sequence of [0, 1, 2, 3]) {
    const word = ring.slots[slotAt(ring, sequence)]!;
    assert.is(stateOf(word), CLAIMED);
    assert.is(ownerOf(word), 9);
  }
  assert.is(stateOf(ring.slots[slotAt(ring, 4)]!), READY);
  assert.is(consumer.backlog, 16);
});

test('no two owners claim one slot, and every slot is claimed', () => {
  const { ring } = published(60);
  const owners = [1, 2, 3].map((owner) => new DispatchConsumer(ring, owner, 3));
  const seen: number[] = [];
  for (let idle = 0, turn = 0; idle < 3; turn++) {
    const consumer = owners[turn % 3]!;
    const count = consumer.claim(32);
    idle = count === 0 ? idle + 1 : 0;
    seen.push(...consumer.claimed.slice(0, count));
  }
  assert.equal(
    seen.toSorted((a, b) => a - b),
    Array.from({ length: 60 }, (_, i) => i),
  );
});

test('a slot is RUNNING while it is read, and FREE for its next lap after', () => {
  const { ring } = published(1, 4);
  const consumer = new DispatchConsumer(ring, 5, 1);
  consumer.claim(1);
  assert.is(consumer.start(0), true);
  assert.is(ring.slots[0], slotWord(0, 5, RUNNING));
  assert.is(consumer.start(0), false, 'once');
  consumer.release(0);
  assert.is(ring.slots[0], slotWord(lapOf(ring, 4), 0, FREE));
  assert.is(consumer.start(0), false);
});

test('a thief takes what its owner has not come to, one at a time, oldest first', () => {
  const { ring } = published(3);
  const slow = new DispatchConsumer(ring, 1, 1);
  const idle = new DispatchConsumer(ring, 2, 1);
  assert.is(slow.claim(2), 1);
  slow.claim(2);
  slow.claim(2);
  assert.ok(slow.start(0));
  assert.is(idle.claim(8), 0);
  assert.is(idle.canSteal(), true);
  assert.is(idle.steal(), true);
  assert.is(idle.claimed[0], 1);
  assert.is(slow.start(1), false, 'the owner finds it stolen');
  assert.is(runSlot(idle, 1)?.delivery, 2);
  assert.is(idle.steal(), true);
  assert.is(idle.claimed[0], 2);
  assert.is(slow.steal(), true, 'and may steal it back');
  assert.is(idle.start(2), false);
  assert.is(runSlot(slow, 2)?.delivery, 3);
  assert.is(idle.canSteal(), false, 'what runs is not stolen');
  assert.is(idle.steal(), false);
});

test('a thread does not steal from itself', () => {
  const { ring } = published(2);
  const consumer = new DispatchConsumer(ring, 1, 1);
  consumer.claim(1);
  consumer.claim(1);
  assert.is(consumer.canSteal(), false);
  assert.is(consumer.steal(), false);
  assert.ok(consumer.start(0));
  assert.ok(consumer.start(1));
});

test('a READY slot that the hint has passed is found', () => {
  const { ring } = published(4);
  // A thread moved the hint and went no further.
  Atomics.store(ring.control, CONTROL.CLAIM_HINT, 4);
  const consumer = new DispatchConsumer(ring, 1, 1);
  assert.is(consumer.claim(8), 0);
  for (const sequence of [0, 1, 2, 3]) {
    assert.is(consumer.canSteal(), true);
    assert.is(consumer.steal(), true);
    assert.is(consumer.claimed[0], sequence);
    runSlot(consumer, sequence);
  }
  assert.is(consumer.steal(), false);
});

test('a thread that begins later finds what others had claimed before', () => {
  const { ring } = published(8);
  const slow = new DispatchConsumer(ring, 1, 1);
  while (slow.claim(32) > 0);
  assert.ok(slow.start(0));
  const late = new DispatchConsumer(ring, 2, 1);
  assert.is(late.canSteal(), true);
  assert.is(late.steal(), true);
  assert.is(late.claimed[0], 1);
});

test('what has come back READY before the place of the last search is found again', () => {
  const { ring, producer } = published(4);
  const dying = new DispatchConsumer(ring, 1, 1);
  const idle = new DispatchConsumer(ring, 2, 1);
  while (dying.claim(1) > 0);
  assert.ok(dying.start(0));
  assert.is(idle.steal(), true, 'sequence 1');
  runSlot(idle, 1);
  assert.is(idle.canSteal(), true);
  assert.is(producer.recover(1, true).returned, 2);
  assert.equal(
    runAll(idle).map(({ delivery }) => delivery),
    [3, 4],
  );
});

test('a claim goes on behind slots that others hold', () => {
  const { ring } = published(6);
  const other = new DispatchConsumer(ring, 1, 1);
  const consumer = new DispatchConsumer(ring, 2, 1);
  assert.is(other.claim(3), 3);
  // As after a rewind for a slot that is gone by now.
  Atomics.store(ring.control, CONTROL.CLAIM_HINT, 0);
  assert.is(consumer.claim(1), 1);
  assert.is(consumer.claimed[0], 3);
});

/** Runs with Atomics.load counted, and gives up on the count: an endless loop can't be ended from outside. */
function loads(limit: number, run: () => void): number {
  const { load } = Atomics;
  let count = 0;
  Atomics.load = ((...args: Parameters<typeof load>) => {
    if (++count > limit) throw new Error(`more than ${limit} loads`);
    return load(...args);
  }) as typeof load;
  try {
    run();
  } finally {
    Atomics.load = load;
  }
  return count;
}

test('a search looks at one lap at most, however long the thread has not searched', () => {
  for (const missed of [1000, 0x7fff_ffff, -0x8000_0000, -1000]) {
    const ring = createRing({ slots: 16, bytes: 1024 }, 100);
    const consumer = new DispatchConsumer(ring, 1, 1);
    // As if so many had come and gone meanwhile.
    const now = (100 + missed) | 0;
    Atomics.store(ring.control, CONTROL.PUBLISHED, now);
    Atomics.store(ring.control, CONTROL.OLDEST, (now - 16) | 0);
    const last = (now - 1) | 0;
    ring.slots[slotAt(ring, last)] = slotWord(lapOf(ring, last), 2, CLAIMED);
    loads(100, () => {
      assert.is(consumer.steal(), true);
    });
    assert.is(consumer.claimed[0], last);
  }
});

test('a thread that has never searched looks at no slot that main has seen free', () => {
  const { ring, producer } = published(64);
  const early = new DispatchConsumer(ring, 2, 1);
  assert.is(runAll(new DispatchConsumer(ring, 1, 1)).length, 64);
  producer.reclaim();
  assert.ok(loads(1000, () => early.steal()) <= 2, 'one that was there before');
  const late = new DispatchConsumer(ring, 3, 1);
  assert.ok(loads(1000, () => late.steal()) <= 2, 'one that has come later');
});

test('a search goes on where nothing is held any more', () => {
  const { ring } = published(64);
  const busy = new DispatchConsumer(ring, 1, 1);
  const idle = new DispatchConsumer(ring, 2, 1);
  assert.is(runAll(busy).length, 64);
  assert.is(idle.steal(), false);
  assert.ok(loads(1000, () => idle.steal()) <= 2, 'the second time it has nothing to look at');
});

for (const start of [0x7fff_ff00, -256]) {
  test(`claims and thefts hold over the wrap of sequences from ${start} on`, () => {
    const ring = createRing({ slots: 8, bytes: 4096 }, start);
    const producer = new DispatchProducer(ring);
    const slow = new DispatchConsumer(ring, 1, 1);
    const idle = new DispatchConsumer(ring, 2, 1);
    for (let i = 0; i < 600; i += 3) {
      for (let k = 0; k < 3; k++)
        assert.is(producer.publish(message(`m${i + k}`), i + k + 1, 0, 1, 0), (start + i + k) | 0);
      assert.is(slow.backlog, 3);
      const claims: number[] = [];
      while (slow.claim(1) > 0) claims.push(slow.claimed[0]!);
      assert.equal(
        claims,
        [start + i, start + i + 1, start + i + 2].map((n) => n | 0),
      );
      assert.is(runSlot(slow, claims[0]!)?.text, `m${i}`);
      for (const k of [1, 2]) {
        assert.is(idle.steal(), true);
        assert.is(idle.claimed[0], claims[k]);
        assert.is(runSlot(idle, claims[k]!)?.text, `m${i + k}`);
      }
      assert.is(idle.steal(), false);
    }
  });
}

test.run();
