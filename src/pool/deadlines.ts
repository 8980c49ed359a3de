import { MAX_TIMER_MS, monotonicMs } from '../clock.ts';
import { type Delivery, failure, type Outcome, type Subscription } from '../delivery/pending.ts';
import { HandlerTimeoutError } from '../errors.ts';
import { cellDelivery, cellStart, loadCell, takeCell } from '../ring/cells.ts';
import { CELL_RUNNING, stateOf } from '../ring/layout.ts';
import { FailureReason } from '../types.ts';
import type { HandlerThread } from './handler-thread.ts';

/** A thread whose event loop has not answered for so long is blocked, if nobody has a right to block it. */
const ANSWER_MS = 50;
/** The same, when healthy deliveries beside the overdue one would have to run again. */
const ANSWER_IN_COMPANY_MS = 500;
/** A handler that is past its deadline has so long to notice its signal before its thread is drained. */
const GRACE_MS = 100;
/** A thread reports a module's load timeout itself, within so long. */
const REPORT_MS = 500;
/** How often a thread under suspicion is looked at. */
const WATCH_MS = 10;

export interface DeadlineHooks {
  threads(): readonly HandlerThread[];
  find(id: number): Delivery | undefined;
  settle(delivery: Delivery, outcome: Outcome): void;
  /** The thread is blocked, or has nothing left but what is overdue: end it. */
  kill(thread: HandlerThread): void;
  /** A delivery that was settled at its deadline has ended. */
  ended(delivery: Delivery): void;
  /** A thread is ended for a handler of this subscription that was settled before. */
  costThread(subscription: Subscription): void;
  /** The thread takes nothing new. */
  drain(thread: HandlerThread): void;
  /** Deliveries are published that may start at any time. */
  outstanding(): boolean;
  readonly loadTimeoutMs: number;
}

/**
 * Enforces deadlines from the main thread, with one timer for all. Threads write their handlers' start into their cells;
 * a scan settles what is past its deadline and names the next moment at which anything can be.
 */
