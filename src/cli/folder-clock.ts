import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RotationClock } from '../audit/segments.ts';

/** The rotation of a log that another process writes: each renaming changes the folder's time, and the active file's identity in the end. */
export function folderClock(path: string): RotationClock {
  let seen = '';
  let count = 0;
  return {
    now: () => {
      const { mtimeNs } = statSync(dirname(path), { bigint: true });
      const now = `${mtimeNs} ${statSync(path, { bigint: true, throwIfNoEntry: false })?.ino}`;
      // Even: of what goes on in another process only the results are seen.
      if (now !== seen) count += 2;
      seen = now;
      return count;
    },
    wait: () => {},
  };
}
