import { fileURLToPath } from 'node:url';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { explain } from '../advice.ts';
import { ThreadStartError } from '../errors.ts';
import type { EventBusOptions } from '../types.ts';
import type { WorkerFiles } from '../worker-urls.ts';

/** A pooled thread taken for a long-lived task. */
export interface Lease {
  /** Resolves when the task returned the thread, rejects when the thread ended under it. */
  readonly ended: Promise<void>;
  /** Terminates the thread; the pool starts another in its place. */
  kill(): void;
}

export interface ThreadPoolHooks {
  /** A thread has exited; its Node thread id as it was. */
  exited(nodeThreadId: number): void;
}

/**
 * The one module that knows Piscina. Its threads are all created at once and never shrink; a task holds its thread alone
 * and keeps the process alive while it runs. An abort signal is the only way in Piscina to end a running task, and it
 * ends the thread with it, which is what a hard timeout wants.
 */
export class ThreadPool {
  readonly #piscina: Piscina;
  readonly #hooks: ThreadPoolHooks;
  readonly #known = new Set<number>();
  #lastError: unknown;

  constructor(
    threads: number,
    files: WorkerFiles,
    worker: Pick<EventBusOptions, 'resourceLimits' | 'execArgv' | 'env'>,
    hooks: ThreadPoolHooks,
  ) {
    this.#hooks = hooks;
    try {
      const { Piscina: Pool } = files.loadPiscina() as { Piscina: typeof Piscina };
      this.#piscina = new Pool({
        filename: fileURLToPath(files.poolEntry),
        minThreads: threads,
        maxThreads: threads,
        idleTimeout: Number.POSITIVE_INFINITY,
        concurrentTasksPerWorker: 1,
        recordTiming: false,
        // The host waits in its own way; Piscina's threads stay in their event loop between leases.
        atomics: 'disabled',
        ...worker,
      } as ConstructorParameters<typeof Piscina>[0]);
    } catch (error) {
      throw new ThreadStartError(
        `handler threads can't be started: ${explain(error)}. They start with execArgv, env and resourceLimits`,
        { cause: error },
      );
    }
    // A thread that ends without a lease is reported here: nothing was in its hands.
    this.#piscina.on('error', (error: unknown) => {
      this.#lastError = error;
    });
    this.#piscina.on('workerCreate', () => this.#watch());
    this.#watch();
  }

  lease(task: object, transferList: MessagePort[]): Lease {
    const controller = new AbortController();
    const ended = this.#piscina.run(task, { signal: controller.signal, transferList } as object) as Promise<void>;
    // run() starts a thread when one is missing, also after Piscina has given up respawning.
    this.#watch();
    return { ended, kill: () => controller.abort() };
  }

  /** Ahead of its lease's `kill()`: ends the thread and starts no other yet. */
  terminate(nodeThreadId: number): void {
    const worker = (this.#piscina.threads as Worker[]).find(({ threadId }) => threadId === nodeThreadId);
    void worker?.terminate();
  }

  /** False once the thread has exited. */
  isAlive(nodeThreadId: number): boolean {
    return this.#known.has(nodeThreadId);
  }

  /** Why a thread ended that had no lease, the last one; undefined: none has. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Leases that wait for a thread which is not there and will not be: after one that did not come up Piscina starts no
   * other by itself. `held`: how many of the threads are leased.
   */
  stranded(held: number): number {
    return Math.max(0, this.#piscina.queueSize - Math.max(0, this.#piscina.threads.length - held));
  }

  /** Terminates every thread; resolves when all have exited. A thread in native code exits when that returns. */
  async destroy(): Promise<void> {
    await this.#piscina.destroy();
  }

  // 'workerCreate' comes before a new thread gets a task, so no thread runs unwatched.
  #watch(): void {
    for (const worker of this.#piscina.threads as Worker[]) {
      const { threadId } = worker;
      if (threadId < 0 || this.#known.has(threadId)) continue;
      this.#known.add(threadId);
      worker.once('exit', () => {
        this.#known.delete(threadId);
        // What Piscina has started in its place.
        this.#watch();
        this.#hooks.exited(threadId);
      });
    }
  }
}
