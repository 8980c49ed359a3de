import { monotonicMs } from '../clock.ts';
import type { Delivery } from '../delivery/pending.ts';
import { HandlerLoadError } from '../errors.ts';
import { deserializeError, type SerializedError } from '../serialized-error.ts';
import type { HandlerThread } from './handler-thread.ts';
import type { Modules, PoolModule } from './modules.ts';

export interface LoadingHooks {
  threads(): readonly HandlerThread[];
  /** An import may be overdue at this monotonic time. */
  watch(at: number): void;
  /** It has waited for its module, which is ready or has failed. */
  submit(delivery: Delivery): void;
  /** A module has been tried. */
  concluded(): void;
}

/** Has handler modules imported by the threads: each is tried on one of them before the others are told. */
export class Loading {
  readonly #modules: Modules;
  readonly #loadTimeoutMs: number;
  readonly #hooks: LoadingHooks;

  constructor(modules: Modules, loadTimeoutMs: number, hooks: LoadingHooks) {
    this.#modules = modules;
    this.#loadTimeoutMs = loadTimeoutMs;
    this.#hooks = hooks;
  }

  /** A thread that has just been taken imports what is known to be good. */
  begin(thread: HandlerThread): void {
    const modules = [...this.#modules.inState('ready')];
    if (modules.length > 0) this.#load(thread, modules);
  }

  /** A thread's start is not its modules' time. */
  cameUp(thread: HandlerThread): void {
    const now = monotonicMs();
    for (const module of thread.loading.keys()) thread.loading.set(module, now);
    this.#hooks.watch(now + this.#loadTimeoutMs);
  }

  /** Has new modules tried on one thread: a spare if there is one, since a module that hangs on import blocks it. */
  tryNew(): void {
    const up = this.#hooks
      .threads()
      .filter((thread) => thread.up && (thread.role === 'spare' || thread.role === 'active'));
    const thread = up.find((t) => t.role === 'spare') ?? up.at(-1);
    if (thread === undefined) return;
    const waiting = [...this.#modules.inState('new')];
    const together = waiting.filter((module) => !module.alone);
    const trying = !this.#modules.inState('trying').next().done;
    const next = together.length > 0 ? together : trying ? [] : waiting.slice(0, 1);
    if (next.length === 0) return;
    for (const module of next) module.state = 'trying';
    this.#load(thread, next);
  }

  /** A thread's answer. Once a module is ready, a thread on which it fails reports so with each delivery. */
  loaded(thread: HandlerThread, index: number, teardown: boolean, error: SerializedError | undefined): void {
    thread.loading.delete(index);
    const module = this.#modules.get(index);
    if (module === undefined) return;
    module.teardown ||= teardown;
    if (module.state !== 'trying') return;
    // Told before its first delivery is published, so that whoever claims one knows the module.
    if (error === undefined)
      for (const other of this.#hooks.threads())
        if (other !== thread && other.role !== 'dying' && other.role !== 'gone') this.#load(other, [module]);
    this.#conclude(module, error && reportedLoadError(module.href, error));
    this.tryNew();
  }

  /** Modules that a thread was trying when it ended: the only one is at fault, several are tried again, each alone. */
  ofTheDead(thread: HandlerThread): void {
    const trying = [...thread.loading.keys()]
      .map((index) => this.#modules.get(index))
      .filter((module) => module?.state === 'trying');
    thread.loading.clear();
    for (const module of trying) {
      if (module === undefined) continue;
      if (trying.length === 1 || module.alone) {
        const how = thread.killed
          ? `its import blocked the thread for ${this.#loadTimeoutMs} ms`
          : 'its import ended the thread';
        this.#conclude(module, loadError(module.href, how));
      } else {
        module.state = 'new';
        module.alone = true;
      }
    }
    this.tryNew();
  }

  #load(thread: HandlerThread, modules: readonly PoolModule[]): void {
    const now = monotonicMs();
    for (const module of modules) thread.loading.set(module.index, now);
    thread.post({
      type: 'load',
      modules: modules.map(({ index, href, exportName }) => ({ index, href, exportName })),
    });
    if (thread.up) this.#hooks.watch(now + this.#loadTimeoutMs);
  }

  #conclude(module: PoolModule, error: HandlerLoadError | undefined): void {
    for (const delivery of this.#modules.conclude(module, error)) this.#hooks.submit(delivery);
    this.#hooks.concluded();
  }
}

/** What a thread says of a module; its `cause` is what the import threw. */
export function reportedLoadError(href: string, reported: SerializedError): HandlerLoadError {
  const { message, cause } = deserializeError(reported);
  return loadError(href, message, { cause });
}

function loadError(href: string, message: string, options?: ErrorOptions): HandlerLoadError {
  return new HandlerLoadError(href, `handler module ${href}: ${message}`, options);
}
