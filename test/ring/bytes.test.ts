import * as assert from 'uvu/assert';
import { readBytes, writeBytes } from '../../src/ring/bytes.ts';
import { tests } from '../helpers.ts';

const test = tests('ring/bytes');

const OFFSET = 13;

// On both sides of the size from which they are copied another way.
for (const size of [0, 1, 4095, 4096, 4097, 1 << 20]) {
  test(`${size} bytes into and out of shared memory, and not one beside them`, () => {
    const shared = Buffer.from(new SharedArrayBuffer(size + 64)).fill(0xee);
    const source = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff);
    writeBytes(shared, source, OFFSET);
    const read = readBytes(shared, OFFSET, OFFSET + size);
    assert.is(Buffer.compare(read, source), 0);
    assert.ok(shared.subarray(0, OFFSET).every((byte) => byte === 0xee));
    assert.ok(shared.subarray(OFFSET + size).every((byte) => byte === 0xee));

    // A handler may do with it what it likes: it is no Buffer, has its memory to itself, and that can be transferred.
    assert.is(Object.getPrototypeOf(read), Uint8Array.prototype);
    assert.equal([read.byteOffset, read.buffer.byteLength], [0, size]);
    if (size > 0) read[0] = source[0]! ^ 1;
    assert.is(Buffer.compare(readBytes(shared, OFFSET, OFFSET + size), source), 0);
    structuredClone(read, { transfer: [read.buffer] });
    assert.is(read.length, 0);
  });
}

test('a body that is itself a view of shared memory, or of a part of a buffer', () => {
  const shared = Buffer.alloc(20_000);
  const part = new Uint8Array(new SharedArrayBuffer(12_000), 1_000, 9_000).fill(7);
  writeBytes(shared, part, 5);
  assert.equal([shared[4], shared[5], shared[9_004], shared[9_005]], [0, 7, 7, 0]);
});

test.run();
