import { AUDIT, type AuditMemory } from '../src/ring/layout.ts';

/** This worker has a successor: it must not touch the file any more. */
export class DeposedError extends Error {}

/**
 * The right to touch the file. Main takes it from a worker that is stuck in a user's pattern and gives it to a successor,
 * without waiting for the thread to end: whoever wins the CAS on OWNER has it. A worker that is busy with the file can't
 * be deposed.
 */
export class AuditOwner {
  readonly #words: Int32Array;
  readonly #idle: number;
  #depth = 0;

  constructor({ words }: AuditMemory, generation: number) {
    this.#words = words;
    this.#idle = generation << 1;
  }

  /** Throws DeposedError. */
  enter(): void {
    if (this.#depth++ > 0) return;
    if (Atomics.compareExchange(this.#words, AUDIT.OWNER, this.#idle, this.#idle | 1) !== this.#idle) {
      throw new DeposedError('the audit worker was replaced');
    }
  }

  leave(): void {
    if (--this.#depth === 0) Atomics.store(this.#words, AUDIT.OWNER, this.#idle);
  }
}
