import { Worker } from 'node:worker_threads';
import { type Clock, REAL_CLOCK, type Timer } from '../clock.ts';
import { messageOf } from '../codec.ts';
import { AUDIT, type AuditMemory } from '../ring/layout.ts';
import type { AuditBulk, AuditTask, FromAudit } from './messages.ts';

/**
 * A record that is searched for so long without an end has met a pattern that runs away; the redactor's own budget, which
 * can't interrupt one regular expression, is 5 s at most.
 */
const STALL_MS = 6_000;
/** Time that passes between two looks counts up to this: a process that was stopped has not stalled. */
const MAX_LOOK_MS = 1_000;
/** A thread that has lived so long, or has written something, has not failed at its start. */
const SOUND_AFTER_MS = 1_000;
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 5_000;

export interface AuditThreadHooks {
  message(message: FromAudit): void;
  /**
   * Another thread takes the place of one that died or got stuck, after `delayMs`. `attempts`: how many threads in a row
   * have come to nothing, from 1.
   */
  replaced(reason: string, attempts: number, delayMs: number): void;
  /** Buffers that a new thread needs. */
  bulk(): readonly AuditBulk[];
}

export type AuditThreadTask = Omit<AuditTask, 'memory' | 'generation' | 'bulk'>;

/** The audit worker, started anew when it dies. At most one thread may touch the file, see workers/audit-owner.ts. */
export class AuditThread {
  readonly #memory: AuditMemory;
  readonly #words: Int32Array;
  readonly #task: AuditThreadTask;
  readonly #url: URL;
  readonly #hooks: AuditThreadHooks;
  readonly #clock: Clock;
  #worker: Worker | undefined;
  #generation = 0;
  #startedAt = 0;
  #startedTail = 0;
  #failures = 0;
  /** The next start, while there is no thread. */
  #restart: { readonly at: number; readonly timer: Timer } | undefined;
  #ending = false;
  #error: unknown;
  #onEnd: (() => void) | undefined;
  /** The record that was searched at the last look, and for how long. */
  #scan = 0;
  #stuckMs = 0;
  #lookedAt = 0;
  /** The record that was searched when the last thread died. */
  #fatal = 0;
  restarts = 0;

