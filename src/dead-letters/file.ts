import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { explain } from '../advice.ts';
import { type Lock, takeLock } from '../audit/lock.ts';
import { resolveLogPath } from '../audit/path.ts';
import { monotonicMs } from '../clock.ts';
import { DeadLetterFileError } from '../errors.ts';
import { Warnings } from '../warn.ts';
import { type DeadLetter, decodeLetter, encodeLetter, type LetterRedactor } from './letter.ts';

/** The file is written anew when it has more lines without effect than this and than lines with one. */
const COMPACT_AFTER = 1_000;
/** A file that can't be written is tried again after so long, and then ever more seldom: each try writes all of it. */
const MEND_AFTER_MS = 1_000;
const MEND_AFTER_AT_MOST_MS = 60_000;
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 10;

export interface DeadLetterFileOptions {
  readonly path: string | URL;
  /** What this entry's text goes through on its way to the disk; undefined: nothing. */
  redactor(letter: DeadLetter): LetterRedactor | undefined;
  /** All entries, oldest first. */
  live(): Iterable<DeadLetter>;
}

/** Queues of this process by their file: a later one takes it over, as after a restart. */
const owners = new Map<string, DeadLetterFile>();

/** Locks go with their process; one that is killed leaves its lock behind, which is then seen to be nobody's. */
let watchingExit = false;
function closeAll(): void {
  for (const file of owners.values()) file.close();
}

/**
 * The entries of a queue as JSON lines: a line puts an entry in its latest state, or takes some away. Each goes to the
 * system at once, so that it outlives this process however that ends. Another process on the file is refused.
 */
export class DeadLetterFile {
  readonly path: string;
  damagedLines = 0;
  errors = 0;
  readonly #options: DeadLetterFileOptions;
  #lock: Lock | undefined;
  #fd: number | undefined;
  #lines = 0;
  /** A write has failed: what is in the file is not what it should be until it is written anew. */
  #broken = false;
  readonly #warnings = new Warnings();
  #mending: NodeJS.Timeout | undefined;
  #mendAfterMs = MEND_AFTER_MS;

