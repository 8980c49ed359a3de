import * as assert from 'uvu/assert';
import type { Message } from '../../src/ring/dispatch-producer.ts';
import {
  CONTROL,
  FLAG_ASCII,
  FLAG_BULK,
  FLAG_HAS_BODY,
  FLAG_WANTS_VALUE,
  SLOT,
  slotAt,
} from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';
import { message, readSlot, runAll, runSlot } from './messages.ts';
import { nth, sides } from './sides.ts';

const test = tests('ring/dispatch-producer');

test('a slot carries all that a handler needs', () => {
  const { ring, producer, consumer } = sides(4, 1024);
  const sequence = producer.publish(message('{"a":1}'), 77, 5, 3, FLAG_WANTS_VALUE);
  assert.is(sequence, 0);
  assert.is(ring.control[CONTROL.PUBLISHED], 1);
  assert.is(consumer.claim(8), 1);
  assert.equal(runSlot(consumer, consumer.claimed[0]!), {
    delivery: 77,
    subscription: 5,
    attempt: 3,
    flags: FLAG_WANTS_VALUE | FLAG_ASCII,
    text: '{"a":1}',
    body: undefined,
    cut: [1, 6],
    timestamp: 7.5,
  });
});

test('text that is not ASCII, and bodies, come out as they went in', () => {
  const { producer, consumer } = sides(8, 1024);
  const body = Uint8Array.from([0, 255, 1, 254, 10]);
  const given: Message[] = [
    message('grün, 漢字, 😀'),
    message('é'),
    message('plain', body),
    message('😀', body),
    message('x', new Uint8Array(0)),
  ];
  for (const [i, one] of given.entries()) producer.publish(one, i + 1, 0, 1, 0);
  const got = runAll(consumer);
  assert.equal(
    got.map(({ text }) => text),
    given.map(({ text }) => text),
  );
  assert.equal(
    got.map((read) => read.body),
    given.map((one) => one.body),
  );
  assert.equal(
    got.map(({ flags }) => flags & FLAG_ASCII),
    [0, 0, FLAG_ASCII, 0, FLAG_ASCII],
  );
  assert.is(got[4]!.flags & FLAG_HAS_BODY, FLAG_HAS_BODY, 'an empty body is a body');
});

test('a full ring refuses, leaves nothing half done, and takes again what is freed', () => {
  const { ring, producer, consumer, publish } = sides(4, 1024);
  for (let i = 0; i < 4; i++) assert.is(publish(message(nth(i)), i + 1), i);
  const bytes = producer.bytesUsed;
  assert.is(publish(message(nth(4)), 5), undefined);
  assert.is(ring.control[CONTROL.PUBLISHED], 4);
  assert.is(producer.bytesUsed, bytes);
  assert.is(producer.used, 4);
  assert.is(consumer.claim(1), 1);
  assert.is(publish(message(nth(4)), 5), undefined, 'a claimed slot is in use');
  assert.ok(consumer.start(0));
  assert.is(publish(message(nth(4)), 5), undefined, 'a slot is in use while it is being read');
  consumer.release(0);
  assert.is(publish(message(nth(4)), 5), 4);
  assert.is(publish(message(nth(5)), 6), undefined);
  assert.equal(
    runAll(consumer).map(({ text }) => text),
    [1, 2, 3, 4].map((n) => nth(n)),
  );
  producer.reclaim();
  assert.is(producer.used, 0);
  assert.is(producer.bytesUsed, 0);
});

test('slots are reclaimed in order: one that is held keeps those behind it', () => {
  const { producer, consumer, publish } = sides(4, 1024);
  for (let i = 0; i < 4; i++) publish(message(nth(i)), i + 1);
  consumer.claim(1);
  const held = consumer.claimed[0]!;
  for (let i = 0; i < 3; i++) {
    consumer.claim(1);
    runSlot(consumer, consumer.claimed[0]!);
  }
  producer.reclaim();
  assert.is(producer.used, 4);
  runSlot(consumer, held);
  producer.reclaim();
  assert.is(producer.used, 0);
});

test('bytes run out before slots do, and come back with them', () => {
  const { producer, consumer, publish } = sides(64, 1024);
  let count = 0;
  while (publish(message(nth(count)), count + 1) !== undefined) count++;
  assert.ok(count >= 20 && count < 64, `published ${count}`);
  assert.ok(producer.bytesUsed <= 1024);
  consumer.claim(1);
  runSlot(consumer, consumer.claimed[0]!);
  for (let i = 0; i < 3; i++) {
    consumer.claim(1);
    runSlot(consumer, consumer.claimed[0]!);
  }
  assert.is(publish(message(nth(count)), 99), count);
  const lines = runAll(consumer).map(({ text }) => text);
  assert.equal(
    lines,
    Array.from({ length: count - 3 }, (_, i) => nth(i + 4)),
  );
});

