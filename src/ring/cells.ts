import {
  CELL,
  CELL_DONE,
  CELL_EMPTY,
  CELL_RUNNING,
  CELL_TAKEN,
  CELL_WORDS,
  cellWord,
  type ThreadMemory,
  useOf,
} from './layout.ts';

/*
 * In-flight cells: what a thread is running, where the main thread can see it without asking. The thread fills a cell
 * before it frees the slot, so a delivery is always in one or the other. Who settles it is one CAS on the cell's word:
 *
 *     EMPTY ──thread──► RUNNING ──thread──► DONE ──thread──► EMPTY
 *                          └─────main─────► TAKEN ──thread──► EMPTY
 */

/** Thread: puts a delivery into a free cell. The store of the word publishes the fields. */
export function fillCell(memory: ThreadMemory, cell: number, delivery: number, startedAt: number): void {
  const at = cell * CELL_WORDS;
  const use = (useOf(memory.cells[at + CELL.WORD]!) + 1) & 0x3fff_ffff;
  memory.cells[at + CELL.DELIVERY] = delivery;
  setCellStart(memory, cell, startedAt);
  Atomics.store(memory.cells, at + CELL.WORD, cellWord(use, CELL_RUNNING));
}

/** Thread: the handler starts now; before, its module was still loading. */
export function setCellStart(memory: ThreadMemory, cell: number, startedAt: number): void {
  memory.times[(cell * CELL_WORDS + CELL.START) >>> 1] = startedAt;
}

/** Thread: the outcome is written. False: main has settled the delivery, drop it. */
export function finishCell(memory: ThreadMemory, cell: number): boolean {
  const at = cell * CELL_WORDS + CELL.WORD;
  const use = useOf(memory.cells[at]!);
  return (
    Atomics.compareExchange(memory.cells, at, cellWord(use, CELL_RUNNING), cellWord(use, CELL_DONE)) ===
    cellWord(use, CELL_RUNNING)
  );
}

/** Thread: the cell may be filled again. */
export function clearCell(memory: ThreadMemory, cell: number): void {
  const at = cell * CELL_WORDS + CELL.WORD;
  Atomics.store(memory.cells, at, cellWord(useOf(memory.cells[at]!), CELL_EMPTY));
}

export function loadCell(memory: ThreadMemory, cell: number): number {
  return Atomics.load(memory.cells, cell * CELL_WORDS + CELL.WORD);
}

/** Valid while the cell's word stays what it was: read the word before, and CAS on it after. */
export function cellDelivery(memory: ThreadMemory, cell: number): number {
  return memory.cells[cell * CELL_WORDS + CELL.DELIVERY]!;
}

/** Monotonic milliseconds; 0 while the handler's module is loading. */
export function cellStart(memory: ThreadMemory, cell: number): number {
  return memory.times[(cell * CELL_WORDS + CELL.START) >>> 1]!;
}

/** Main: settles what `word` was read for. False: the thread did, or the cell holds another delivery by now. */
export function takeCell(memory: ThreadMemory, cell: number, word: number): boolean {
  const at = cell * CELL_WORDS + CELL.WORD;
  return Atomics.compareExchange(memory.cells, at, word, cellWord(useOf(word), CELL_TAKEN)) === word;
}