export class Deadlines {
  readonly #hooks: DeadlineHooks;
  /** Shortest timeout of any subscription: what starts after a scan can't be due before this has passed. */
  #shortestMs = Number.POSITIVE_INFINITY;
  readonly #timeouts = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(hooks: DeadlineHooks) {
    this.#hooks = hooks;
  }

  addTimeout(timeoutMs: number): void {
    this.#timeouts.set(timeoutMs, (this.#timeouts.get(timeoutMs) ?? 0) + 1);
    this.#shortestMs = Math.min(this.#shortestMs, timeoutMs);
  }

  removeTimeout(timeoutMs: number): void {
    const left = (this.#timeouts.get(timeoutMs) ?? 1) - 1;
    if (left > 0) {
      this.#timeouts.set(timeoutMs, left);
      return;
    }
    this.#timeouts.delete(timeoutMs);
    if (timeoutMs === this.#shortestMs) this.#shortestMs = Math.min(Number.POSITIVE_INFINITY, ...this.#timeouts.keys());
  }

  /** Something may start from now on: sees to it that a scan comes in time. */
  watch(now: number): void {
    this.schedule(now + this.#shortestMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  /** Settles what is due; returns the monotonic time of the next scan. */
  scan(): number {
    const now = monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const thread of this.#hooks.threads()) {
      if (!thread.up || thread.role === 'dying' || thread.role === 'gone') continue;
      for (let cell = 0; cell < thread.memory.cellCount; cell++) {
        const word = loadCell(thread.memory, cell);
        if (stateOf(word) !== CELL_RUNNING) continue;
        const startedAt = cellStart(thread.memory, cell);
        if (startedAt === 0) continue;
        const delivery = this.#hooks.find(cellDelivery(thread.memory, cell));
        if (delivery === undefined) continue;
        const due = startedAt + delivery.subscription.timeoutMs;
        if (due > now) next = Math.min(next, due);
        else if (this.#expire(thread, cell, word, delivery, startedAt, now)) break;
      }
      next = Math.min(next, this.#overdue(thread, now), this.#loads(thread, now));
    }
    return this.#hooks.outstanding() ? Math.min(next, now + this.#shortestMs) : next;
  }

  /** True when the thread was ended for it. */
  #expire(
    thread: HandlerThread,
    cell: number,
    word: number,
    delivery: Delivery,
    startedAt: number,
    now: number,
  ): boolean {
    if (!takeCell(thread.memory, cell, word)) return false;
    const { subscription } = delivery;
    const onStack = thread.executing() === cell + 1;
    const id = delivery.id;
    // Settle first: terminating can take as long as a native call that is not interrupted.
    delivery.lingering = true;
    thread.overdue.push({ cell, word: loadCell(thread.memory, cell), since: now, delivery });
    if (!onStack) {
      thread.post({ type: 'abort', delivery: id, reason: 'timeout' });
      this.#ping(thread, now);
    }
    const error = new HandlerTimeoutError(subscription.name, subscription.timeoutMs);
    this.#hooks.settle(
      delivery,
      failure(FailureReason.HANDLER_TIMEOUT, error, startedAt, now, thread.nodeThreadId, onStack),
    );
    if (onStack) this.#hooks.kill(thread);
    return onStack;
  }

  #ping(thread: HandlerThread, now: number): void {
    if (!thread.ponged()) return;
    thread.ping = (thread.ping + 1) & 0x3fff_ffff;
    thread.pingAt = now;
    thread.post({ type: 'ping', number: thread.ping });
  }

  /** Handlers that main has settled and that go on: is the thread alive, and does it get rid of them? */
  #overdue(thread: HandlerThread, now: number): number {
    const { overdue } = thread;
    for (let i = overdue.length - 1; i >= 0; i--) {
      const { cell, word, delivery } = overdue[i]!;
      if (loadCell(thread.memory, cell) === word) continue;
      overdue.splice(i, 1);
      this.#hooks.ended(delivery);
    }
    if (overdue.length === 0 || thread.role === 'dying') return Number.POSITIVE_INFINITY;
    const { running, loading } = thread.inFlight();
    if (!thread.ponged()) {
      const executing = thread.executing();
      const own = executing !== 0 && overdue.some((o) => o.cell === executing - 1);
      // Another handler is on its stack, within its own deadline: it has a right to block the thread.
      const patience = running + loading > 0 ? ANSWER_IN_COMPANY_MS : ANSWER_MS;
      if (own || (executing === 0 && now - thread.pingAt >= patience)) {
        this.#kill(thread);
        return Number.POSITIVE_INFINITY;
      }
      return now + WATCH_MS;
    }
    const oldest = Math.min(...overdue.map((o) => o.since));
    if (now - oldest < GRACE_MS) return Math.max(now + 1, Math.min(now + GRACE_MS, oldest + GRACE_MS));
    if (thread.role !== 'draining') this.#hooks.drain(thread);
    if (running + loading === 0) {
      this.#kill(thread);
      return Number.POSITIVE_INFINITY;
    }
    // Its event loop is alive now, but the overdue handler may block it later.
    if (now - thread.pingAt >= ANSWER_IN_COMPANY_MS) this.#ping(thread, now);
    return now + WATCH_MS;
  }

  /** For the handlers that are overdue in it. */
  #kill(thread: HandlerThread): void {
    for (const subscription of new Set(thread.overdue.map(({ delivery }) => delivery.subscription)))
      this.#hooks.costThread(subscription);
    this.#hooks.kill(thread);
  }

  /** The thread itself reports an import that never settles; no report at all means that an import blocks it. */
  #loads(thread: HandlerThread, now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const since of thread.loading.values()) {
      const due = since + this.#hooks.loadTimeoutMs + REPORT_MS;
      if (due <= now) {
        this.#hooks.kill(thread);
        return Number.POSITIVE_INFINITY;
      }
      next = Math.min(next, due);
    }
    return next;
  }

  /** A scan at this monotonic time, or before. */
  schedule(at: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at === Number.POSITIVE_INFINITY) {
      this.#timer = undefined;
      return;
    }
    this.#timer = setTimeout(this.#fire, Math.min(Math.max(0, Math.ceil(at - monotonicMs())), MAX_TIMER_MS));
    // The pool holds the process while there is work; a deadline alone is none.
    this.#timer.unref();
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.schedule(this.scan());
  };
}