test('a text stands in one piece: what does not fit before the end begins at 0', () => {
  const { ring, consumer, publish } = sides(64, 1024);
  for (let i = 0; i < 200; i++) {
    const text = nth(i, 30 + (i % 11));
    const sequence = publish(message(text), i + 1);
    assert.is(sequence, i);
    const at = slotAt(ring, sequence!);
    assert.ok(ring.slots[at + SLOT.BYTE_OFFSET]! + ring.slots[at + SLOT.TEXT_BYTES]! <= 1024);
    if (i % 7 !== 6) continue;
    const lines = runAll(consumer).map((read) => read.text);
    assert.equal(
      lines,
      Array.from({ length: lines.length }, (_, k) =>
        nth(i - lines.length + 1 + k, 30 + ((i - lines.length + 1 + k) % 11)),
      ),
    );
  }
});

test('deliveries of one message share its bytes', () => {
  const { ring, producer, consumer, publish } = sides(16, 1024);
  const shared = message(nth(1), new Uint8Array(20).fill(7));
  publish(shared, 1);
  const used = producer.bytesUsed;
  assert.is(used, 60);
  publish(shared, 2);
  publish(shared, 3);
  assert.is(producer.bytesUsed, used);
  assert.is(ring.slots[slotAt(ring, 2) + SLOT.BYTE_OFFSET], ring.slots[slotAt(ring, 0) + SLOT.BYTE_OFFSET]);
  const got = runAll(consumer);
  assert.equal(
    got.map(({ delivery, text, body }) => [delivery, text, body?.length]),
    [1, 2, 3].map((n) => [n, shared.text, 20]),
  );
});

test('shared bytes stay while any slot of the message is in use', () => {
  const { ring, consumer, publish } = sides(256, 1024);
  const shared = message(nth(0));
  publish(shared, 1);
  publish(shared, 2);
  consumer.claim(1);
  assert.is(runSlot(consumer, 0)?.text, nth(0));
  // The second delivery is held back; everything that the ring takes meanwhile goes around it.
  consumer.claim(1);
  for (let i = 1, full = false; !full; i++) full = publish(message(nth(i, 6)), i + 2) === undefined;
  assert.is(readSlot(ring, 1).text, nth(0));
  assert.is(runSlot(consumer, 1)?.text, nth(0));
});

test('shared bytes stay when a slot without bytes stands between', () => {
  const { ring, producer, consumer, publish } = sides(256, 1024);
  const shared = message(nth(0));
  publish(shared, 1);
  producer.publish(message('out of text'), 2, 0, 1, FLAG_BULK, { key: 41, textBytes: 5000, ascii: false });
  publish(shared, 3);
  consumer.claim(1);
  runSlot(consumer, 0);
  producer.reclaim();
  for (let i = 1, full = false; !full; i++) full = publish(message(nth(i, 6)), i + 3) === undefined;
  assert.is(readSlot(ring, 2).text, nth(0));
});

test('a message is written again once its bytes have been given back', () => {
  const { producer, consumer, publish } = sides(256, 1024);
  const again = message(nth(0));
  publish(again, 1);
  runAll(consumer);
  producer.reclaim();
  publish(again, 2);
  assert.is(producer.bytesUsed, 40);
  for (let i = 1, full = false; !full; i++) full = publish(message(nth(i, 6)), i + 2) === undefined;
  assert.is(runAll(consumer)[0]?.text, nth(0));
});

test('a message out of text takes a slot with its key and no bytes', () => {
  const { ring, producer } = sides(4, 1024);
  const sequence = producer.publish(message('x'.repeat(5000)), 1, 2, 3, FLAG_BULK, {
    key: 41,
    textBytes: 5000,
    ascii: false,
  })!;
  const at = slotAt(ring, sequence);
  assert.is(ring.slots[at + SLOT.BYTE_OFFSET], 41);
  assert.is(ring.slots[at + SLOT.FLAGS], FLAG_BULK);
  assert.is(producer.bytesUsed, 0);
  assert.is(producer.maxMessageBytes, 128);
});

test.run();
