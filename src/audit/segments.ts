import { closeSync, fstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { rotatedNumbers, segmentPath } from '../audit-format.ts';

/** Where rotation is. */
export interface RotationClock {
  /** Counts the beginnings and the ends of rotations: odd in the middle of one. Of a log that nobody writes to it stands still. */
  now(): number;
  /** Blocks for a moment, at the longest until the rotation that is going on has ended. */
  wait(odd: number): void;
}

export const NO_ROTATION: RotationClock = { now: () => 0, wait: () => {} };

/** Files that are open at once, and the one before them. */
const WINDOW = 16;
/** Looks in a row without giving the event loop a turn. */
const LOOKS_PER_TURN = 64;

interface Segment {
  readonly fd: number;
  readonly number: number;
}

/**
 * Descriptors of a log's files, from the active one to the oldest, while rotation gives each file an older number under our
 * hands. A folder's names say nothing a moment later: the file of a name may be another one, and a file may be found
 * under no name that was listed. So some files are opened in one go between two looks at the rotation's clock; if that has
 * moved they are opened anew. An open file keeps its identity, and by that its place is found again for those behind
 * it. A descriptor is valid until the next one is asked for.
 */
export async function* openSegments(path: string, clock: RotationClock): AsyncGenerator<number, void, void> {
  let last: Segment | undefined;
  let open: Segment[] = [];
  try {
    for (;;) {
      open = await openBehind(path, clock, last);
      if (open.length === 0) return;
      while (open.length > 0) {
        const done: Segment | undefined = last;
        last = open.shift()!;
        if (done !== undefined) closeSync(done.fd);
        yield last.fd;
      }
    }
  } finally {
    if (last !== undefined) closeSync(last.fd);
    closeAll(open);
  }
}

async function openBehind(path: string, clock: RotationClock, last: Segment | undefined): Promise<Segment[]> {
  for (let look = 1; ; look++) {
    const before = clock.now();
    if (before % 2 === 0) {
      const open = openNow(path, last);
      if (clock.now() === before) return open;
      closeAll(open);
    } else clock.wait(before);
    // While this thread is busy here it appends nothing, so that rotation soon comes to an end.
    if (look % LOOKS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** None when there are none behind `last`, or when it was removed, and everything older with it. */
function openNow(path: string, last: Segment | undefined): Segment[] {
  const numbers = [0, ...rotatedNumbers(path, readdirSync(dirname(path)))];
  let at = -1;
  if (last !== undefined) {
    const { dev, ino } = fstatSync(last.fd);
    const now = numbers.find((number) => {
      if (number < last.number) return false;
      const entry = statSync(segmentPath(path, number), { throwIfNoEntry: false });
      return entry?.ino === ino && entry.dev === dev;
    });
    if (now === undefined) return [];
    at = now;
  }
  const open: Segment[] = [];
  try {
    for (const number of numbers) {
      if (number <= at || open.length === WINDOW) continue;
      const fd = openIfThere(segmentPath(path, number));
      if (fd !== undefined) open.push({ fd, number });
    }
    return open;
  } catch (error) {
    closeAll(open);
    throw error;
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function closeAll(segments: readonly Segment[]): void {
  for (const { fd } of segments) closeSync(fd);
}
