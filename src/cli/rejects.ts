import { closeSync, openSync } from 'node:fs';
import { messageOf } from '../codec.ts';
import type { MalformedLine } from '../types.ts';
import { UsageError } from './command.ts';
import { Output } from './output.ts';
import { printableJson } from './terminal.ts';

/** Malformed lines that are told of at the end; all of them are in the file. */
const SHOWN = 5;

/** What becomes of lines that hold no event. */
export class Rejects {
  count = 0;
  readonly shown: { readonly line: number; readonly reason: string }[] = [];
  readonly output: Output | undefined;
  readonly #fd: number | undefined;

  /** Throws UsageError when the file can't be written. */
  constructor(file: string | undefined) {
    if (file === undefined) return;
    try {
      // Lines of events: nobody else's business.
      this.#fd = openSync(file, 'a', 0o600);
    } catch (error) {
      throw new UsageError(`--rejects: ${messageOf(error)}`);
    }
    this.output = new Output(this.#fd);
  }

  add({ line, text, error }: MalformedLine): void {
    this.count++;
    const reason = messageOf(error);
    if (this.shown.length < SHOWN) this.shown.push({ line, reason });
    this.output?.write(`${printableJson(JSON.stringify({ line, reason, text }))}\n`);
  }

  /** Rejects when not all could be written. */
  async end(): Promise<void> {
    if (this.#fd === undefined) return;
    try {
      await this.output!.end();
    } finally {
      closeSync(this.#fd);
    }
  }
}
