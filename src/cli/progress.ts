import { clearLine, cursorTo } from 'node:readline';
import type { AnyEventBus } from '../bus.ts';
import { count, megabytes } from './figures.ts';
import type { Input } from './input.ts';
import type { Terminal } from './terminal.ts';

const REDRAW_MS = 200;

/** How far a run is: one line that is rewritten, on a terminal only. */
export class Progress {
  readonly #bus: AnyEventBus;
  readonly #input: Input;
  readonly #wanted: boolean;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;

  /** `results`: they go to standard output, and would be torn by it if that is the same terminal. */
  constructor(terminal: Terminal, bus: AnyEventBus, input: Input, results: boolean) {
    this.#bus = bus;
    this.#input = input;
    this.#wanted = terminal.errIsTty && !(results && terminal.outIsTty);
  }

  start(): void {
    if (!this.#wanted) return;
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  clear(): void {
    if (this.#timer === undefined) return;
    cursorTo(process.stderr, 0);
    clearLine(process.stderr, 0);
  }

  end(): void {
    this.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #draw(): void {
    const { emitted, failed, pending } = this.#bus.getStats();
    const { bytes, size } = this.#input;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const share = size === undefined || size === 0 ? '' : `${Math.floor((100 * Math.min(bytes, size)) / size)} %  `;
    const done = emitted - pending;
    const text = `${share}${count(done)} events, ${count(Math.round(done / seconds))}/s, ${count(failed)} failed, ${megabytes(bytes)} read`;
    cursorTo(process.stderr, 0);
    process.stderr.write(text.slice(0, (process.stderr.columns || 80) - 1));
    clearLine(process.stderr, 1);
  }
}
