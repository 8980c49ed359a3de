import type { AuditTask } from '../src/audit/messages.ts';
import { messageOf } from '../src/codec.ts';
import { AUDIT, AUDIT_NUMBER, type AuditMemory } from '../src/ring/layout.ts';
import { HeldLines } from './audit-held.ts';
import { rotatedFiles } from './audit-rotate.ts';

/**
 * The number of lines that the log held at opening, in HELD; those of the active file go to SEGMENT_LINES as well. A small
 * log is counted at once, a large one between batches.
 */
export class AuditCount {
  readonly #task: AuditTask;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #failed: (error: unknown, message: string) => void;
  #held: HeldLines | undefined;
  #loggedBefore = 0;
  /** The active file is still the one that is counted first, and its lines are not known otherwise. */
  #countsActive = false;
  #error: unknown;

  constructor(task: AuditTask, { words, numbers }: AuditMemory, failed: (error: unknown, message: string) => void) {
    this.#task = task;
    this.#words = words;
    this.#numbers = numbers;
    this.#failed = failed;
  }

  /** Neither begun nor done. */
  get isDue(): boolean {
    return this.#held === undefined && Atomics.load(this.#words, AUDIT.COUNTED) === 0;
  }

  /** A successor finds in the log what its predecessor has logged as well; it counts all of it before that grows. */
  begin(activeIsKnown: boolean): void {
    const { path, countAtOnceBytes } = this.#task;
    this.#loggedBefore = this.#numbers[AUDIT_NUMBER.LOGGED]!;
    this.#countsActive = !activeIsKnown;
    if (this.#countsActive) this.#numbers[AUDIT_NUMBER.SEGMENT_LINES] = 0;
    try {
      this.#held = new HeldLines([path, ...rotatedFiles(path)]);
      this.#step(this.#loggedBefore === 0 ? countAtOnceBytes : Number.POSITIVE_INFINITY);
    } catch (error) {
      // While the log is opening a fault would say that it can't be.
      this.#error = error;
      this.stop();
    }
  }

  /** Goes on for about so many bytes. False when nothing is left to count. */
  more(bytes: number): boolean {
    try {
      if (this.#error === undefined) return this.#step(bytes);
    } catch (error) {
      this.#error = error;
      this.stop();
    }
    this.#failed(this.#error, `counting the lines of the log failed: ${messageOf(this.#error)}`);
    this.#error = undefined;
    return false;
  }

  /** SEGMENT_LINES is needed now. */
  finishActive(): void {
    if (this.#countsActive) this.more(Number.POSITIVE_INFINITY);
  }

  /** The active file is another one. */
  forgetActive(): void {
    this.#countsActive = false;
  }

  /** Whatever was held is gone, or nobody will ask any more. */
  stop(): void {
    this.#held?.close();
    this.#held = undefined;
    this.#countsActive = false;
    Atomics.store(this.#words, AUDIT.COUNTED, 1);
  }

  #step(bytes: number): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    const before = held.firstLines;
    const done = held.step(bytes);
    if (this.#countsActive) this.#numbers[AUDIT_NUMBER.SEGMENT_LINES]! += held.firstLines - before;
    this.#numbers[AUDIT_NUMBER.HELD] = held.logged - this.#loggedBefore;
    if (done) this.stop();
    return !done;
  }
}
