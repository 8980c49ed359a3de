import { closeSync, fstatSync } from 'node:fs';
import { lockPath } from '../audit-format.ts';
import { AuditLockedError } from '../errors.ts';
import { type Lock, takeLock } from './lock.ts';
import { hasOtherWriter } from './other-writers.ts';
import { openError, openWritable } from './path.ts';

interface Held {
  readonly dev: number;
  readonly ino: number;
}

/** Files of this process's logs, as they were at opening. */
const heldHere = new Set<Held>();

/**
 * A log's file, for one writer alone. The lock file beside it keeps away whoever comes by the same path, whatever its
 * spelling; a hard link has another path, so that a file with several names is looked for among the files that are open.
 */
export class LogLock {
  /** Of the lock file. */
  readonly path: string;
  readonly #lock: Lock;
  #held: Held | undefined;
  /** Open until the worker has the file, so that two who come by two links at once see each other. */
  #guard: number | undefined;

  /** Throws AuditLockedError, AuditOpenError. */
  constructor(path: string) {
    this.path = lockPath(path);
    let lock: Lock | undefined;
    try {
      lock = takeLock(this.path);
    } catch (error) {
      throw openError(path, error);
    }
    if (lock === undefined) throw new AuditLockedError(path);
    this.#lock = lock;
    try {
      this.#guard = openWritable(path);
      const file = fstatSync(this.#guard);
      const isHeld = ({ dev, ino }: Held): boolean => dev === file.dev && ino === file.ino;
      if (file.nlink > 1 && ([...heldHere].some(isHeld) || hasOtherWriter(file))) throw new AuditLockedError(path);
      this.#held = { dev: file.dev, ino: file.ino };
      heldHere.add(this.#held);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** The worker has opened the file. */
  opened(): void {
    const guard = this.#guard;
    this.#guard = undefined;
    if (guard !== undefined) closeSync(guard);
  }

  release(): void {
    this.opened();
    if (this.#held !== undefined) heldHere.delete(this.#held);
    this.#lock.release();
  }
}
