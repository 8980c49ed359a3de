import { type FileHandle, open, readdir } from 'node:fs/promises';
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
  const stopped = (): boolean => options.signal?.aborted === true;
  let file = first;
  try {
    while (!stopped()) {
      if (file === undefined) {
        if (options.wait === undefined) return;
        await options.wait();
        file = await openFirst(path, { ...options, fromEnd: false });
        continue;
      }
      yield* file.lines(options.signal);
      if (stopped()) return;
      const next = await openNext(path, file);
      if (next !== undefined) {
        // It was renamed while we read: what was written to it before is there by now.
        yield* file.lines(options.signal);
        if (stopped()) return;
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
  /** As it was seen last: it only grows. */
  number: number;
  readonly #handle: FileHandle;
  #offset: number;
  #splitter = new LineSplitter(MAX_LINE_BYTES);

  constructor(handle: FileHandle, number: number, { dev, ino }: Identity, offset: number) {
    this.number = number;
    this.#handle = handle;
    this.dev = dev;
    this.ino = ino;
    this.#offset = offset;
  }

  async *lines(signal: AbortSignal | undefined): AsyncGenerator<LogLine[], void, undefined> {
    while (signal?.aborted !== true) {
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
  if (fromEnd) return await openSegment(path, 0, true);
  return await last(upwards(path, 0), async (segment) => (await segment.writtenAt()) >= sinceMs);
}

/** The file that was begun when this one was left; undefined while this is the active one. */
async function openNext(path: string, file: Segment): Promise<Segment | undefined> {
  // Nearly always it stands directly before this one. A rotation that was killed may have left a gap.
  for (const from of file.number > 1 ? [file.number - 1, 0] : [0]) {
    let before: Segment | undefined;
    for await (const segment of upwards(path, from)) {
      if (segment.ino === file.ino && segment.dev === file.dev) {
        file.number = segment.number;
        await segment.close();
        // Nothing before it from the very first on: it is the active file, or the next one is about to be made.
        if (before !== undefined || from === 0) return before;
        break;
      }
      await before?.close();
      before = segment;
    }
    await before?.close();
  }
  // Ours has been removed, or carried off by another program: older ones must not be taken for newer ones.
  const writtenAt = await file.writtenAt();
  return await last(upwards(path, 0), async (segment) => (await segment.writtenAt()) >= writtenAt);
}

/**
 * The files from this number up. Numbers only grow and keep their order, so none that has a greater number than the one
 * at hand is missed, whatever is rotated meanwhile; some may come twice. The caller closes them.
 */
async function* upwards(path: string, from: number): AsyncGenerator<Segment, void, undefined> {
  for (let number = from; ; ) {
    const at = number;
    const next = (await numbersOf(path)).find((candidate) => candidate >= at);
    if (next === undefined) return;
    const segment = await openSegment(path, next, false);
    // Not there: it has moved up, or what is listed is the active file, which a rotation has just taken away.
    if (segment !== undefined) yield segment;
    number = segment === undefined && next > 0 ? next : next + 1;
  }
}

/** The last one that is wanted; the others are closed. */
async function last(
  segments: AsyncIterable<Segment>,
  wanted: (segment: Segment) => Promise<boolean>,
): Promise<Segment | undefined> {
  let found: Segment | undefined;
  for await (const segment of segments) {
    if (await wanted(segment)) {
      await found?.close();
      found = segment;
    } else await segment.close();
  }
  return found;
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
  return new Segment(handle, number, entry, atEnd ? await lastLineAt(handle, entry.size) : 0);
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

/** Newest first. */
async function numbersOf(path: string): Promise<number[]> {
  return [0, ...rotatedNumbers(path, await readdir(dirname(path)))];
}
