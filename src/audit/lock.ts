import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** A holder nobody can ask after is dead when it has not touched its lock for so long; a living one does every 5 s. */
const SILENCE_MS = 30_000;
const ATTEMPTS = 20;

export interface Lock {
  release(): void;
}

type Holder = ProcessIdentity | undefined;

/**
 * Takes the lock file, also from a process that is dead. Returns undefined when a living one has it. Throws what the
 * file system throws.
 *
 * The file appears whole, by a link of a file written before. Taking over a dead holder's lock needs a second lock, whose
 * name ends in that holder's nonce: only who has it may replace that very lock, and looks again before it does. So of
 * many who find the same stale lock one gets it, and none removes the fresh lock of another. A second lock that is stale
 * itself is taken over in the same way.
 */
export function takeLock(path: string): Lock | undefined {
  const own = ownIdentity();
  const draft = `${path}.${own.nonce}`;
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (tryLink(draft, path)) return held(path, own);
      const holder = readHolder(path);
      if (holder === 'gone') continue;
      if (!isStale(path, holder, draft)) return undefined;
      const right = takeLock(`${path}.over-${holder?.nonce ?? 'damaged'}`);
      if (right === undefined) continue;
      try {
        const now = readHolder(path);
        if (now !== 'gone' && now?.nonce === holder?.nonce) {
          renameSync(draft, path);
          return held(path, own);
        }
      } finally {
        right.release();
      }
    }
    return undefined;
  } finally {
    remove(draft);
  }
}

/** Who has the lock, as far as it says; a holder that is known to be dead has none. */
export function lockHolder(path: string): ProcessIdentity | undefined {
  try {
    const holder = readHolder(path);
    return holder === 'gone' || holder === undefined || isAlive(holder) === false ? undefined : holder;
  } catch {
    return undefined;
  }
}

function held(path: string, own: ProcessIdentity): Lock {
  return {
    release: () => {
      try {
        const holder = readHolder(path);
        if (holder !== 'gone' && holder?.nonce === own.nonce) remove(path);
      } catch {
        // It can't be read any more. The next one takes it over, once this process has ended.
      }
    },
  };
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Not every file system has links. Then the file is for a moment there and empty, which counts as held.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EINVAL') throw error;
  }
  try {
    writeFileSync(path, readFileSync(draft), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined: something is there that is no lock of ours, or not yet. */
function readHolder(path: string): Holder | 'gone' {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    const holder = JSON.parse(text) as Partial<ProcessIdentity> | null;
    // The nonce becomes a part of a path.
    return typeof holder?.pid === 'number' && /^[0-9a-f]+$/.test(String(holder.nonce))
      ? (holder as ProcessIdentity)
      : undefined;
  } catch {
    return undefined;
  }
}

function isStale(path: string, holder: Holder, draft: string): boolean {
  const alive = holder === undefined ? undefined : isAlive(holder);
  if (alive !== undefined) return !alive;
  try {
    // Both times are the file system's own, whatever our clock says.
    return statSync(draft).mtimeMs - statSync(path).mtimeMs > SILENCE_MS;
  } catch {
    return false;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already, or its folder is.
  }
}