  constructor(
    memory: AuditMemory,
    task: AuditThreadTask,
    url: URL,
    hooks: AuditThreadHooks,
    clock: Clock = REAL_CLOCK,
  ) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#task = task;
    this.#url = url;
    this.#hooks = hooks;
    this.#clock = clock;
    this.#start();
  }

  send(bulk: AuditBulk): void {
    this.#worker?.postMessage(bulk);
  }

  /** Call about once a second, and while blocking. Replaces a thread that is stuck in one record. */
  look(): void {
    if (this.#ending) return;
    const now = this.#clock.now();
    const passed = Math.min(now - this.#lookedAt, MAX_LOOK_MS);
    this.#lookedAt = now;
    const scan = Atomics.load(this.#words, AUDIT.SCAN);
    if (scan === 0 || scan !== this.#scan) {
      this.#scan = scan;
      this.#stuckMs = 0;
      return;
    }
    this.#stuckMs += passed;
    if (this.#stuckMs < STALL_MS) return;
    this.#stuckMs = 0;
    if (!this.#depose()) return;
    this.#skip(scan);
    const stuck = this.#worker!;
    stuck.removeAllListeners();
    stuck.on('error', () => {});
    void stuck.terminate();
    this.#replace(`a record was searched for ${STALL_MS} ms without an end`);
  }

  /** For whoever blocks the event loop, where neither a thread's end nor a timer is heard of. Starts nothing sooner. */
  revive(): void {
    if (this.#ending) return;
    const gone = this.#worker;
    if (gone !== undefined && Atomics.load(this.#words, AUDIT.GONE) === 1) {
      gone.removeAllListeners();
      gone.on('error', () => {});
      this.#endRotation();
      this.#died('it ended');
    }
    if (this.#restart !== undefined && this.#clock.now() >= this.#restart.at) this.#startAgain();
  }

  /** From now on nothing takes its place. */
  expectEnd(): void {
    this.#ending = true;
    this.#clock.clearTimer(this.#restart?.timer);
  }

  /** Expects its end. Resolves true once it has exited, false when that takes longer. */
  ended(limitMs: number): Promise<boolean> {
    this.expectEnd();
    if (this.#worker === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), limitMs);
      this.#onEnd = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  terminate(): void {
    void this.#worker?.terminate();
  }

  /** There may be no more threads just now. */
  #startAgain(): void {
    this.#clock.clearTimer(this.#restart?.timer);
    this.#restart = undefined;
    try {
      this.#start();
    } catch (error) {
      this.#replace(`no thread could be started: ${messageOf(error)}`);
    }
  }

  #start(): void {
    const { buffer } = this.#memory;
    this.#startedAt = this.#clock.now();
    this.#startedTail = Atomics.load(this.#words, AUDIT.TAIL);
    Atomics.store(this.#words, AUDIT.GONE, 0);
    const workerData: AuditTask = {
      ...this.#task,
      memory: buffer,
      generation: this.#generation,
      bulk: this.#hooks.bulk(),
    };
    // Nothing of the program's own: no preloaded module, no environment.
    const worker = new Worker(this.#url, { workerData, execArgv: [], env: {}, name: 'ganglion-audit' });
    worker.on('message', (message: FromAudit) => this.#hooks.message(message));
    worker.on('error', (error) => {
      this.#error = error;
    });
    worker.on('exit', (code) => {
      this.#worker = undefined;
      this.#endRotation();
      if (this.#ending) this.#onEnd?.();
      else this.#died(this.#error === undefined ? `exit code ${code}` : messageOf(this.#error));
    });
    // Last: a listener for messages takes a reference again.
    worker.unref();
    this.#worker = worker;
  }

  /** The worker is dead: what it was doing to the files nobody is doing any more. */
  #endRotation(): void {
    if (Atomics.load(this.#words, AUDIT.ROTATION) % 2 !== 0) Atomics.add(this.#words, AUDIT.ROTATION, 1);
  }

  #died(reason: string): void {
    this.#worker = undefined;
    this.#error = undefined;
    // It has died, so OWNER is free even if it was busy.
    this.#generation++;
    Atomics.store(this.#words, AUDIT.OWNER, this.#generation << 1);
    const scan = Atomics.load(this.#words, AUDIT.SCAN);
    if (scan !== 0 && scan === this.#fatal) this.#skip(scan);
    this.#fatal = scan;
    this.#replace(reason);
  }

  /** Takes the file from a thread that is not busy with it. */
  #depose(): boolean {
    const idle = this.#generation << 1;
    const next = (this.#generation + 1) << 1;
    if (Atomics.compareExchange(this.#words, AUDIT.OWNER, idle, next) !== idle) return false;
    this.#generation++;
    return true;
  }

  #skip(scan: number): void {
    this.#words[AUDIT.SKIP] = scan & ~1;
    Atomics.store(this.#words, AUDIT.SKIP_SET, 1);
  }

  #replace(reason: string): void {
    this.restarts++;
    // Nobody searches that record now; `look` would take its next thread for stuck.
    Atomics.store(this.#words, AUDIT.SCAN, 0);
    const now = this.#clock.now();
    const moved = Atomics.load(this.#words, AUDIT.TAIL) !== this.#startedTail;
    this.#failures = moved || now - this.#startedAt > SOUND_AFTER_MS ? 0 : this.#failures + 1;
    const delayMs = this.#failures <= 1 ? 0 : Math.min(FIRST_RESTART_MS * 2 ** (this.#failures - 2), MAX_RESTART_MS);
    this.#hooks.replaced(reason, Math.max(1, this.#failures), delayMs);
    if (delayMs === 0) {
      this.#startAgain();
      return;
    }
    const timer = this.#clock.setTimer(() => this.#startAgain(), delayMs);
    timer.unref();
    this.#restart = { at: now + delayMs, timer };
  }
}
