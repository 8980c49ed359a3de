import type { ResolvedOptions } from '../options/bus.ts';
import type { FromThread } from '../protocol.ts';
import { MAX_OWNER, MODE_ACTIVE, MODE_DRAIN, MODE_RETURN, type RingMemory } from '../ring/layout.ts';
import { unpark } from '../ring/parking.ts';
import { workerFiles } from '../worker-urls.ts';
import { HandlerThread, type ThreadRole } from './handler-thread.ts';
import { ThreadPool } from './thread-pool.ts';

/** After terminate(), a thread that has not exited by then is in native code. */
const ZOMBIE_AFTER_MS = 100;
const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 5_000;
/** So many threads in a row that end before they begin: something is wrong with every one of them. */
const HOPELESS_AFTER = 5;

export interface ThreadsHooks {
  /** A lease was made: its first messages. */
  begin(thread: HandlerThread): void;
  /** A spare takes events from now on. */
  promoted(thread: HandlerThread): void;
  receive(thread: HandlerThread, message: FromThread): void;
  /** Takes back what the thread held. `exited`: nothing of it runs any more; before, it may be in native code. */
  recover(thread: HandlerThread, exited: boolean): void;
  /** It was given back; what it wrote last is still to be read. */
  returned(thread: HandlerThread): void;
  restarted(thread: HandlerThread): void;
  /** No thread comes up. */
  hopeless(cause: unknown): void;
}

