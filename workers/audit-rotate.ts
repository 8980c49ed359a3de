import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { rotatedNumbers, segmentPath } from '../src/audit-format.ts';

/**
 * Makes the active file `events.1.jsonl` and each older one a number older, from the highest down to the first number
 * that is free: each rename goes where nothing is, but for the last one that may be kept, which goes over the oldest. A
 * kill between two renames leaves every line in a file, in its order, and a free number that the next rotation fills.
 */
export function rotateFiles(path: string, maxFiles: number): void {
  if (maxFiles === 0) {
    unlinkSync(path);
    return;
  }
  let free = 1;
  while (free < maxFiles && existsSync(segmentPath(path, free))) free++;
  for (let number = free; number > 0; number--) renameSync(segmentPath(path, number - 1), segmentPath(path, number));
}

export function rotatedFiles(path: string): string[] {
  return rotatedNumbers(path, readdirSync(dirname(path))).map((number) => segmentPath(path, number));
}

/** Removes rotated files beyond the number that may be kept, oldest first; there are some when it was lowered. */
export function pruneFiles(path: string, maxFiles: number): void {
  for (const file of rotatedFiles(path).slice(maxFiles).reverse()) unlinkSync(file);
}

/** Removes every rotated file, oldest first. */
export function removeRotated(path: string): void {
  pruneFiles(path, 0);
}

/** A new name is durable once its folder is. Not every system can sync one. */
export function syncFolder(path: string): void {
  try {
    const fd = openSync(dirname(path), 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // The file itself is still synced.
  }
}
