import * as assert from 'uvu/assert';
import { ByteRingConsumer, ByteRingProducer } from '../../src/ring/byte-ring.ts';
import type { ByteRingMemory } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';

const test = tests('ring/byte-ring');

const CAPACITY = 256;

function sides(start = 0, at = 0): { memory: ByteRingMemory; out: ByteRingProducer; into: ByteRingConsumer } {
  const buffer = new SharedArrayBuffer(64 + at + CAPACITY);
  const words = new Int32Array(buffer, 0, 16);
  words[0] = start;
  words[1] = start;
  const memory = { words, head: 0, tail: 1, bytes: Buffer.from(buffer, 64 + at, CAPACITY) };
  return { memory, out: new ByteRingProducer(memory), into: new ByteRingConsumer(memory) };
}

/** Writes `size` bytes of `fill`; false when there is no room. */
function write(out: ByteRingProducer, kind: number, size: number, fill: number): boolean {
  const at = out.reserve(size);
  if (at === -1) return false;
  out.bytes.fill(fill, at, at + size);
  out.write(kind, size);
  out.publish();
  return true;
}

function read(into: ByteRingConsumer, head: number): { kind: number; size: number; fill: number } | undefined {
  const at = into.next(head);
  if (at === -1) return undefined;
  return { kind: into.kind, size: into.size, fill: into.bytes[at]! };
}

test('records come out in order, with their kind, and their room comes back on release', () => {
  const { out, into } = sides();
  for (let i = 1; i <= 3; i++) write(out, i, 10, i);
  assert.is(into.lag, 72);
  const head = into.head();
  for (let i = 1; i <= 3; i++) assert.equal(read(into, head), { kind: i, size: 16, fill: i });
  assert.is(into.next(head), -1);
  assert.is(into.lag, 0);
});

test('a record is invisible until it is published', () => {
  const { out, into } = sides();
  const at = out.reserve(8);
  out.bytes[at] = 1;
  out.write(1, 8);
  assert.is(into.next(into.head()), -1);
  out.publish();
  assert.equal(read(into, into.head()), { kind: 1, size: 8, fill: 1 });
});

test('a record takes what was written, not what was reserved', () => {
  const { out, into } = sides();
  assert.is.not(out.reserve(100), -1);
  out.write(1, 4);
  out.publish();
  assert.is(into.lag, 16);
});

test('a reserved record that is not published is written over by the next', () => {
  const { out, into } = sides();
  out.reserve(8);
  out.write(1, 8);
  write(out, 2, 8, 9);
  assert.equal(read(into, into.head()), { kind: 2, size: 8, fill: 9 });
  assert.is(into.next(into.head()), -1);
});

