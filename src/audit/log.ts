import { GAP_TYPE, systemLine } from '../audit-format.ts';
import { monotonicMs } from '../clock.ts';
import { AuditOpenError, AuditWriteError, BusClosedError } from '../errors.ts';
import type { BusEvent } from '../event.ts';
import { AUDIT, AUDIT_NUMBER, type AuditMemory, createAudit, DOORBELL_ASLEEP, DOORBELL_OFF } from '../ring/layout.ts';
import { workerFiles } from '../worker-urls.ts';
import { closeAtExit, forgetAtExit } from './at-exit.ts';
import { blockUntil } from './block-until.ts';
import type { AuditHooks, AuditInternals, AuditOptions, AuditStats } from './interface.ts';
import { LogLock } from './log-lock.ts';
import type { AuditFault, FromAudit } from './messages.ts';
import { openError, resolveLogPath } from './path.ts';
import { type AuditQuery, resolveQuery } from './query.ts';
import { AuditQueue } from './queue.ts';
import { readEvents } from './reader.ts';
import { AuditThread } from './thread.ts';
import { Waiters } from './waiters.ts';

export type { AuditOptions, AuditStats } from './interface.ts';

const DEFAULT_RING_BYTES = 8 << 20;
/** Takes some tens of milliseconds. */
const COUNT_AT_ONCE_BYTES = 32 << 20;
const DEFAULT_SEAL_LINES = 1_000;
/** The worker is looked after so often. */
const LOOK_MS = 1_000;
/** At exit the log is given up when nothing has moved for so long. */
const EXIT_SILENCE_MS = 10_000;
/** For the last seal at exit, and for a worker to end by itself. */
const END_MS = 2_000;

/** A reader blocks so long for the end of a rotation; then the worker's end, if it has died, gets a chance to be heard of. */
const ROTATION_WAIT_MS = 1;

/**
 * The main thread's side of the audit log: a line is copied into shared memory, and a worker redacts it and writes it.
 * What `append` has taken is in the file once, in that order, or an explicit gap record is.
 */
export class AuditLog {
  /** The file's real path. */
  readonly path: string;
  readonly #hooks: AuditHooks;
  readonly #memory: AuditMemory;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #lock: LogLock;
  readonly #queue: AuditQueue;
  readonly #thread: AuditThread;
  readonly #waiters: Waiters;
  readonly #sealing: boolean;
  /** Looks after the worker; holds the process while somebody waits. */
  readonly #timer: NodeJS.Timeout;
  readonly #ready: Promise<void>;
  #up: (() => void) | undefined;
  #openFailed: ((error: Error) => void) | undefined;
  #roomWanted = false;
  #watching = false;
  #reportedLost = 0;
  #damaged = 0;
  /** Nothing more will be written. */
  #over = false;
  #warned = false;
  #closed: Promise<boolean> | undefined;

