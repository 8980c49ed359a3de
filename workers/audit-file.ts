import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, statSync } from 'node:fs';
import sonic from 'sonic-boom';
import type { AuditTask } from '../src/audit/messages.ts';
import { GAP_TYPE, systemLine } from '../src/audit-format.ts';
import { messageOf } from '../src/codec.ts';
import { AUDIT, AUDIT_NUMBER, type AuditMemory } from '../src/ring/layout.ts';
import { AuditChain } from './audit-chain.ts';
import { AuditCount } from './audit-count.ts';
import { AuditJournal, type BatchEnd } from './audit-journal.ts';
import { type AuditOwner, DeposedError } from './audit-owner.ts';
import { repairTail } from './audit-repair.ts';
import { pruneFiles, removeRotated, rotateFiles, syncFolder } from './audit-rotate.ts';
import { type Scan, scanFile } from './audit-scan.ts';

const { SonicBoom } = sonic;

const CLOSED = -1;
/** A rotation that failed is tried again after so many bytes; meanwhile the file grows, for losing lines would be worse. */
const ROTATION_RETRY_BYTES = 1 << 20;

export interface AuditFileHooks {
  fault(code: string, message: string): void;
  redact(line: string): string;
  rotated(): void;
}

/** The active file. */
export class AuditFile {
  readonly #task: AuditTask;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #owner: AuditOwner;
  readonly #hooks: AuditFileHooks;
  readonly chain: AuditChain | undefined;
  readonly #journal: AuditJournal;
  readonly #held: AuditCount;
  /** Why old files could not be removed at opening. */
  #pruneError: unknown;
  #fd = CLOSED;
  #stream: InstanceType<typeof SonicBoom> | undefined;
  /** Lines of our own that come before the next batch. */
  #prelude: string[] = [];
  #openedBefore = false;
  #rotateAt: number;
  #writeError: Error | undefined;
  /** Streams made since the last turn of the event loop; each leaves a callback behind that only runs there. */
  streams = 0;

  constructor(task: AuditTask, memory: AuditMemory, owner: AuditOwner, hooks: AuditFileHooks) {
    this.#task = task;
    this.#words = memory.words;
    this.#numbers = memory.numbers;
    this.#owner = owner;
    this.#hooks = hooks;
    this.#journal = new AuditJournal(memory);
    this.chain = task.sealEvery > 0 ? new AuditChain(task.path, task.maxFiles) : undefined;
    this.#held = new AuditCount(task, memory, (error, message) => hooks.fault(codeOf(error), message));
    this.#rotateAt = task.maxBytes;
  }

  get size(): number {
    return this.#numbers[AUDIT_NUMBER.SIZE]!;
  }

  /** Lines of the active file. */
  get lines(): number {
    return this.#numbers[AUDIT_NUMBER.SEGMENT_LINES]!;
  }

  /** There are lines of the file's own that the next batch will begin with. */
  get hasPrelude(): boolean {
    return this.#prelude.length > 0;
  }

  /** Up to the limit where it is rotated. */
  get bytesLeft(): number {
    return this.#rotateAt - this.size;
  }

