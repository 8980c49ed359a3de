import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, parse } from 'node:path';

/** Not every file system tells of changes, and none tells of all: so often it is looked for them. */
const LOOK_MS = 1_000;

/** Tells when a log, or its rotation, may have changed. */
export class LogWatch {
  readonly #signal: AbortSignal;
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake = (): void => {};

  constructor(path: string, signal: AbortSignal) {
    this.#signal = signal;
    const name = basename(path);
    const stem = parse(path).name;
    const change = (file: string | null): void => {
      if (file !== null && file !== name && !file.startsWith(`${stem}.`)) return;
      this.#changed = true;
      this.#wake();
    };
    try {
      // Its folder, since the file itself is renamed by rotation.
      this.#watcher = watch(dirname(path), (_event, file) => change(file));
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No more watches in this system: looking now and then has to do.
    }
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Resolves at the next change since the last call, at the next look, or when the signal aborts. */
  readonly wait = async (): Promise<void> => {
    if (!this.#changed && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = () => {};
    }
    this.#changed = false;
  };

  close(): void {
    this.#watcher?.close();
  }
}
