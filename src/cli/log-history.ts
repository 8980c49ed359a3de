import { fstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Stretch } from '../audit/backwards.ts';
import { openSegments, type RotationClock } from '../audit/segments.ts';
import type { Place } from './log-segments.ts';

/** All of a log, to be read backwards, with a last line that has no end. */
export async function* wholeLog(path: string): AsyncGenerator<Stretch, void, void> {
  for await (const fd of openSegments(path, folderClock(path))) yield { fd, unfinished: true };
}

/** What of a log stands before this place, so that whoever reads on from there sees each line once. */
export async function* logBefore(path: string, { dev, ino, offset }: Place): AsyncGenerator<Stretch, void, void> {
  let newer = true;
  for await (const file of wholeLog(path)) {
    if (!newer) yield file;
    else {
      const entry = fstatSync(file.fd);
      if (entry.dev !== dev || entry.ino !== ino) continue;
      newer = false;
      yield { fd: file.fd, end: offset };
    }
  }
}

/** The rotation of a log that another process writes: each renaming changes the folder's time, and the active file's identity in the end. */
function folderClock(path: string): RotationClock {
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
