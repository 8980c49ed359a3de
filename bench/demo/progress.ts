import { clearLine, cursorTo } from 'node:readline';
import { count, megabytes } from './format.ts';

const REDRAW_MS = 100;

/** How far the run is: one line that is rewritten on a terminal, a plain line per tenth anywhere else. */
export class Progress {
  readonly #files: number;
  readonly #started: number = performance.now();
  readonly #tty: boolean = process.stdout.isTTY === true;
  #done = 0;
  #bytes = 0;
  #drawnAt = 0;
  #tenths = 0;

  constructor(files: number) {
    this.#files = files;
  }

  /** One more file is done. */
  add(bytes: number): void {
    this.#done++;
    this.#bytes += bytes;
    const now = performance.now();
    if (this.#tty) {
      if (now - this.#drawnAt < REDRAW_MS) return;
      this.#drawnAt = now;
      this.#draw();
      return;
    }
    const tenths = Math.floor((10 * this.#done) / this.#files);
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    console.log(this.#text());
  }

  /** A line that stays, above the one that moves. */
  note(line: string): void {
    this.end();
    console.log(line);
    if (this.#tty) this.#draw();
  }

  /** Leaves the terminal with an empty line. */
  end(): void {
    if (!this.#tty) return;
    cursorTo(process.stdout, 0);
    clearLine(process.stdout, 0);
  }

  #draw(): void {
    cursorTo(process.stdout, 0);
    process.stdout.write(this.#text().slice(0, (process.stdout.columns || 80) - 1));
    clearLine(process.stdout, 1);
  }

  #text(): string {
    const percent = Math.floor((100 * this.#done) / this.#files);
    const seconds = (performance.now() - this.#started) / 1000;
    return `${String(percent).padStart(3)} %  ${count(this.#done)} of ${count(this.#files)} files, ${megabytes(this.#bytes)} in ${seconds.toFixed(1)} s`;
  }
}
