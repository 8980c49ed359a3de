import type { TeardownFault } from '../protocol.ts';
import type { HandlerThread } from './handler-thread.ts';
import type { Threads } from './threads.ts';

/** A thread answers for its teardown itself; one that doesn't has so long beyond the limit. */
const ANSWER_MS = 100;

export interface RecyclerHooks {
  readonly threads: Threads;
  /** The thread takes nothing new; what it has claimed goes to others. */
  drain(thread: HandlerThread): void;
  readOutcomes(thread: HandlerThread): void;
  /** Milliseconds for the teardowns of one thread. */
  readonly tearDownMs: number;
  tearDownFailed(fault: TeardownFault): void;
}

/**
 * Replaces worn threads between events, one at a time so that the others go on meanwhile: it takes nothing new, finishes
 * what it has, runs the teardowns of its modules and is ended. Runs them on every thread when the pool closes.
 */
export class Recycler {
  readonly #hooks: RecyclerHooks;
  readonly #waiting: HandlerThread[] = [];
  #current: HandlerThread | undefined;
  /** Threads whose teardown is awaited. */
  readonly #tearing = new Map<HandlerThread, { readonly ended: Promise<void>; readonly done: () => void }>();

  constructor(hooks: RecyclerHooks) {
    this.#hooks = hooks;
  }

  worn(thread: HandlerThread): void {
    this.#waiting.push(thread);
    this.#next();
  }

  drained(thread: HandlerThread): void {
    if (thread !== this.#current || thread.role !== 'draining') return;
    this.#hooks.readOutcomes(thread);
    void this.#tearDown(thread).then(() => {
      thread.recycled = true;
      this.#hooks.threads.kill(thread);
      if (this.#current === thread) this.#current = undefined;
      this.#next();
    });
  }

  /** Or it has ended, and nothing of it is left to end. */
  tornDown(thread: HandlerThread): void {
    this.#tearing.get(thread)?.done();
  }

  /**
   * Also on threads that were given back: they are taken once more for it. Those in the middle of a handler are not asked.
   * One that is not up yet is: it may be setting its modules up already, though its word of being up has not been read.
   */
  async tearDownAll(): Promise<void> {
    const { threads } = this.#hooks;
    const idle = threads.list.filter(
      (thread) => thread.role !== 'dying' && thread.role !== 'gone' && !thread.handling(),
    );
    await Promise.all(idle.map((thread) => this.#tearDown(thread)));
  }

  #next(): void {
    // One that died meanwhile has been replaced already.
    if (this.#current !== undefined && this.#current.role !== 'dying' && this.#current.role !== 'gone') return;
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) return;
    if (this.#current.role === 'active') this.#hooks.drain(this.#current);
    else this.#next();
  }

  /** Once per thread: at a shutdown one may be on its way out already, and the thread that waits for its place with it. */
  #tearDown(thread: HandlerThread): Promise<void> {
    const begun = this.#tearing.get(thread);
    if (begun !== undefined) return begun.ended;
    const limitMs = this.#hooks.tearDownMs;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const done = (): void => {
      clearTimeout(timer);
      this.#tearing.delete(thread);
      end();
    };
    const timer = setTimeout(() => {
      // A thread that has died meanwhile has nothing left to end.
      if (thread.role !== 'dying' && thread.role !== 'gone') {
        this.#hooks.tearDownFailed({ module: 'all modules', message: `a thread did not answer in ${limitMs} ms` });
      }
      done();
    }, limitMs + ANSWER_MS);
    this.#tearing.set(thread, { ended, done });
    thread.post({ type: 'teardown', limitMs });
    return ended;
  }
}
