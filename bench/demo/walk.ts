import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Three limits that keep the demo under a minute on two cores, whatever folder it is given. */
export const MAX_FILE_BYTES: number = 1 << 20;
const MAX_FILES = 10_000;
const MAX_TOTAL_BYTES = 64_000_000;

export interface FoundFile {
  path: string;
  bytes: number;
}

export interface LeftOut {
  /** Files over MAX_FILE_BYTES. */
  large: number;
  largeBytes: number;
  /** Symbolic links are not followed: what they point to may be anywhere, or in a circle. */
  links: number;
  /** Folders and files that can't be looked at. */
  unreadable: number;
  /** MAX_FILES or MAX_TOTAL_BYTES was reached, and there may be more. */
  stopped: boolean;
}

/** The files below a folder in the order of their names, and what is not among them. */
export async function walk(folder: string): Promise<{ files: FoundFile[]; bytes: number; leftOut: LeftOut }> {
  const files: FoundFile[] = [];
  const leftOut: LeftOut = { large: 0, largeBytes: 0, links: 0, unreadable: 0, stopped: false };
  let bytes = 0;

  const add = async (path: string): Promise<void> => {
    const size = (await lstat(path)).size;
    if (size > MAX_FILE_BYTES) {
      leftOut.large++;
      leftOut.largeBytes += size;
    } else if (files.length === MAX_FILES || bytes + size > MAX_TOTAL_BYTES) {
      leftOut.stopped = true;
    } else {
      files.push({ path, bytes: size });
      bytes += size;
    }
  };

  const visit = async (directory: string): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (leftOut.stopped) return;
      const path = join(directory, entry.name);
      if (entry.isSymbolicLink()) leftOut.links++;
      else if (entry.isDirectory()) await visit(path).catch(() => leftOut.unreadable++);
      else if (entry.isFile()) await add(path).catch(() => leftOut.unreadable++);
    }
  };

  await visit(folder);
  return { files, bytes, leftOut };
}
