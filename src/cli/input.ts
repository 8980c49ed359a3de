import { closeSync, createReadStream, fstatSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { messageOf } from '../codec.ts';
import { UsageError } from './command.ts';
import type { Output } from './output.ts';

const CHUNK_BYTES = 1 << 18;

/** Where the lines come from, as far as it has been read. */
export class Input {
  readonly name: string;
  /** Of a file, so that progress can say how far it is. */
  readonly size: number | undefined;
  bytes = 0;
  /** All of it was read. */
  ended = false;
  readonly #stream: Readable;

  constructor(name: string, stream: Readable, size: number | undefined) {
    this.name = name;
    this.#stream = stream;
    this.size = size;
  }

  /** Waits before each chunk until these outputs have room, so that nothing piles up behind a slow reader. */
  async *chunks(outputs: readonly (Output | undefined)[]): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#stream as AsyncIterable<Uint8Array>) {
      this.bytes += chunk.length;
      yield chunk;
      for (const output of outputs) await output?.room();
    }
    this.ended = true;
  }

  /** One that is waiting for its next chunk lets the process end. */
  close(): void {
    this.#stream.destroy();
  }
}

/** A file, or standard input for `-` and where it is no terminal. Throws UsageError. */
export function openInput(file: string | undefined): Input {
  if (file === '-' || (file === undefined && !isatty(0))) return new Input('standard input', process.stdin, undefined);
  if (file === undefined) throw new UsageError('what input? Name a file, or - for standard input');
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  const stat = fstatSync(fd);
  if (stat.isDirectory()) {
    closeSync(fd);
    throw new UsageError(`${file} is a directory`);
  }
  const stream = createReadStream(file, { fd, highWaterMark: CHUNK_BYTES });
  return new Input(file, stream, stat.isFile() ? stat.size : undefined);
}

/** Reading what is being written would never end. Throws UsageError. */
export function differentFiles(files: Readonly<Record<string, string | undefined>>): void {
  const seen = new Map<string, string>();
  for (const [what, file] of Object.entries(files)) {
    if (file === undefined || (what === 'input' && file === '-')) continue;
    const path = realPath(file);
    const other = seen.get(path);
    if (other !== undefined) throw new UsageError(`${other} and ${what} are one file: ${file}`);
    seen.set(path, what);
  }
}

function realPath(file: string): string {
  const path = resolve(file);
  try {
    return realpathSync(path);
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path));
    } catch {
      return path;
    }
  }
}
