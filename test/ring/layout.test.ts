import * as assert from 'uvu/assert';
import { ProtocolError } from '../../src/errors.ts';
import {
  CELL,
  CELL_EMPTY,
  CELL_TAKEN,
  CELL_WORDS,
  CLAIMED,
  CONTROL,
  cellWord,
  createRing,
  createThread,
  distance,
  FREE,
  lapOf,
  MAX_OWNER,
  openRing,
  openThread,
  ownerOf,
  READY,
  RUNNING,
  SLOT,
  SLOT_WORDS,
  slotAt,
  slotWord,
  stateOf,
  THREAD,
  useOf,
} from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';

const test = tests('ring/layout');

const STATES = [FREE, READY, CLAIMED, RUNNING];

test('a slot word keeps lap, owner and state apart', () => {
  const seen = new Set<number>();
  for (const lap of [0, 1, 0x7_ffff, 0x8_0000, 0xf_ffff]) {
    for (const owner of [0, 1, 512, MAX_OWNER]) {
      for (const state of STATES) {
        const word = slotWord(lap, owner, state);
        assert.is(word, word | 0, 'fits an Int32');
        assert.is(stateOf(word), state);
        assert.is(ownerOf(word), owner);
        assert.not(seen.has(word), `lap=${lap} owner=${owner} state=${state} is a word of its own`);
        seen.add(word);
      }
    }
  }
  assert.is(slotWord(0x10_0003, 5, READY), slotWord(3, 5, READY), 'laps count modulo 2^20');
});

test('a cell word keeps use and state apart', () => {
  for (const use of [0, 1, 0x1fff_ffff, 0x3fff_ffff]) {
    const stored = new Int32Array([cellWord(use, CELL_TAKEN)])[0]!;
    assert.is(stateOf(stored), CELL_TAKEN);
    assert.is(useOf(stored), use);
    assert.is(cellWord(use, CELL_TAKEN), stored, 'is an Int32 itself, so that it compares to what is loaded');
  }
});

test('sequences are compared by signed distance, also over the ends of Int32', () => {
  assert.is(distance(5, 8), 3);
  assert.is(distance(8, 5), -3);
  assert.is(distance(0x7fff_ffff, -0x8000_0000), 1);
  assert.is(distance(-1, 0), 1);
  assert.is(distance(0, -1), -1);
});

for (const start of [0, 0x7fff_ff00, -256]) {
  test(`each sequence from ${start} on has the slot after its predecessor's, and a lap that changes at the ring's end`, () => {
    const ring = createRing({ slots: 64, bytes: 1024 }, start);
    let at = slotAt(ring, start);
    for (let i = 0; i < 1024; i++) {
      const sequence = (start + i) | 0;
      assert.is(slotAt(ring, sequence), at);
      const next = (sequence + 1) | 0;
      const sameLap = slotWord(lapOf(ring, sequence), 0, READY) === slotWord(lapOf(ring, next), 0, READY);
      assert.is(sameLap, slotAt(ring, next) !== 0);
      at = (at + SLOT_WORDS) % (64 * SLOT_WORDS);
    }
  });

  test(`a ring that begins at ${start} has every slot FREE for the sequence that comes to it first`, () => {
    const ring = createRing({ slots: 16, bytes: 1024 }, start);
    assert.is(ring.control[CONTROL.PUBLISHED], start);
    assert.is(ring.control[CONTROL.CLAIM_HINT], start);
    for (let i = 0; i < 16; i++) {
      const sequence = (start + i) | 0;
      assert.is(ring.slots[slotAt(ring, sequence) + SLOT.WORD], slotWord(lapOf(ring, sequence), 0, FREE));
    }
  });
}

test('an opened ring has the geometry it was made with, over the same memory', () => {
  const made = createRing({ slots: 32, bytes: 4096 }, 7);
  const opened = openRing(made.buffer);
  assert.is(opened.slotCount, 32);
  assert.is(opened.slotShift, 5);
  assert.is(opened.slots.length, 32 * SLOT_WORDS);
  assert.is(opened.bytes.length, 4096);
  made.slots.fill(-1);
  made.bytes.fill(0xaa);
  assert.is(opened.control[CONTROL.PUBLISHED], 7, 'slots and bytes begin behind the control words');
  assert.ok(opened.bytes.every((byte) => byte === 0xaa));
  opened.bytes.fill(0);
  assert.ok(
    made.slots.every((word) => word === -1),
    'bytes begin behind the slots',
  );
  assert.is(opened.bytes.byteOffset + opened.bytes.length, made.buffer.byteLength);
});

test('an opened thread block has the geometry it was made with, over the same memory', () => {
  const made = createThread(5, 2048);
  const opened = openThread(made.buffer);
  assert.is(opened.cellCount, 5);
  assert.is(opened.completions.bytes.length, 2048);
  assert.is(stateOf(opened.cells[0]!), CELL_EMPTY);
  made.words[THREAD.NODE] = 9;
  made.cells.fill(-1);
  made.completions.bytes.fill(0xaa);
  assert.is(opened.words[THREAD.NODE], 9);
  assert.ok(
    opened.cells.every((word) => word === -1),
    'the completion ring begins behind the cells',
  );
  assert.is(opened.completions.bytes.byteOffset % 8, 0, 'Float64 words of a record are aligned');
  assert.is(opened.completions.bytes.byteOffset + 2048, made.buffer.byteLength);
});

test("a cell's start time is a Float64 over its own words and no others", () => {
  const thread = createThread(3, 64);
  thread.times[(CELL_WORDS + CELL.START) >>> 1] = 1.5;
  const touched = [...thread.cells.keys()].filter((i) => thread.cells[i] !== 0);
  assert.ok(touched.length > 0);
  for (const word of touched)
    assert.ok(word >= CELL_WORDS + CELL.START && word < CELL_WORDS + CELL.START + 2, `word ${word}`);
  assert.is.not(CELL.DELIVERY, CELL.START);
});

test('words that different threads write stand 128 bytes apart', () => {
  for (const words of [Object.values(CONTROL), Object.values(THREAD)]) {
    const sorted = words.toSorted((a, b) => a - b);
    assert.ok(sorted[0]! >= 32, 'the header is on its own');
    for (let i = 1; i < sorted.length; i++) assert.ok(sorted[i]! - sorted[i - 1]! >= 32, `words ${sorted[i]}`);
  }
});

test('memory of another magic or version is refused, naming both', () => {
  for (const [word, value] of [
    [0, 0x1234],
    [1, 99],
  ] as const) {
    const ring = createRing({ slots: 2, bytes: 64 });
    new Int32Array(ring.buffer)[word] = value;
    assert.throws(
      () => openRing(ring.buffer),
      (error: unknown) => error instanceof ProtocolError && error.message.includes(String(value)),
    );
    const thread = createThread(1, 64);
    new Int32Array(thread.buffer)[word] = value;
    assert.throws(
      () => openThread(thread.buffer),
      (error: unknown) => error instanceof ProtocolError && error.message.includes(String(value)),
    );
  }
});

test.run();