  /** Throws AuditLockedError when another log has the file, AuditOpenError when it can't be opened. */
  constructor(options: AuditOptions, hooks: AuditHooks = {}, internals: AuditInternals = {}) {
    this.#hooks = hooks;
    const writer = internals.writer ?? workerFiles(options.workersUrl).auditWriter;
    this.path = resolveLogPath(options.path);
    this.#lock = new LogLock(this.path);
    const { seal = false } = options;
    this.#sealing = seal !== false;
    this.#memory = createAudit(options.ringBytes ?? DEFAULT_RING_BYTES, internals.ringStart);
    this.#words = this.#memory.words;
    this.#numbers = this.#memory.numbers;
    this.#queue = new AuditQueue(this.#memory, (bulk) => this.#thread.send(bulk));
    this.#ready = new Promise((resolve, reject) => {
      this.#up = resolve;
      this.#openFailed = reject;
    });
    this.#ready.catch(() => {});
    const task = {
      path: this.path,
      lock: this.#lock.path,
      maxBytes: options.maxLogSizeBytes ?? Number.POSITIVE_INFINITY,
      maxFiles: options.maxLogFiles ?? 5,
      fsync: options.fsync ?? 'rotate',
      redactor: options.redactor,
      countAtOnceBytes: internals.countAtOnceBytes ?? COUNT_AT_ONCE_BYTES,
      sealEvery: seal === true ? DEFAULT_SEAL_LINES : Number(seal),
    };
    try {
      this.#thread = new AuditThread(this.#memory, task, writer, {
        message: (message) => this.#receive(message),
        replaced: (reason, attempts, delayMs) => {
          const when = delayMs === 0 ? '' : `, the next one starts in ${delayMs} ms`;
          const message = `the audit worker was replaced: ${reason}${when}`;
          if (attempts > 1) this.#openFailed?.(new AuditOpenError(this.path, message));
          this.#fault({ code: 'WORKER', message, attempts });
        },
        bulk: () => this.#queue.bulk(),
      });
    } catch (error) {
      this.#lock.release();
      throw openError(this.path, error);
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
    this.#waiters = new Waiters((sequence) => this.#queue.isDone(sequence));
    closeAtExit(this);
  }

  /** The file is open. Rejects with AuditOpenError; the log goes on trying. */
  async ready(): Promise<void> {
    this.#hold();
    try {
      await this.#ready;
    } finally {
      this.#settle();
    }
  }

  /** Takes a line, without its line feed. False: there is no room, nothing was taken, and `roomAgain` will be called. */
  append(line: string, bodyBytes?: number): boolean {
    if (this.#over) return false;
    if (this.#queue.append(line, bodyBytes)) return true;
    this.wantRoom();
    return false;
  }

  /** For a line that can't be refused, as the bus's own records: waits in memory for room. A line too many is a gap record. */
  appendOrWait(line: string, bodyBytes?: number): void {
    if (this.#over) return;
    this.#queue.appendOrWait(line, bodyBytes);
    if (this.#queue.waiting > 0) this.#watchSoon();
  }

  get hasRoom(): boolean {
    return !this.#over && this.#queue.hasRoom;
  }

  /** The log is closed, or the process is exiting: what comes now can't be kept any more. */
  get isOver(): boolean {
    return this.#over;
  }

  /** `roomAgain` will be called once there is room. */
  wantRoom(): void {
    if (this.#roomWanted) return;
    this.#roomWanted = true;
    this.#hold();
    this.#watchSoon();
  }

  /** Blocks the thread until there is room, at most so many milliseconds; says whether there is. */
  blockForRoom(timeoutMs: number): boolean {
    return this.#block(timeoutMs, Number.POSITIVE_INFINITY, () => this.#queue.hasRoom);
  }

  /** True once everything appended before is in the file, false when the time was over first or the log is closed. */
  async flush(timeoutMs: number): Promise<boolean> {
    const sequence = this.#queue.accepted;
    if (this.#queue.isDone(sequence)) return true;
    if (this.#over) return false;
    const flushed = this.#waiters.wait(sequence, timeoutMs);
    this.#hold();
    this.#queue.hurry();
    this.#watch();
    try {
      return await flushed;
    } finally {
      this.#settle();
    }
  }

  /** The same, blocking the thread. */
  flushSync(timeoutMs: number): boolean {
    return this.#flushBlocking(timeoutMs, Number.POSITIVE_INFINITY);
  }

  /**
   * Events in the log, newest first, as they were redacted; all emitted before the call are among them, except where a close
   * was out of time for them. Rejects with ConfigError, InvalidPatternError, AuditOpenError.
   */
  async read(query: AuditQuery = {}): Promise<BusEvent[]> {
    // As it is now: what follows may take as long as a disk is full.
    resolveQuery(query);
    const asked = { ...query };
    this.#hold();
    try {
      await this.flush(Number.POSITIVE_INFINITY);
      const { events, damaged } = await readEvents(this.path, asked, {
        now: () => Atomics.load(this.#words, AUDIT.ROTATION),
        wait: (odd) => void Atomics.wait(this.#words, AUDIT.ROTATION, odd, ROTATION_WAIT_MS),
      });
      this.#damaged = damaged;
      return events;
    } finally {
      this.#settle();
    }
  }

  /** Removes everything that was appended before. False when some of it could not be removed. Rejects with BusClosedError. */
  async clear(): Promise<boolean> {
    if (this.#closed !== undefined || this.#over) throw new BusClosedError('clearLog');
    this.#queue.clear();
    if (!(await this.flush(Number.POSITIVE_INFINITY))) return false;
    return Atomics.load(this.#words, AUDIT.CLEARED) === 1;
  }

  /** No I/O. */
  stats(): AuditStats {
    const { lag, accepted, clears } = this.#queue;
    const numbers = this.#numbers;
    return {
      lag_events: lag,
      lines: Math.max(0, accepted - clears - lag),
      bytes: numbers[AUDIT_NUMBER.BYTES]!,
      rotations: numbers[AUDIT_NUMBER.ROTATIONS]!,
      errors: numbers[AUDIT_NUMBER.ERRORS]! + this.#thread.restarts,
      restarts: this.#thread.restarts,
      total_events_logged: numbers[AUDIT_NUMBER.HELD]! + numbers[AUDIT_NUMBER.LOGGED]! + lag,
      log_file_size: numbers[AUDIT_NUMBER.SIZE]!,
      damaged_lines: this.#damaged,
    };
  }

  /** Bytes of the ring that are in use. */
  get usedBytes(): number {
    return this.#queue.usedBytes;
  }

  /** Writes what was appended, ends the worker and frees the file. False: the time was over first, and lines are lost. Idempotent. */
  close(timeoutMs: number): Promise<boolean> {
    this.#closed ??= this.#close(timeoutMs);
    return this.#closed;
  }

  /** The process exits: blocks until everything is in the file, as long as something moves and no close has given it up. */
  closeAtExit(): void {
    const silenceMs = this.#over ? 0 : EXIT_SILENCE_MS;
    const flushed = this.#flushBlocking(Number.POSITIVE_INFINITY, silenceMs);
    if (flushed && this.#sealing) {
      this.#thread.expectEnd();
      Atomics.store(this.#words, AUDIT.CLOSING, 1);
      this.#queue.wake();
      this.#block(END_MS, END_MS, () => Atomics.load(this.#words, AUDIT.GONE) === 1);
    }
    this.#over = true;
    if (!flushed) {
      const { lag } = this.#queue;
      const why = silenceMs === 0 ? 'since its close ran out of time' : `after ${silenceMs} ms without a line`;
      const message = `the process exits before ${lag} lines could be written, ${why}`;
      // Not by emitWarning, which comes out in a later turn: there is none any more.
      process.emit('warning', new AuditWriteError(this.path, 'EXIT', message));
    }
    // A worker that is still at it may not meet another writer.
    if (flushed) this.#lock.release();
  }

  async #close(timeoutMs: number): Promise<boolean> {
    const begun = monotonicMs();
    const flushed = await this.flush(timeoutMs);
    const ended = this.#thread.ended(flushed ? Math.max(END_MS, timeoutMs - (monotonicMs() - begun)) : END_MS);
    Atomics.store(this.#words, AUDIT.CLOSING, 1);
    if (flushed) this.#queue.wake();
    else {
      this.#over = true;
      this.#thread.terminate();
    }
    let gone = await ended;
    if (!gone) {
      const terminated = this.#thread.ended(END_MS);
      this.#thread.terminate();
      gone = await terminated;
    }
    clearInterval(this.#timer);
    this.#over = true;
    this.#waiters.giveUp();
    forgetAtExit(this);
    // A thread in a call that can't be interrupted may still write: then the lock stays until the process ends.
    if (gone) this.#lock.release();
    return flushed;
  }

  // ---- the worker

  #receive(message: FromAudit): void {
    switch (message.type) {
      case 'up':
        this.#lock.opened();
        this.#up?.();
        // A new worker may have found its predecessor's last batch in the file.
        if (this.#wanted) this.#watch();
        break;
      case 'progress':
        this.#watch();
        break;
      case 'fault':
        this.#openFailed?.(new AuditOpenError(this.path, message.fault.message));
        this.#fault(message.fault);
        break;
      case 'recovered':
        this.#hooks.recovered?.({ code: message.code, downMs: message.downMs });
        break;
      case 'rotated':
        this.#hooks.rotated?.();
        break;
      case 'seal':
        this.#hooks.sealed?.(message.seal);
        break;
    }
  }

  #fault(fault: AuditFault): void {
    if (!this.#warned) {
      this.#warned = true;
      process.emitWarning(new AuditWriteError(this.path, fault.code, fault.message));
    }
    this.#hooks.fault?.(fault);
  }

  #look(): void {
    this.#thread.look();
    if (this.#wanted) this.#watch();
  }

  // ---- waiting

  get #wanted(): boolean {
    return this.#roomWanted || this.#waiters.size > 0 || this.#queue.waiting > 0;
  }

  /** Never in the stack of who appends: `roomAgain` may append again. */
  #watchSoon(): void {
    if (this.#watching) return;
    this.#watching = true;
    setImmediate(() => {
      this.#watching = false;
      this.#watch();
    });
  }

  /** Arms the bell first: what the worker writes before is seen here, what it writes after rings. */
  #watch(): void {
    Atomics.store(this.#words, AUDIT.BELL, DOORBELL_ASLEEP);
    this.#queue.pump();
    if (this.#waiters.size > 0) {
      this.#queue.hurry();
      this.#waiters.check();
    }
    if (this.#queue.lost > this.#reportedLost) this.#reportLost();
    if (this.#roomWanted && this.#queue.hasRoom) {
      this.#roomWanted = false;
      this.#hooks.roomAgain?.();
    }
    if (this.#wanted) return;
    Atomics.store(this.#words, AUDIT.BELL, DOORBELL_OFF);
    this.#settle();
  }

  #reportLost(): void {
    const missing = this.#queue.lost - this.#reportedLost;
    if (this.#queue.waiting > 0 || !this.#queue.append(systemLine(GAP_TYPE, { missing, code: 'OVERFLOW' }))) return;
    this.#reportedLost += missing;
    this.#fault({ code: 'OVERFLOW', message: `${missing} lines found no room and are lost`, attempts: 1 });
  }

  #hold(): void {
    this.#timer.ref();
  }

  #settle(): void {
    if (!this.#wanted) this.#timer.unref();
  }

  #flushBlocking(timeoutMs: number, silenceMs: number): boolean {
    const sequence = this.#queue.accepted;
    const done = (): boolean => {
      this.#queue.pump();
      this.#queue.hurry();
      return this.#queue.isDone(sequence);
    };
    return this.#block(timeoutMs, silenceMs, done);
  }

  #block(timeoutMs: number, silenceMs: number, done: () => boolean): boolean {
    const satisfied = blockUntil(this.#words, done, timeoutMs, silenceMs, () => {
      this.#thread.revive();
      this.#thread.look();
    });
    // Whoever waits in the event loop may have missed a ring meanwhile.
    if (this.#wanted) this.#watchSoon();
    return satisfied;
  }
}
