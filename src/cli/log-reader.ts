import { type LogLine, openFirst, openLast, openNext, type Place, type Segment } from './log-segments.ts';

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

/** Throws what the system says of a file that can't be opened. */
export async function openLog(path: string, options: ReadOptions = {}): Promise<LogReader> {
  const { sinceMs = 0, fromEnd = false } = options;
  return new LogReader(path, options, fromEnd ? await openLast(path) : await openFirst(path, sinceMs));
}

/**
 * A log from its oldest line on: rotated files, then the active one. A file is known by its identity and not by its name,
 * so rotation under our hands loses nothing and doubles nothing.
 */
export class LogReader {
  /** Where reading begins; undefined: there was no file yet. */
  readonly start: Place | undefined;
  /** Read so far. */
  bytes = 0;
  readonly #path: string;
  readonly #options: ReadOptions;
  #file: Segment | undefined;

  constructor(path: string, options: ReadOptions, first: Segment | undefined) {
    this.#path = path;
    this.#options = options;
    this.#file = first;
    this.start = first?.place;
  }

  /** A chunk's lines at a time. To be called once; closes the log at its end. */
  async *lines(): AsyncGenerator<LogLine[], void, undefined> {
    const { signal, sinceMs = 0, wait, truncated } = this.#options;
    const stopped = (): boolean => signal?.aborted === true;
    try {
      while (!stopped()) {
        const file = this.#file;
        if (file === undefined) {
          if (wait === undefined) return;
          await wait();
          this.#file = await openFirst(this.#path, sinceMs);
          continue;
        }
        yield* this.#linesOf(file);
        if (stopped()) return;
        const next = await openNext(this.#path, file);
        if (next !== undefined) {
          this.#file = next;
          try {
            // It was renamed while we read: what was written to it before is there by now.
            yield* this.#linesOf(file);
            if (stopped()) return;
            yield file.end();
          } finally {
            await file.close();
          }
        } else if (wait === undefined) {
          yield file.end();
          return;
        } else if (await file.wasCut()) truncated?.();
        else await wait();
      }
    } finally {
      await this.#file?.close();
    }
  }

  async *#linesOf(file: Segment): AsyncGenerator<LogLine[], void, undefined> {
    while (this.#options.signal?.aborted !== true) {
      const chunk = await file.read();
      if (chunk.length === 0) return;
      this.bytes += chunk.length;
      const lines = file.split(chunk);
      if (lines.length > 0) yield lines;
    }
  }
}