  /** Throws DeadLetterFileError. */
  constructor(options: DeadLetterFileOptions) {
    this.#options = options;
    try {
      this.path = resolveLogPath(options.path);
      // A device can be read without end.
      const entry = statSync(this.path, { throwIfNoEntry: false });
      if (entry?.isFile() === false && !entry.isDirectory()) throw new Error('it is no regular file');
      owners.get(this.path)?.close();
      this.#lock = takeLock(`${this.path}.lock`);
      if (this.#lock !== undefined) this.#fd = open(this.path);
    } catch (error) {
      this.#lock?.release();
      throw new DeadLetterFileError(
        `the dead letter file ${String(options.path)} can't be opened: ${explain(error, String(options.path))}`,
        {
          cause: error,
        },
      );
    }
    if (this.#lock === undefined)
      throw new DeadLetterFileError(
        `the dead letter file ${this.path} is in use by another process. Give each process a path of its own`,
      );
    owners.set(this.path, this);
    if (!watchingExit) process.once('exit', closeAll);
    watchingExit = true;
  }

  /** What the file holds, oldest first. Throws DeadLetterFileError. */
  read(): DeadLetter[] {
    try {
      const { letters, lines, damaged, torn } = readFrom(this.#fd!);
      this.#lines += lines;
      this.damagedLines += damaged;
      // A torn last line must not swallow the next one.
      if (torn) this.#broken = true;
      return letters;
    } catch (error) {
      this.close();
      throw unreadable(this.path, error);
    }
  }

  put(letter: DeadLetter): void {
    this.#append(encodeLetter(letter, this.#options.redactor(letter)));
  }

  remove(ids: readonly string[]): void {
    if (ids.length > 0) this.#append(JSON.stringify({ removed: ids }));
  }

  /** Whether all handlers of the event have failed. */
  mark(eventId: string, allFailed: boolean): void {
    this.#append(JSON.stringify({ event_id: eventId, all_failed: allFailed }));
  }

  /** Writes the file anew if that is worth while. */
  tidy(size: number): void {
    if (this.#fd === undefined) return;
    if (this.#mending !== undefined) return;
    if (!this.#broken && this.#lines - size <= Math.max(COMPACT_AFTER, size)) return;
    this.#attempt(() => this.#rewrite());
  }

  close(): void {
    if (this.#fd === undefined) return;
    clearTimeout(this.#mending);
    // The last chance of what could not be written.
    if (this.#broken) this.#attempt(() => this.#rewrite());
    clearTimeout(this.#mending);
    closeSync(this.#fd);
    this.#fd = undefined;
    this.#lock?.release();
    if (owners.get(this.path) === this) owners.delete(this.path);
  }

  #append(text: string): void {
    if (this.#fd === undefined || this.#mending !== undefined) return;
    this.#attempt(() => {
      if (this.#broken) {
        this.#rewrite();
        return;
      }
      write(this.#fd!, `${text}\n`);
      this.#lines++;
    });
  }

  /** A new file takes the old one's place in one step, so that there is a whole one at any moment. */
  #rewrite(): void {
    const draft = `${this.path}.new`;
    let lines = 0;
    try {
      // Made anew: what somebody has put in its place may lead elsewhere, or be readable by others.
      rmSync(draft, { force: true });
      const fd = openSync(draft, 'wx', 0o600);
      try {
        for (const letter of this.#options.live()) {
          write(fd, `${encodeLetter(letter, this.#options.redactor(letter))}\n`);
          lines++;
        }
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(draft, this.path);
    } catch (error) {
      // On a full disk half a draft takes the room that the next try needs.
      rmSync(draft, { force: true });
      throw error;
    }
    // First the new one: a number that is closed already may be another file's by the next try.
    const fd = open(this.path);
    closeSync(this.#fd!);
    this.#fd = fd;
    this.#lines = lines;
    this.#broken = false;
    this.#mendAfterMs = MEND_AFTER_MS;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#broken = true;
      this.#mendLater();
      this.errors++;
      this.#warnings.once(
        'GANGLION_DEAD_LETTER_FILE',
        this.path,
        `the dead letter file ${this.path} can't be written: ${explain(error)}. Entries are in memory alone until a write succeeds`,
      );
    }
  }

  #mendLater(): void {
    this.#mending = setTimeout(() => {
      this.#mending = undefined;
      this.#attempt(() => this.#rewrite());
    }, this.#mendAfterMs);
    this.#mending.unref();
    this.#mendAfterMs = Math.min(2 * this.#mendAfterMs, MEND_AFTER_AT_MOST_MS);
  }
}

export interface StoredLetters {
  /** Oldest first. */
  readonly letters: DeadLetter[];
  readonly lines: number;
  readonly damaged: number;
  /** The last line has no end. */
  readonly torn: boolean;
}

function open(path: string): number {
  return openSync(path, 'a+', 0o600);
}

/** Reads a file also while a queue has it. Throws DeadLetterFileError. */
export function readLetters(path: string): StoredLetters {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return readFrom(fd);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function unreadable(path: string, error: unknown): DeadLetterFileError {
  return new DeadLetterFileError(`the dead letter file ${path} can't be read: ${explain(error)}`, { cause: error });
}

function readFrom(fd: number): StoredLetters {
  const letters = new Letters();
  const now = Date.now();
  const monotonic = monotonicMs();
  let lines = 0;
  let damaged = 0;
  const torn = eachLine(fd, (line) => {
    lines++;
    if (!apply(line, letters, now, monotonic)) damaged++;
  });
  // Damaged lines go when the file is written anew: what was named by mistake must not be emptied so.
  if (damaged === lines && lines > (torn ? 1 : 0)) {
    throw new Error('no line of it is a dead letter. Name another file, or move this one away');
  }
  return { letters: letters.list(), lines, damaged, torn };
}

/** What is read so far. */
class Letters {
  readonly #byId = new Map<string, DeadLetter>();
  /** Also of letters that are gone. */
  readonly #idsOfEvent = new Map<string, Set<string>>();

  put(letter: DeadLetter): void {
    this.#byId.set(letter.id, letter);
    const { eventId } = letter.event;
    const ids = this.#idsOfEvent.get(eventId);
    if (ids === undefined) this.#idsOfEvent.set(eventId, new Set([letter.id]));
    else ids.add(letter.id);
  }

  remove(id: string): void {
    this.#byId.delete(id);
  }

  mark(eventId: string, allFailed: boolean): void {
    for (const id of this.#idsOfEvent.get(eventId) ?? []) {
      const letter = this.#byId.get(id);
      if (letter?.event.eventId === eventId) letter.allFailed = allFailed;
    }
  }

  list(): DeadLetter[] {
    return [...this.#byId.values()];
  }
}

/** In pieces, since Node can't hold a large file in one string. True: the last line has no end. */
function eachLine(fd: number, take: (line: string) => void): boolean {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const size = readSync(fd, chunk, 0, CHUNK_BYTES, at);
    if (size === 0) break;
    at += size;
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1 && end < size; end = chunk.indexOf(NEWLINE, begin)) {
      parts.push(chunk.subarray(begin, end));
      if (parts.some(({ length }) => length > 0)) take(Buffer.concat(parts).toString('utf8'));
      parts = [];
      begin = end + 1;
    }
    if (begin < size) parts.push(Buffer.from(chunk.subarray(begin, size)));
  }
  if (parts.length === 0) return false;
  take(Buffer.concat(parts).toString('utf8'));
  return true;
}

function write(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** False: the line is damaged. */
function apply(line: string, letters: Letters, nowMs: number, monotonic: number): boolean {
  let record: { removed?: unknown; event_id?: unknown; all_failed?: unknown };
  try {
    record = JSON.parse(line) as typeof record;
  } catch {
    return false;
  }
  if (typeof record !== 'object' || record === null) return false;
  if (Array.isArray(record.removed)) {
    for (const id of record.removed) letters.remove(id as string);
    return true;
  }
  if (typeof record.event_id === 'string' && typeof record.all_failed === 'boolean') {
    letters.mark(record.event_id, record.all_failed);
    return true;
  }
  const letter = decodeLetter(record, nowMs, monotonic);
  if (letter === undefined) return false;
  letters.put(letter);
  return true;
}