/** Keeps the wanted number of threads leased: some take events, the spares stand by, the dead are replaced. */
export class Threads {
  /** Every lease that is not gone: also those that drain or die. */
  readonly list: HandlerThread[] = [];
  restarts = 0;
  readonly #ring: RingMemory;
  readonly #options: ResolvedOptions;
  readonly #hooks: ThreadsHooks;
  readonly #pool: ThreadPool;
  readonly #owners: number[] = [];
  /** Leases are only held while there is work: they keep the process alive. */
  #wanted = false;
  #startFailures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(ring: RingMemory, options: ResolvedOptions, hooks: ThreadsHooks) {
    this.#ring = ring;
    this.#options = options;
    this.#hooks = hooks;
    for (let owner = MAX_OWNER; owner > 0; owner--) this.#owners.push(owner);
    this.#pool = new ThreadPool(
      options.threads + options.spareThreads,
      workerFiles(options.workersUrl),
      options.worker,
      {
        exited: (nodeThreadId) => this.#exited(nodeThreadId),
      },
    );
  }

  get leased(): boolean {
    return this.#wanted;
  }

  /** Takes the threads, or takes those back that have been asked to return. */
  lease(): void {
    if (this.#wanted || this.#closed) return;
    this.#wanted = true;
    for (const thread of this.list) {
      // One that has returned already comes off the list when its lease ends.
      if ((thread.role === 'active' || thread.role === 'spare') && !thread.recall()) thread.role = 'gone';
    }
    this.#ensure();
  }

  /** Gives the threads back, so that they don't keep the process alive. Nothing may be in flight. */
  release(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const thread of this.list)
      if (thread.role === 'active' || thread.role === 'spare') thread.setMode(MODE_RETURN);
  }

  /** Ends the thread at once; what it held is taken back when it has exited. */
  kill(thread: HandlerThread): void {
    if (thread.role === 'dying' || thread.role === 'gone') return;
    thread.killed = true;
    this.#dying(thread);
    // It gives up its core, a spare takes its place, and only then the pool starts another thread, which competes with
    // all others for tens of milliseconds.
    this.#pool.terminate(thread.nodeThreadId);
    this.#ensure();
    thread.lease.kill();
    const timer = setTimeout(() => {
      if (thread.role !== 'dying') return;
      thread.zombie = true;
      this.#hooks.recover(thread, false);
    }, ZOMBIE_AFTER_MS);
    timer.unref();
  }

  /** The thread takes nothing new; a spare takes its place. Its end is the caller's to decide. */
  drain(thread: HandlerThread): void {
    if (thread.role !== 'active' && thread.role !== 'spare') return;
    thread.role = 'draining';
    thread.setMode(MODE_DRAIN);
    this.#ensure();
  }

  /** Its consumer runs. */
  cameUp(thread: HandlerThread): void {
    thread.up = true;
    this.#startFailures = 0;
  }

  count(role: ThreadRole): number {
    return this.list.reduce((sum, thread) => sum + (thread.role === role && thread.up ? 1 : 0), 0);
  }

  /** Terminates all threads. Resolves when they have exited, or after `patienceMs`: native code can't be interrupted. */
  async close(patienceMs: number): Promise<void> {
    this.#closed = true;
    this.#wanted = false;
    clearTimeout(this.#retry);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([this.#pool.destroy(), patience]);
    clearTimeout(timer);
    for (const thread of this.list) {
      thread.role = 'gone';
      thread.close();
    }
    this.list.length = 0;
  }

  #having(role: ThreadRole): HandlerThread[] {
    return this.list.filter((thread) => thread.role === role);
  }

  /** Spares take the places that are empty. */
  #promote(): void {
    if (!this.#wanted || this.#closed) return;
    let missing = this.#options.threads - this.#having('active').length;
    for (const spare of this.#having('spare').sort((a, b) => Number(b.up) - Number(a.up))) {
      if (missing-- <= 0) return;
      spare.role = 'active';
      // Before it can claim: whatever is told from now on finds it active.
      this.#hooks.promoted(spare);
      spare.setMode(MODE_ACTIVE);
    }
  }

  #ensure(): void {
    this.#promote();
    // New threads wait for the back-off, standing ones need not.
    if (!this.#wanted || this.#closed || this.#retry !== undefined) return;
    const { threads, spareThreads } = this.#options;
    for (let active = this.#having('active').length; active < threads; active++) this.#begin('active');
    for (let spares = this.#having('spare').length; spares < spareThreads; spares++) this.#begin('spare');
  }

  #begin(role: 'active' | 'spare'): void {
    // Owner numbers of the dying are not free: with a thousand zombies the next thread waits for one to exit.
    const owner = this.#owners.pop();
    if (owner === undefined) return;
    const { threads, asyncPerThread, loadTimeoutMs, recycleAfterEvents, recycleAboveHeapBytes } = this.#options;
    const options = {
      owner,
      threads,
      cells: asyncPerThread,
      role,
      loadTimeoutMs,
      recycleAfterEvents,
      recycleAboveHeapBytes,
    };
    const thread = new HandlerThread(this.#pool, this.#ring, options, (from, message) =>
      this.#hooks.receive(from, message),
    );
    this.list.push(thread);
    this.#hooks.begin(thread);
    thread.lease.ended.then(
      () => this.#returned(thread),
      (error: unknown) => this.#ended(thread, error),
    );
  }

  #returned(thread: HandlerThread): void {
    this.#hooks.returned(thread);
    this.#gone(thread);
    this.#ensure();
  }

  /** The thread ended under its lease, by our kill or by itself. Piscina says so before the thread has exited. */
  #ended(thread: HandlerThread, error: unknown): void {
    if (this.#closed) return;
    if (thread.role !== 'gone' && !thread.killed) this.#dying(thread);
    const { nodeThreadId } = thread;
    if (nodeThreadId === 0 && !thread.killed) {
      this.#startFailures++;
      this.#backOff();
      if (this.#startFailures >= HOPELESS_AFTER && !this.list.some((t) => t.up && t.role !== 'dying'))
        this.#hooks.hopeless(this.#pool.lastError ?? error);
    }
    if (!this.#pool.isAlive(nodeThreadId)) this.#buried(thread);
    this.#ensure();
  }

  #exited(nodeThreadId: number): void {
    for (const thread of [...this.list]) {
      if (thread.nodeThreadId === nodeThreadId && thread.role === 'dying') this.#buried(thread);
    }
    this.#endStranded();
    this.#ensure();
  }

  /** They end as if their thread had, which counts as a failed start, and others are begun after a while. */
  #endStranded(): void {
    const waiting = this.list.filter((thread) => thread.nodeThreadId === 0 && !thread.killed);
    const held = this.list.filter(({ nodeThreadId }) => this.#pool.isAlive(nodeThreadId)).length;
    const stranded = this.#pool.stranded(held);
    if (stranded > 0) for (const thread of waiting.slice(-stranded)) thread.lease.kill();
  }

  #dying(thread: HandlerThread): void {
    thread.role = 'dying';
    if (!thread.recycled) this.restarts++;
    this.#hooks.restarted(thread);
  }

  /** Nothing of it runs any more. */
  #buried(thread: HandlerThread): void {
    if (!this.list.includes(thread)) return;
    this.#hooks.recover(thread, true);
    this.#gone(thread);
    thread.close();
  }

  #gone(thread: HandlerThread): void {
    thread.role = 'gone';
    const at = this.list.indexOf(thread);
    if (at !== -1) this.list.splice(at, 1);
    unpark(this.#ring, thread.memory);
    this.#owners.push(thread.owner);
  }

  #backOff(): void {
    const delay = Math.min(FIRST_RETRY_MS * 2 ** (this.#startFailures - 1), LAST_RETRY_MS);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#ensure();
    }, delay);
  }
}