test('a full ring refuses until the consumer releases, and nothing is overwritten', () => {
  const { out, into } = sides();
  let written = 0;
  while (write(out, 1, 24, written + 1)) written++;
  assert.is(written, 8, 'exactly full');
  const head = into.head();
  assert.equal(read(into, head), { kind: 1, size: 24, fill: 1 });
  assert.is(write(out, 1, 24, 99), false, 'stepped over is not released');
  into.release();
  assert.is(write(out, 1, 24, 9), true);
  assert.is(write(out, 1, 24, 10), false);
  const fills: (number | undefined)[] = [];
  for (let one = read(into, into.head()); one !== undefined; one = read(into, into.head())) fills.push(one.fill);
  assert.equal(fills, [2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a record that does not fit before the end begins at 0, and the rest is skipped', () => {
  const { out, into } = sides();
  for (let i = 0; i < 5; i++) write(out, 1, 32, i);
  for (let i = 0; i < 5; i++) read(into, into.head());
  into.release();
  // 56 bytes are left before the end.
  const at = out.reserve(64);
  assert.is(at, 8);
  out.bytes.fill(7, at, at + 64);
  out.write(2, 64);
  out.publish();
  assert.is(into.lag, 56 + 72);
  assert.equal(read(into, into.head()), { kind: 2, size: 64, fill: 7 });
  into.release();
  assert.is(into.lag, 0);
});

test('the skipped rest counts as room that is taken', () => {
  const { out, into } = sides();
  for (let i = 0; i < 5; i++) write(out, 1, 32, i);
  for (let i = 0; i < 2; i++) read(into, into.head());
  into.release();
  // Before the end 56 are left, behind it 80: 72 fit only behind it, 88 nowhere.
  assert.is(out.reserve(80), -1);
  assert.is.not(out.reserve(48), -1);
  assert.is.not(out.reserve(64), -1);
});

test('a record after a skip that was given up takes the place before the end', () => {
  const { out, into } = sides();
  for (let i = 0; i < 5; i++) write(out, 1, 32, i);
  for (let i = 0; i < 5; i++) read(into, into.head());
  into.release();
  assert.is(out.reserve(64), 8, 'skips');
  write(out, 3, 40, 5);
  assert.equal(read(into, into.head()), { kind: 3, size: 40, fill: 5 });
  assert.is(into.lag, 0);
});

test('a record that ends at the end is followed by one at 0', () => {
  const { out, into } = sides();
  for (let i = 0; i < 4; i++) write(out, i, 56, i);
  for (let i = 0; i < 4; i++) assert.is(read(into, into.head())?.kind, i);
  into.release();
  assert.is(out.reserve(8), 8);
});

test('a record whose producer died before it published it can be read by who knows of it', () => {
  for (const before of [0, 5]) {
    const { out, into } = sides();
    for (let i = 0; i < before; i++) write(out, 1, 32, i);
    for (let i = 0; i < before; i++) read(into, into.head());
    into.release();
    const at = out.reserve(64);
    out.bytes.fill(8, at, at + 64);
    out.write(5, 64);
    assert.is(into.next(into.head()), -1);
    const found = into.unpublished();
    assert.is(found, at, before === 0 ? 'in place' : 'behind a skip');
    assert.is(into.kind, 5);
    assert.is(into.size, 64);
    assert.is(into.bytes[found], 8);
  }
});

test('one head serves a batch: what comes later waits for the next', () => {
  const { out, into } = sides();
  write(out, 1, 8, 1);
  const head = into.head();
  write(out, 2, 8, 2);
  assert.is(read(into, head)?.kind, 1);
  assert.is(read(into, head), undefined);
  assert.is(read(into, into.head())?.kind, 2);
});

test('a record of no bytes, and one of the largest size', () => {
  const { out, into } = sides();
  assert.is(out.maxBytes, CAPACITY / 8 - 8);
  write(out, 1, 0, 0);
  write(out, 2, out.maxBytes, 3);
  const head = into.head();
  assert.is(read(into, head)?.size, 0);
  assert.equal(read(into, head), { kind: 2, size: 24, fill: 3 });
});

test('another side that opens the memory goes on where it stands', () => {
  const { memory, out, into } = sides();
  write(out, 1, 8, 1);
  write(out, 2, 8, 2);
  read(into, into.head());
  into.release();
  const later = new ByteRingConsumer(memory);
  write(new ByteRingProducer(memory), 3, 8, 3);
  assert.equal(read(later, later.head()), { kind: 2, size: 8, fill: 2 });
  assert.equal(read(later, later.head()), { kind: 3, size: 8, fill: 3 });
});

test('Int32 and Float64 words of a record are those of its bytes, wherever the ring begins', () => {
  for (const at of [0, 64]) {
    const { out, into } = sides(0, at);
    const where = out.reserve(24);
    out.ints[where >>> 2] = -5;
    out.doubles[(where + 8) >>> 3] = 2.5;
    out.bytes[where + 16] = 77;
    out.write(1, 24);
    out.publish();
    const found = into.next(into.head());
    assert.is(into.bytes.readInt32LE(found), -5);
    assert.is(into.doubles[(found + 8) >>> 3], 2.5);
    assert.is(into.bytes[found + 16], 77);
  }
});

for (const start of [0x7fff_ff00, -256]) {
  test(`positions from ${start} on hold over their wrap`, () => {
    const { out, into } = sides(start);
    let next = 0;
    let expected = 0;
    for (let round = 0; round < 300; round++) {
      while (write(out, next & 0xff, 1 + (next % 24), next & 0xff)) next++;
      const head = into.head();
      const part = 1 + (round % 5);
      for (let i = 0; i < part; i++) {
        const one = read(into, head);
        if (one === undefined) break;
        assert.is(one.kind, expected & 0xff);
        assert.is(one.fill, expected & 0xff);
        expected++;
      }
      into.release();
    }
    assert.ok(expected > 300);
  });
}

test.run();
