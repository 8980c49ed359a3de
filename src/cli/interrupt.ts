const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Ctrl-C, and a polite kill: the first aborts `signal`, so that the command comes to its end; the second ends the
 * process at once, whatever it is in. Dispose to get the system's own behaviour back.
 */
export class Interrupt {
  readonly #controller = new AbortController();

  /** `asked` is called at the first one. */
  constructor(asked: () => void = () => {}) {
    for (const name of SIGNALS) process.on(name, this.#onSignal);
    this.#controller.signal.addEventListener('abort', asked, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    if (!this.#controller.signal.aborted) {
      this.#controller.abort();
      return;
    }
    this.end();
    // An exit would wait for threads that are in native code or write to a pipe that nobody reads. So it gets as far as
    // its listeners, which put on the disk what was accepted, and then the signal does what it does to any program.
    process.on('exit', () => process.kill(process.pid, name));
    process.exit(1);
  };
}
