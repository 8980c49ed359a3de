import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { rotatedNumbers, segmentPath } from '../audit-format.ts';
import { type BadLine, LineSplitter } from '../bus/line-splitter.ts';

export type LogLine = string | BadLine;

export interface ReadOptions {
  /** Files that were last written before this moment are left out. */
  readonly sinceMs?: number;
  /** Only what comes from now on, beginning with the last line if that has no end yet. */
  readonly fromEnd?: boolean;
  /** At the end: resolves when there may be more, or when it is time to end. Undefined: the end is the end. */
  readonly wait?: () => Promise<void>;
  readonly signal?: AbortSignal;
  /** The file was cut, and is read from its beginning. */
  readonly truncated?: () => void;
}

const CHUNK_BYTES = 1 << 18;
const MAX_LINE_BYTES = 16 << 20;
/** A look at the folder may be old when it is used; so often it is repeated. */
const LOOKS = 50;

/**
 * The lines of a log, oldest first, a chunk's lines at a time: rotated files, then the active one. A file is known by its
 * identity and not by its name, so rotation under our hands loses nothing and doubles nothing.
 */
export async function openLog(
  path: string,
  options: ReadOptions = {},
): Promise<AsyncGenerator<LogLine[], void, undefined>> {
  return readFrom(path, await openFirst(path, options), options);
}

async function* readFrom(
  path: string,
  first: Segment | undefined,
  options: ReadOptions,
): AsyncGenerator<LogLine[], void, undefined> {
  let file = first;
  try {
    while (options.signal?.aborted !== true) {
      if (file === undefined) {
        if (options.wait === undefined) return;
        await options.wait();
        file = await openFirst(path, { ...options, fromEnd: false });
        continue;
      }
      yield* file.lines();
      const next = await openNext(path, file);
      if (next !== undefined) {
        // It was renamed while we read: what was written to it before is there by now.
        yield* file.lines();
        yield file.end();
        await file.close();
        file = next;
      } else if (options.wait === undefined) {
        yield file.end();
        return;
      } else if (await file.wasCut()) options.truncated?.();
      else await options.wait();
    }
  } finally {
    await file?.close();
  }
}

interface Identity {
  readonly dev: number;
  readonly ino: number;
}

/** One file, and how far it has been read. */
class Segment implements Identity {
  readonly dev: number;
  readonly ino: number;
  readonly #handle: FileHandle;
  #offset: number;
  #splitter = new LineSplitter(MAX_LINE_BYTES);

  constructor(handle: FileHandle, { dev, ino }: Identity, offset: number) {
    this.#handle = handle;
    this.dev = dev;
    this.ino = ino;
    this.#offset = offset;
  }

  async *lines(): AsyncGenerator<LogLine[], void, undefined> {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await this.#handle.read(chunk, 0, CHUNK_BYTES, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const lines = [...this.#splitter.push(chunk.subarray(0, bytesRead))];
      if (lines.length > 0) yield lines;
    }
  }

  /** What stands behind the last line feed. */
  end(): LogLine[] {
    return [...this.#splitter.end()].filter((line) => line !== '');
  }

  async wasCut(): Promise<boolean> {
    if ((await this.#handle.stat()).size >= this.#offset) return false;
    this.#offset = 0;
    this.#splitter = new LineSplitter(MAX_LINE_BYTES);
    return true;
  }

  async writtenAt(): Promise<number> {
    return (await this.#handle.stat()).mtimeMs;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function openFirst(path: string, { sinceMs = 0, fromEnd = false }: ReadOptions): Promise<Segment | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    const numbers = fromEnd ? [0] : await numbersOf(path);
    for (const number of numbers.toReversed()) {
      const entry = await stat(segmentPath(path, number)).catch(() => undefined);
      if (entry === undefined || (number > 0 && entry.mtimeMs < sinceMs)) continue;
      const opened = await openSegment(path, number, fromEnd);
      if (opened !== undefined) return opened;
    }
    if (numbers.length === 1) return undefined;
  }
  return undefined;
}

/** The file that was begun when this one was left; undefined while this is the active one. */
async function openNext(path: string, file: Segment): Promise<Segment | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    const number = await numberOf(path, file);
    if (number === 0) return undefined;
    const candidates = (await numbersOf(path)).filter((candidate) => number === undefined || candidate < number);
    for (const candidate of candidates.toReversed()) {
      const opened = await openSegment(path, candidate, false);
      if (opened === undefined) continue;
      // Rotation may have moved both: then this is not the one that comes next.
      const same = (await numberOf(path, file)) === number;
      // Ours has been removed, or carried off by another program: older ones must not be taken for newer ones.
      const newer = number !== undefined || (await opened.writtenAt()) >= (await file.writtenAt());
      if (same && newer) return opened;
      await opened.close();
      if (!same) break;
    }
    if (number === undefined && candidates.length === 1) return undefined;
  }
  return undefined;
}

async function openSegment(path: string, number: number, atEnd: boolean): Promise<Segment | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(segmentPath(path, number), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const entry = await handle.stat();
  return new Segment(handle, entry, atEnd ? await lastLineAt(handle, entry.size) : 0);
}

/** Where the last line begins that has no end; the file's size if it has none. */
async function lastLineAt(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const feed = chunk.subarray(0, bytesRead).lastIndexOf(10);
    if (feed !== -1) return start + feed + 1;
    end = start;
  }
  return 0;
}

async function numberOf(path: string, { dev, ino }: Identity): Promise<number | undefined> {
  for (const number of await numbersOf(path)) {
    const entry = await stat(segmentPath(path, number)).catch(() => undefined);
    if (entry?.ino === ino && entry.dev === dev) return number;
  }
  return undefined;
}

/** Newest first. */
async function numbersOf(path: string): Promise<number[]> {
  return [0, ...rotatedNumbers(path, await readdir(dirname(path)))];
}
