import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { rotatedNumbers, segmentPath } from '../audit-format.ts';
import { type BadLine, LineSplitter } from '../bus/line-splitter.ts';

export type LogLine = string | BadLine;

/** Where in which file. */
export interface Place {
  readonly dev: number;
  readonly ino: number;
  readonly offset: number;
}

const CHUNK_BYTES = 1 << 18;
const MAX_LINE_BYTES = 16 << 20;
const LINE_FEED = 10;

/** One file, and how far it has been read. */
export class Segment {
  readonly dev: number;
  readonly ino: number;
  /** As it was seen last: it only grows. */
  number: number;
  readonly #handle: FileHandle;
  #offset = 0;
  #splitter = new LineSplitter(MAX_LINE_BYTES);

  constructor(handle: FileHandle, number: number, { dev, ino }: Stats) {
    this.number = number;
    this.#handle = handle;
    this.dev = dev;
    this.ino = ino;
  }

  get place(): Place {
    return { dev: this.dev, ino: this.ino, offset: this.#offset };
  }

  /** Empty at the end. */
  async read(): Promise<Buffer> {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await this.#handle.read(chunk, 0, CHUNK_BYTES, this.#offset);
    this.#offset += bytesRead;
    return chunk.subarray(0, bytesRead);
  }

  /** The lines that end in this chunk. */
  split(chunk: Buffer): LogLine[] {
    return [...this.#splitter.push(chunk)];
  }

  /** What stands behind the last line feed. */
  end(): LogLine[] {
    return [...this.#splitter.end()].filter((line) => line !== '');
  }

  /** On to where the last line begins that has no end; to the end of the file if it has none. */
  async toLastLine(): Promise<void> {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { size } = await this.#handle.stat();
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - CHUNK_BYTES);
      const { bytesRead } = await this.#handle.read(chunk, 0, end - start, start);
      const feed = chunk.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
      if (feed !== -1) {
        this.#offset = start + feed + 1;
        return;
      }
      end = start;
    }
    this.#offset = 0;
  }

  /** True: it is shorter than what was read of it, and is read from its beginning. */
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

/** The oldest file that was written at this moment or later. */
export async function openFirst(path: string, sinceMs: number): Promise<Segment | undefined> {
  return await last(upwards(path, 0), async (segment) => (await segment.writtenAt()) >= sinceMs);
}

/** The newest file, to be read from its last line on if that has no end yet, else from its end on. */
export async function openLast(path: string): Promise<Segment | undefined> {
  // No active one: a rotation has just taken it away.
  for await (const segment of upwards(path, 0)) {
    await segment.toLastLine();
    return segment;
  }
  return undefined;
}

/** The file that was begun when this one was left; undefined while this is the active one. */
export async function openNext(path: string, file: Segment): Promise<Segment | undefined> {
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
    const segment = await openSegment(path, next);
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

async function openSegment(path: string, number: number): Promise<Segment | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(segmentPath(path, number), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return new Segment(handle, number, await handle.stat());
}

/** Newest first. */
async function numbersOf(path: string): Promise<number[]> {
  return [0, ...rotatedNumbers(path, await readdir(dirname(path)))];
}
