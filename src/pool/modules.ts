import type { Delivery } from '../delivery/pending.ts';
import type { HandlerLoadError } from '../errors.ts';
import type { ResolvedModule } from '../options/handler-module.ts';
import type { ModuleInfo } from '../protocol.ts';

/**
 * A handler module's way: `new` until a thread is there to try it, `trying` on one thread, then `ready` for all or
 * `failed`. One thread tries it before the others import it, so a module that hangs on import costs one thread.
 */
export interface PoolModule extends ModuleInfo {
  state: 'new' | 'trying' | 'ready' | 'failed';
  error: HandlerLoadError | undefined;
  /** Deliveries that wait for it to be tried. */
  readonly held: Set<Delivery>;
  /** Subscriptions that name it. */
  users: number;
  /** It has something to end on every thread that has imported it. */
  teardown: boolean;
  /** Other modules hung or died in its company, so it is tried alone. */
  alone: boolean;
}

/** The handler modules of one pool. */
export class Modules {
  readonly #byKey = new Map<string, PoolModule>();
  readonly #byIndex = new Map<number, PoolModule>();
  #next = 0;
  /** Waiting for every module to be ready or failed. */
  readonly #waiters = new Set<() => void>();

  /** The module at this address, shared by all subscriptions that name it. A failed one is tried afresh. */
  acquire({ href, exportName }: ResolvedModule): PoolModule {
    const key = `${href} ${exportName}`;
    let module = this.#byKey.get(key);
    if (module === undefined || module.state === 'failed') {
      module = {
        index: this.#next++,
        href,
        exportName,
        state: 'new',
        error: undefined,
        held: new Set(),
        users: 0,
        teardown: false,
        alone: false,
      };
      this.#byKey.set(key, module);
      this.#byIndex.set(module.index, module);
    }
    module.users++;
    return module;
  }

  /** A failed one is as new. */
  retry(module: PoolModule): void {
    module.state = 'new';
    module.error = undefined;
  }

  release(module: PoolModule): void {
    module.users--;
    if (module.users > 0) return;
    const key = `${module.href} ${module.exportName}`;
    if (module.state !== 'failed') return;
    if (this.#byKey.get(key) === module) this.#byKey.delete(key);
    this.#byIndex.delete(module.index);
  }

  get(index: number): PoolModule | undefined {
    return this.#byIndex.get(index);
  }

  /** Threads may have something to end: a module says what it is when it is imported. */
  get teardowns(): boolean {
    const ready = [...this.inState('ready')];
    return ready.some(({ teardown }) => teardown) || (ready.length > 0 && !this.inState('trying').next().done);
  }

  *inState(state: PoolModule['state']): Generator<PoolModule, void, undefined> {
    for (const module of this.#byIndex.values()) if (module.state === state) yield module;
  }

  /** Moves the module to its last state; returns what waited for it. */
  conclude(module: PoolModule, error: HandlerLoadError | undefined): Delivery[] {
    module.state = error === undefined ? 'ready' : 'failed';
    module.error = error;
    const held = [...module.held];
    module.held.clear();
    for (const waiter of this.#waiters) waiter();
    return held;
  }

  /** Resolves when no module in use is new or being tried; rejects with the error of the first that failed. */
  async settled(): Promise<void> {
    const open = (): boolean =>
      [...this.#byIndex.values()].some((m) => m.users > 0 && (m.state === 'new' || m.state === 'trying'));
    while (open()) {
      await new Promise<void>((resolve) => {
        const waiter = (): void => {
          this.#waiters.delete(waiter);
          resolve();
        };
        this.#waiters.add(waiter);
      });
    }
    for (const module of this.inState('failed')) if (module.users > 0 && module.error !== undefined) throw module.error;
  }
}