  /** Counts on what the log held at opening, about so many bytes of it. False when nothing is left to count. */
  countHeld(bytes: number): boolean {
    let more = false;
    this.#owned(() => {
      this.#tellPruning();
      more = this.#held.more(bytes);
    });
    return more;
  }

  /** Opens and repairs. Throws what the file system throws. */
  open(): void {
    if (this.#fd !== CLOSED) return;
    this.#owned(() => this.#open());
  }

  /** Writes whole lines and then moves the ring's TAIL. Throws what the file system throws; then nothing is in the file. */
  commit(batch: Buffer, end: BatchEnd): void {
    this.#owned(() => {
      this.#open();
      // A file that was deleted took the batch with it, and another one is opened for it.
      while (!this.#write(batch, end)) this.#open();
    });
  }

  /** The next batch opens the next file. Never throws for the file system: a rotation that fails is tried again later. */
  rotate(): void {
    this.#owned(() => {
      try {
        this.#open();
        this.#look(this.size);
        if (this.#fd === CLOSED) return;
        if (this.#task.fsync !== 'none') this.#sync(this.#fd);
        this.#close();
        this.#moving(() => rotateFiles(this.#task.path, this.#task.maxFiles));
        this.#forget();
        this.#numbers[AUDIT_NUMBER.ROTATIONS]! += 1;
        this.#hooks.rotated();
        this.#rotateAt = this.#task.maxBytes;
      } catch (error) {
        if (error instanceof DeposedError) throw error;
        this.#rotateAt = this.size + ROTATION_RETRY_BYTES;
        this.#hooks.fault(codeOf(error), `rotation failed: ${messageOf(error)}`);
      }
    });
  }

  /** Empties the log and moves TAIL. CLEARED says whether it is empty; what is still there has been reported. */
  clear(end: BatchEnd): void {
    this.#owned(() => {
      let cleared = 1;
      try {
        this.#open();
        this.#moving(() => removeRotated(this.#task.path));
        ftruncateSync(this.#fd, 0);
        this.#numbers[AUDIT_NUMBER.SIZE] = 0;
        this.#numbers[AUDIT_NUMBER.SEGMENT_LINES] = 0;
        this.#numbers[AUDIT_NUMBER.LOGGED] = 0;
        this.#numbers[AUDIT_NUMBER.HELD] = 0;
        this.#held.stop();
        this.#prelude = [];
        this.chain?.restart();
      } catch (error) {
        cleared = 0;
        this.#hooks.fault(codeOf(error), `clearing failed: ${messageOf(error)}`);
      }
      Atomics.store(this.#words, AUDIT.CLEARED, cleared);
      Atomics.store(this.#words, AUDIT.DONE, end.done);
      Atomics.store(this.#words, AUDIT.TAIL, end.tail);
    });
  }

  /** The last thing done to the file. */
  close(): void {
    this.#owned(() => {
      this.#held.stop();
      if (this.#fd === CLOSED) return;
      if (this.#task.fsync !== 'none') this.#sync(this.#fd);
      this.#close();
    });
  }

  #owned(work: () => void): void {
    this.#owner.enter();
    try {
      work();
    } finally {
      this.#owner.leave();
    }
  }

  /** Readers of the log hear of it: between two looks at ROTATION that give the same even number no file was moved. */
  #moving(work: () => void): void {
    Atomics.add(this.#words, AUDIT.ROTATION, 1);
    try {
      work();
    } finally {
      Atomics.add(this.#words, AUDIT.ROTATION, 1);
      Atomics.notify(this.#words, AUDIT.ROTATION);
    }
  }

  // ---- open

  #open(): void {
    if (this.#fd !== CLOSED) return;
    const { path } = this.#task;
    const fd = openSync(path, 'a+', 0o600);
    try {
      const entry = fstatSync(fd);
      // A write into a pipe that nobody reads never ends, and a device keeps nothing.
      if (!entry.isFile()) throw new Error('it is no regular file');
      const { ino } = entry;
      const known = this.#numbers[AUDIT_NUMBER.INODE] === ino;
      this.#journal.settle(fd, known, this.#openedBefore);
      const torn = repairTail(path, fd, (line) => this.#hooks.redact(line));
      this.#count(fd, known && torn === 0);
      this.#numbers[AUDIT_NUMBER.INODE] = ino;
      this.#numbers[AUDIT_NUMBER.SIZE] = fstatSync(fd).size;
      if (this.#numbers[AUDIT_NUMBER.SIZE] === 0 && this.#task.fsync !== 'none') syncFolder(path);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#openedBefore = true;
    this.#fd = fd;
    this.#stream = this.#newStream(fd);
  }

  #count(fd: number, known: boolean): void {
    const { isDue } = this.#held;
    // A seal goes on with what the file holds, and needs to know it.
    const needed = this.chain !== undefined && !this.#openedBefore;
    let scan: Scan | undefined;
    if (needed || (!known && !isDue)) scan = scanFile(fd);
    if (scan !== undefined) this.#numbers[AUDIT_NUMBER.SEGMENT_LINES] = scan.lines;
    if (isDue) {
      this.#prune();
      this.#held.begin(scan !== undefined);
    }
    if (this.chain === undefined || scan === undefined) return;
    if (this.#openedBefore && scan.lines === 0) this.chain.next();
    else this.chain.resume(fd, scan);
  }

  #prune(): void {
    const { path, maxBytes, maxFiles } = this.#task;
    if (maxBytes === Number.POSITIVE_INFINITY) return;
    try {
      this.#moving(() => pruneFiles(path, maxFiles));
    } catch (error) {
      // While the log is opening a fault would say that it can't be.
      this.#pruneError = error;
    }
  }

  #tellPruning(): void {
    const error = this.#pruneError;
    this.#pruneError = undefined;
    if (error !== undefined) this.#hooks.fault(codeOf(error), `removing old files failed: ${messageOf(error)}`);
  }

  /** On a descriptor of ours, which rotation closes itself: reopening or destroying a stream would do it behind our back. */
  #newStream(fd: number): InstanceType<typeof SonicBoom> {
    const stream = new SonicBoom({ fd, sync: true, contentMode: 'buffer', minLength: 0, retryEAGAIN: () => false });
    stream.on('error', (error: Error) => {
      this.#writeError = error;
    });
    this.streams++;
    return stream;
  }

  /** The file is not the active one any more; its inode's number may soon be another's. */
  #forget(): void {
    this.#numbers[AUDIT_NUMBER.INODE] = 0;
    this.#numbers[AUDIT_NUMBER.SIZE] = 0;
    this.#numbers[AUDIT_NUMBER.SEGMENT_LINES] = 0;
    this.#held.forgetActive();
  }

  #close(): void {
    const fd = this.#fd;
    this.#fd = CLOSED;
    this.#stream = undefined;
    closeSync(fd);
  }

  // ---- write

  /** False: the file was deleted, and the batch must go into another. */
  #write(batch: Buffer, end: BatchEnd): boolean {
    const prelude = this.#prelude.map((line) => `${line}\n`).join('');
    const bytes = prelude === '' ? batch : Buffer.concat([Buffer.from(prelude), batch]);
    const own = this.#prelude;
    const lines = end.lines + own.length;
    const before = this.size;
    this.#journal.begin(before, bytes.length, { ...end, lines, logged: end.logged + own.length });
    this.#prelude = [];
    let size: number;
    try {
      this.#append(bytes);
      if (this.#task.fsync === 'batch') fsyncSync(this.#fd);
      size = this.#look(before + bytes.length);
    } catch (error) {
      this.#prelude = own;
      this.#undo(before);
      throw error;
    }
    if (size < 0) {
      // What was lost with the file comes first in the next one.
      this.#prelude.unshift(...own);
      return false;
    }
    if (size < before + bytes.length && this.#fd !== CLOSED) this.#journal.cut(lines);
    this.#journal.finish();
    this.#numbers[AUDIT_NUMBER.SIZE] = size;
    this.chain?.add(bytes, lines);
    return true;
  }

  #append(bytes: Buffer): void {
    this.#writeError = undefined;
    this.#stream!.write(bytes as never);
    if (this.#writeError !== undefined) throw this.#writeError;
  }

  /** After a failed write or fsync: the batch, or the part of it that got there, goes, and is written anew later. */
  #undo(before: number): void {
    try {
      ftruncateSync(this.#fd, before);
      this.#journal.drop();
    } catch {
      // DIRTY stays: whoever opens the file next cuts it.
    }
    // The stream holds on to what it could not write, and the file may be another one by then.
    this.#close();
  }

  /**
   * Looks whether our file is still the one at our path and as long as it must be, and reports what somebody else did to
   * it. Returns the active file's size: 0 when a new one must be opened, -1 when ours was deleted with all that was in it.
   */
  #look(expected: number): number {
    const { path } = this.#task;
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && there.ino === this.#numbers[AUDIT_NUMBER.INODE]) {
      if (there.size === expected) return expected;
      if (there.size < expected) this.#gap(this.#allLines(), 'TRUNCATED');
      this.#hooks.fault('TRUNCATED', `${path} has ${there.size} bytes, not ${expected}: something else writes to it`);
      return there.size;
    }
    const deleted = fstatSync(this.#fd).nlink === 0;
    const missing = this.#allLines();
    this.#close();
    this.#forget();
    if (!deleted) {
      this.#hooks.fault('RENAMED', `${path} was renamed; its lines are kept there, and writing goes on in a new file`);
      return 0;
    }
    this.#hooks.fault('DELETED', `${path} was deleted with ${missing} lines; writing goes on in a new file`);
    this.#gap(missing, 'DELETED');
    this.#journal.drop();
    return -1;
  }

  #allLines(): number {
    this.#held.finishActive();
    return this.lines;
  }

  #gap(missing: number, code: string): void {
    if (missing > 0) this.#prelude.push(systemLine(GAP_TYPE, { missing, code }));
  }

  // ---- fsync

  #sync(fd: number): void {
    try {
      fsyncSync(fd);
    } catch (error) {
      this.#hooks.fault(codeOf(error), `fsync failed: ${messageOf(error)}`);
    }
  }
}

export function codeOf(error: unknown): string {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
