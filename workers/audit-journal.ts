import { fstatSync, ftruncateSync } from 'node:fs';
import { AUDIT, AUDIT_NUMBER, type AuditMemory } from '../src/ring/layout.ts';

/** What happens to the position words once a batch is in the file. */
export interface BatchEnd {
  /** The ring's position after its last record. */
  readonly tail: number;
  /** Records of the ring, mod 2^32. */
  readonly done: number;
  /** Its lines. */
  readonly lines: number;
  /** Those of them that are no seals. */
  readonly logged: number;
}

/**
 * What makes a batch be in the file exactly once, whenever this thread or the process dies: before it is written, the
 * control block says what the file's size was and what TAIL will be, and the next worker cuts off a part of a batch, or
 * takes a whole one for written.
 */
export class AuditJournal {
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor({ words, numbers }: AuditMemory) {
    this.#words = words;
    this.#numbers = numbers;
  }

  /** Before the first byte of a batch, of so many, is written to a file of the size `before`. */
  begin(before: number, bytes: number, { tail, done, lines, logged }: BatchEnd): void {
    const numbers = this.#numbers;
    numbers[AUDIT_NUMBER.BATCH_BEFORE] = before;
    numbers[AUDIT_NUMBER.BATCH_BYTES] = bytes;
    numbers[AUDIT_NUMBER.BATCH_SEGMENT_LINES] = numbers[AUDIT_NUMBER.SEGMENT_LINES]! + lines;
    numbers[AUDIT_NUMBER.BATCH_LOGGED] = numbers[AUDIT_NUMBER.LOGGED]! + logged;
    numbers[AUDIT_NUMBER.BATCH_TOTAL] = numbers[AUDIT_NUMBER.BYTES]! + bytes;
    this.#words[AUDIT.BATCH_TAIL] = tail;
    this.#words[AUDIT.BATCH_DONE] = done;
    Atomics.store(this.#words, AUDIT.DIRTY, 1);
  }

  /** The file was cut, and has the batch's lines alone. */
  cut(lines: number): void {
    this.#numbers[AUDIT_NUMBER.BATCH_SEGMENT_LINES] = lines;
  }

  /** The batch is in the file. In this order, and absolute: a successor that finds DIRTY does it once more. */
  finish(): void {
    const words = this.#words;
    this.#numbers[AUDIT_NUMBER.SEGMENT_LINES] = this.#numbers[AUDIT_NUMBER.BATCH_SEGMENT_LINES]!;
    this.#numbers[AUDIT_NUMBER.LOGGED] = this.#numbers[AUDIT_NUMBER.BATCH_LOGGED]!;
    this.#numbers[AUDIT_NUMBER.BYTES] = this.#numbers[AUDIT_NUMBER.BATCH_TOTAL]!;
    Atomics.store(words, AUDIT.DONE, words[AUDIT.BATCH_DONE]!);
    Atomics.store(words, AUDIT.TAIL, words[AUDIT.BATCH_TAIL]!);
    this.drop();
  }

  /** Nothing of the batch is in the file. */
  drop(): void {
    Atomics.store(this.#words, AUDIT.DIRTY, 0);
  }

  /**
   * At opening: whatever a batch that was begun and not finished has left in the file, if it is still the same one. `own`:
   * it was this worker's, which failed as a whole and is written anew; a predecessor's counts when it is all there.
   */
  settle(fd: number, sameFile: boolean, own: boolean): void {
    if (Atomics.load(this.#words, AUDIT.DIRTY) === 0) return;
    const before = this.#numbers[AUDIT_NUMBER.BATCH_BEFORE]!;
    const { size } = fstatSync(fd);
    if (sameFile && size > before) {
      const whole = size === before + this.#numbers[AUDIT_NUMBER.BATCH_BYTES]!;
      if (whole && !own) this.finish();
      else ftruncateSync(fd, before);
    }
    this.drop();
  }
}
