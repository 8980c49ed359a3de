import * as assert from 'uvu/assert';
import {
  cellDelivery,
  cellStart,
  clearCell,
  fillCell,
  finishCell,
  loadCell,
  setCellStart,
  takeCell,
} from '../../src/ring/cells.ts';
import {
  CELL,
  CELL_DONE,
  CELL_EMPTY,
  CELL_RUNNING,
  CELL_TAKEN,
  CELL_WORDS,
  cellWord,
  createThread,
  stateOf,
  useOf,
} from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';

const test = tests('ring/cells');

test('a filled cell shows its delivery and start, and no other cell does', () => {
  const thread = createThread(3, 64);
  fillCell(thread, 1, 0x7fff_fffe, 123.25);
  assert.is(stateOf(loadCell(thread, 1)), CELL_RUNNING);
  assert.is(cellDelivery(thread, 1), 0x7fff_fffe);
  assert.is(cellStart(thread, 1), 123.25);
  for (const other of [0, 2]) {
    assert.is(loadCell(thread, other), 0);
    assert.is(cellDelivery(thread, other), 0);
  }
  setCellStart(thread, 1, 200.5);
  assert.is(cellStart(thread, 1), 200.5);
  assert.is(cellDelivery(thread, 1), 0x7fff_fffe);
});

test('the thread finishes first: main takes nothing', () => {
  const thread = createThread(1, 64);
  fillCell(thread, 0, 7, 1);
  const seen = loadCell(thread, 0);
  assert.is(finishCell(thread, 0), true);
  assert.is(stateOf(loadCell(thread, 0)), CELL_DONE);
  assert.is(takeCell(thread, 0, seen), false);
  clearCell(thread, 0);
  assert.is(stateOf(loadCell(thread, 0)), CELL_EMPTY);
  assert.is(takeCell(thread, 0, seen), false);
});

test('main takes first: the thread finishes nothing, and its cell is free again', () => {
  const thread = createThread(1, 64);
  fillCell(thread, 0, 7, 1);
  assert.is(takeCell(thread, 0, loadCell(thread, 0)), true);
  assert.is(stateOf(loadCell(thread, 0)), CELL_TAKEN);
  assert.is(finishCell(thread, 0), false);
  clearCell(thread, 0);
  assert.is(stateOf(loadCell(thread, 0)), CELL_EMPTY);
});

test('a cell that was emptied and filled again is not what main had looked at', () => {
  const thread = createThread(1, 64);
  fillCell(thread, 0, 7, 1);
  const seen = loadCell(thread, 0);
  finishCell(thread, 0);
  clearCell(thread, 0);
  fillCell(thread, 0, 7, 1);
  assert.is(takeCell(thread, 0, seen), false);
  assert.is(finishCell(thread, 0), true);
});

test("a cell's uses wrap at 2^30 without touching its state", () => {
  const thread = createThread(1, 64);
  Atomics.store(thread.cells, CELL.WORD, cellWord(0x3fff_ffff, CELL_EMPTY));
  fillCell(thread, 0, 7, 1);
  const word = loadCell(thread, 0);
  assert.is(useOf(word), 0);
  assert.is(stateOf(word), CELL_RUNNING);
  assert.is(takeCell(thread, 0, word), true);
});

test('uses above 2^29 make negative words, which still compare', () => {
  const thread = createThread(2, 64);
  Atomics.store(thread.cells, CELL_WORDS + CELL.WORD, cellWord(0x2fff_ffff, CELL_EMPTY));
  fillCell(thread, 1, 9, 1);
  assert.ok(loadCell(thread, 1) < 0);
  assert.is(finishCell(thread, 1), true);
  clearCell(thread, 1);
  fillCell(thread, 1, 10, 1);
  assert.is(takeCell(thread, 1, loadCell(thread, 1)), true);
});

test.run();
