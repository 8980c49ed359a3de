import * as assert from 'uvu/assert';
import { DispatchConsumer } from '../../src/ring/dispatch-consumer.ts';
import { CONTROL, FREE, lapOf, slotAt, slotWord } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';
import { message, runAll } from './messages.ts';
import { nth, sides } from './sides.ts';

const test = tests('ring: revoke and recovery');

test('revoke takes back what no handler has started, and only this delivery', () => {
  const { producer, consumer, publish } = sides(4, 1024);
  for (let i = 0; i < 4; i++) publish(message(nth(i)), i + 10);
  assert.is(producer.revoke(0, 99), false, 'another delivery');
  assert.is(producer.revoke(0, 10), true, 'READY');
  assert.is(producer.revoke(0, 10), false, 'once');
  consumer.claim(4);
  const [first] = consumer.claimed;
  assert.is(first, 1, 'the claim goes on behind the revoked one');
  assert.is(producer.revoke(1, 11), true, 'CLAIMED');
  assert.is(consumer.start(1), false, 'its owner finds it gone');
  consumer.claim(4);
  const second = consumer.claimed[0]!;
  assert.ok(consumer.start(second));
  assert.is(producer.revoke(second, second + 10), false, 'RUNNING');
  consumer.release(second);
  assert.is(producer.revoke(second, second + 10), false, 'freed');
  assert.is(producer.revoke(4, 14), false, 'not published yet');
  assert.equal(
    runAll(consumer).map(({ delivery }) => delivery),
    [13],
  );
  producer.reclaim();
  assert.is(producer.used, 0);
});

test('revoke of a sequence whose slot holds a later lap takes nothing', () => {
  const { producer, consumer, publish } = sides(2, 1024);
  publish(message(nth(0)), 7);
  runAll(consumer);
  publish(message(nth(1)), 8);
  publish(message(nth(2)), 7);
  assert.is(producer.revoke(0, 7), false);
  assert.equal(
    runAll(consumer).map(({ delivery }) => delivery),
    [8, 7],
  );
});

test("recover puts a dead owner's claims back, frees what it was starting, touches nobody else's", () => {
  const { ring, producer, publish } = sides(8, 1024);
  const dead = new DispatchConsumer(ring, 1, 1);
  const alive = new DispatchConsumer(ring, 2, 1);
  for (let i = 0; i < 6; i++) publish(message(nth(i)), i + 10);
  assert.is(dead.claim(3), 3);
  assert.ok(dead.start(1));
  assert.is(alive.claim(1), 1);
  assert.ok(alive.start(3));
  assert.is(alive.claim(1), 1);
  assert.equal(producer.recover(1, false), { returned: 2, started: [] });
  assert.is(ring.control[CONTROL.CLAIM_HINT], 0);
  assert.equal(producer.recover(1, true), { returned: 0, started: [11] });
  assert.is(ring.slots[slotAt(ring, 1)], slotWord(lapOf(ring, 9), 0, FREE));
  assert.equal(
    runAll(dead).map(({ delivery }) => delivery),
    [10, 12, 15],
  );
  assert.ok(alive.start(4), "the living owner's claim stands");
});

test('rewind goes to the oldest READY slot, never forward', () => {
  const { ring, producer, publish } = sides(8, 1024);
  for (let i = 0; i < 4; i++) publish(message(nth(i)), i + 1);
  // A thread that died between moving the hint and claiming.
  Atomics.store(ring.control, CONTROL.CLAIM_HINT, 3);
  producer.rewind();
  assert.is(ring.control[CONTROL.CLAIM_HINT], 0);
  producer.revoke(0, 1);
  producer.revoke(1, 2);
  producer.rewind();
  assert.is(ring.control[CONTROL.CLAIM_HINT], 0, 'not forward');
  Atomics.store(ring.control, CONTROL.CLAIM_HINT, 4);
  producer.rewind();
  assert.is(ring.control[CONTROL.CLAIM_HINT], 2);
});

for (const start of [0x7fff_ff00, -256]) {
  test(`slots, laps, revoke and recovery hold over the wrap of sequences from ${start} on`, () => {
    const { ring, producer, consumer, publish } = sides(8, 1024, start);
    const other = new DispatchConsumer(ring, 2, 1);
    let expected = 0;
    let sequence = start;
    for (let i = 0; i < 600; i += 4) {
      for (let k = 0; k < 4; k++) {
        assert.is(publish(message(nth(i + k)), i + k + 1), sequence);
        sequence = (sequence + 1) | 0;
      }
      assert.is(other.claim(1), 1, 'about to die');
      assert.is(producer.revoke((sequence - 1) | 0, i + 4), true);
      assert.is(producer.recover(2, true).returned, 1);
      for (const { delivery, text } of runAll(consumer)) {
        assert.is(delivery, expected + 1);
        assert.is(text, nth(expected));
        expected += expected % 4 === 2 ? 2 : 1;
      }
    }
    assert.is(expected, 600);
    producer.reclaim();
    assert.is(producer.used, 0);
    assert.is(producer.bytesUsed, 0);
  });
}

test.run();
