import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Above so many characters whoever writes should wait. */
const FULL = 1 << 18;
/** A pipe that somebody has set not to block is asked again after so long. */
const RETRY_MS = 10;

/**
 * Text to a descriptor, written off this thread. Node's own streams would block it on a pipe that nobody reads, and
 * with it the deadlines of handlers.
 */
export class Output {
  readonly #fd: number;
  readonly #gone = new AbortController();
  #queue = '';
  #writing: Promise<void> | undefined;
  #waiting: (() => void)[] = [];
  #error: unknown;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Aborts when nothing can be written any more: its reader has left, or the disk is full. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  write(text: string): void {
    if (this.#gone.signal.aborted) return;
    this.#queue += text;
    this.#writing ??= this.#flush();
  }

  /** Undefined: there is room. */
  room(): Promise<void> | undefined {
    if (this.#queue.length < FULL || this.#gone.signal.aborted) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** When all is written. Rejects with what went wrong, but for a reader that has left. */
  async end(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#error !== undefined) throw this.#error;
  }

  async #flush(): Promise<void> {
    // What is written in one turn goes out at once.
    await Promise.resolve();
    try {
      while (this.#queue !== '') {
        const bytes = Buffer.from(this.#queue);
        this.#queue = '';
        this.#wake();
        for (let at = 0; at < bytes.length; ) at += await this.#write(bytes.subarray(at));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') this.#error = error;
      this.#queue = '';
      this.#gone.abort(error);
    }
    this.#writing = undefined;
    this.#wake();
  }

  async #write(bytes: Buffer): Promise<number> {
    for (;;) {
      try {
        return await new Promise((resolve, reject) => {
          write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
            if (error === null) resolve(written);
            else reject(error);
          });
        });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
