import { explain } from '../advice.ts';
import { monotonicMs } from '../clock.ts';
import type { Delivery, Outcome, Subscription } from '../delivery/pending.ts';
import { failure } from '../delivery/pending.ts';
import { ThreadStartError } from '../errors.ts';
import type { ResolvedOptions } from '../options/bus.ts';
import { moduleName, type ResolvedModule } from '../options/handler-module.ts';
import type { FromThread, LateErrorInfo, SubscriptionInfo, TeardownFault, WorkerEmit } from '../protocol.ts';
import { cellDelivery, loadCell } from '../ring/cells.ts';
import { armDoorbell, blockOnDoorbell, disarmDoorbell } from '../ring/doorbell.ts';
import { CELL_RUNNING, createRing, type RingMemory, stateOf } from '../ring/layout.ts';
import { unpark } from '../ring/parking.ts';
import { type BusStats, FailureReason } from '../types.ts';
import { BulkStore } from './bulk-store.ts';
import { Completions } from './completions.ts';
import { Deadlines } from './deadlines.ts';
import { Dispatcher } from './dispatcher.ts';
import type { HandlerThread } from './handler-thread.ts';
import { Idleness } from './idleness.ts';
import { Loading } from './loading.ts';
import { Modules, type PoolModule } from './modules.ts';
import { Poller } from './poller.ts';
import { recoverThread } from './recovery.ts';
import { Recycler } from './recycler.ts';
import { Threads } from './threads.ts';

export interface PoolHooks {
  settle(delivery: Delivery, outcome: Outcome): void;
  /** A handler on a thread emitted an event. */
  emitted(event: WorkerEmit): void;
  lateError(info: LateErrorInfo): void;
  unencodable(handlerName: string): void;
  tearDownFailed(fault: TeardownFault): void;
  /** A thread ends on an error of our own. */
  panicked(message: string): void;
  threadRestarted(nodeThreadId: number, reason: 'killed' | 'exited' | 'recycled'): void;
  /** A delivery that was settled at its deadline has ended on its thread, or the thread has. */
  ended(delivery: Delivery): void;
  /** A thread is ended for a handler of this subscription that was settled before. */
  costThread(subscription: Subscription): void;
  /** What a dead thread had claimed is in the ring again. */
  recovered(): void;
}

/** The teardowns of a thread's modules have so long together. */
const TEARDOWN_MS = 5_000;

/**
 * Runs deliveries to handler modules on a pool of threads: the ring, the threads, the deadlines and the modules together.
 * Longer than other files, since it is where these meet: each of them is a file of its own, and knows none of the others.
 */
export class HandlerPool {
  readonly #options: ResolvedOptions;
  readonly #hooks: PoolHooks;
  readonly #ring: RingMemory;
  readonly #threads: Threads;
  readonly #dispatcher: Dispatcher;
  readonly #bulks: BulkStore;
  readonly #completions: Completions;
  readonly #deadlines: Deadlines;
  readonly #poller: Poller;
  readonly #recycler: Recycler;
  readonly #modules = new Modules();
  readonly #loading: Loading;
  readonly #subscriptions = new Map<number, SubscriptionInfo>();
  /** Told to the threads together, before the next delivery is published. */
  #announced: SubscriptionInfo[] = [];
  #hopeless: ThreadStartError | undefined;
  readonly #upWaiters = new Set<() => void>();
  readonly #idleness: Idleness;
  #closed = false;

  constructor(options: ResolvedOptions, hooks: PoolHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#ring = createRing({ slots: options.ringSlots, bytes: options.ringBytes });
    const threads = (): readonly HandlerThread[] => this.#threads.list;
    this.#bulks = new BulkStore(threads);
    this.#dispatcher = new Dispatcher(this.#ring, options.threads, this.#bulks, {
      settle: (delivery, outcome) => this.#settled(delivery, outcome),
      threads,
    });
    this.#completions = new Completions({
      find: (id) => this.#dispatcher.find(id),
      settle: (delivery, outcome) => this.#dispatcher.settle(delivery, outcome),
      emitted: hooks.emitted,
      lateError: hooks.lateError,
      unencodable: hooks.unencodable,
    });
    this.#deadlines = new Deadlines({
      threads,
      find: (id) => this.#dispatcher.find(id),
      settle: (delivery, outcome) => this.#dispatcher.settle(delivery, outcome),
      kill: (thread) => this.#threads.kill(thread),
      ended: hooks.ended,
      costThread: hooks.costThread,
      drain: (thread) => this.#drain(thread),
      outstanding: () => this.#dispatcher.outstanding > 0,
      loadTimeoutMs: options.loadTimeoutMs,
    });
    this.#poller = new Poller(
      this.#ring,
      options.threads,
      () => this.drain(),
      () => this.#dispatcher.outstanding,
    );
    this.#threads = new Threads(this.#ring, options, {
      begin: (thread) => this.#begin(thread),
      promoted: (thread) => this.#bulks.announce(thread),
      receive: (thread, message) => this.#receive(thread, message),
      recover: (thread, exited) => this.#recover(thread, exited),
      returned: (thread) => this.#completions.drain(thread),
      restarted: (thread) => hooks.threadRestarted(thread.nodeThreadId, how(thread)),
      hopeless: (cause) => this.#giveUp(cause),
    });
    this.#recycler = new Recycler({
      threads: this.#threads,
      drain: (thread) => this.#drain(thread),
      readOutcomes: (thread) => this.#completions.drain(thread),
      tearDownMs: TEARDOWN_MS,
      tearDownFailed: hooks.tearDownFailed,
    });
    this.#idleness = new Idleness(
      () => this.#threads.leased && this.#busy(),
      () => this.#threads.release(),
    );
    this.#loading = new Loading(this.#modules, options.loadTimeoutMs, {
      threads,
      watch: (at) => this.#deadlines.schedule(at),
      submit: (delivery) => this.submit(delivery),
      concluded: () => this.#idleness.touch(),
    });
    this.#threads.lease();
    this.#idleness.touch();
  }

  /** Deliveries are with the threads, or wait for one to come up or to import their module. */
  get working(): boolean {
    if (this.#dispatcher.outstanding > 0) return true;
    for (const state of ['new', 'trying'] as const)
      for (const module of this.#modules.inState(state)) if (module.held.size > 0) return true;
    return false;
  }

  acquireModule(module: ResolvedModule): PoolModule {
    return this.#modules.acquire(module);
  }

  subscribe(subscription: Subscription<PoolModule>): void {
    const { index, id, name, timeoutMs } = subscription;
    const info: SubscriptionInfo = { index, id, name, module: subscription.module!.index, timeoutMs };
    this.#subscriptions.set(index, info);
    this.#announced.push(info);
    this.#deadlines.addTimeout(timeoutMs);
    this.#threads.lease();
    this.#loading.tryNew();
    this.#idleness.touch();
  }

  /** After its last delivery has settled. */
  forget(subscription: Subscription<PoolModule>): void {
    this.#modules.release(subscription.module!);
    this.#deadlines.removeTimeout(subscription.timeoutMs);
    if (!this.#subscriptions.delete(subscription.index)) return;
    this.#announce();
    for (const thread of this.#living()) thread.post({ type: 'forget', subscriptions: [subscription.index] });
  }

  /** Of memory for bodies. */
  get lender(): BulkStore {
    return this.#bulks;
  }

  submit(delivery: Delivery): void {
    const module = (delivery.subscription as Subscription<PoolModule>).module!;
    if (this.#hopeless !== undefined) {
      this.#hooks.settle(delivery, failure(FailureReason.WORKER_EXIT, this.#hopeless, 0, 0, 0));
    } else if (module.state === 'failed') {
      this.#hooks.settle(delivery, failure(FailureReason.HANDLER_LOAD_ERROR, module.error!, 0, 0, 0, true));
    } else if (module.state !== 'ready') {
      module.held.add(delivery);
      this.#threads.lease();
    } else this.#submit(delivery);
  }

  /** Takes a delivery back that no handler has started. */
  revoke(delivery: Delivery): boolean {
    const module = (delivery.subscription as Subscription<PoolModule>).module!;
    return module.held.delete(delivery) || this.#dispatcher.revoke(delivery);
  }

  /** Takes back all deliveries of a subscription that no handler has started, but for `keep`. */
  revokeAll(subscription: Subscription<PoolModule>, keep: (delivery: Delivery) => boolean): Delivery[] {
    const { held } = subscription.module!;
    const waiting = [...held].filter((delivery) => delivery.subscription === subscription && !keep(delivery));
    for (const delivery of waiting) held.delete(delivery);
    return [...waiting, ...this.#dispatcher.revokeAll(subscription, keep)];
  }

  /** A module that could not be loaded is tried afresh. */
  tryAgain(module: PoolModule): void {
    if (module.state !== 'failed' || this.#hopeless !== undefined) return;
    this.#modules.retry(module);
    this.#threads.lease();
    this.#loading.tryNew();
    this.#idleness.touch();
  }

  /** The delivery was settled from outside; what its handler still does counts for nothing. */
  abandon(delivery: Delivery): void {
    const module = (delivery.subscription as Subscription<PoolModule>).module!;
    if (!module.held.delete(delivery)) this.#dispatcher.abandon(delivery);
  }

  /** Reads what the threads have written, and fills the ring. True when there was something. */
  drain(): boolean {
    let count = 0;
    const { list } = this.#threads;
    for (let i = 0; i < list.length; i++) count += this.#completions.drain(list[i]!);
    // Also with none: what is started has given up its bytes.
    if (count > 0 || this.#dispatcher.overflows) this.#dispatcher.pump();
    return count > 0;
  }

  /** Blocks the main thread until a thread has something to say, at most `ms`; enforces deadlines before and after. */
  block(ms: number): void {
    armDoorbell(this.#ring, true);
    if (!this.#readPorts() && !this.drain()) {
      const until = this.#deadlines.scan() - monotonicMs();
      blockOnDoorbell(this.#ring, Math.max(0, Math.min(ms, Math.ceil(until), 100)));
    }
    disarmDoorbell(this.#ring);
    this.#readPorts();
    this.drain();
    this.#deadlines.scan();
    this.#poller.start();
  }

  /** Threads up, modules imported. Rejects with HandlerLoadError or ThreadStartError. */
  async ready(): Promise<void> {
    this.#threads.lease();
    const enough = (): boolean =>
      this.#closed || this.#hopeless !== undefined || this.#threads.count('active') >= this.#options.threads;
    while (!enough()) {
      await new Promise<void>((resolve) => {
        this.#upWaiters.add(resolve);
      });
    }
    if (this.#hopeless !== undefined) throw this.#hopeless;
    await this.#modules.settled();
    this.#idleness.touch();
  }

  stats(): Pick<BusStats, 'ring' | 'threads'> {
    const { list } = this.#threads;
    return {
      ring: { slots: this.#ring.slotCount, used: this.#dispatcher.slotsUsed, bytes_used: this.#dispatcher.bytesUsed },
      threads: {
        live: this.#threads.count('active'),
        busy: list.reduce((sum, thread) => sum + (thread.role !== 'dying' && thread.busy() ? 1 : 0), 0),
        // One that is still importing could not take a dead thread's place at once.
        spare: list.reduce((sum, t) => sum + (t.role === 'spare' && t.up && t.loading.size === 0 ? 1 : 0), 0),
        restarts: this.#threads.restarts,
        zombies: list.reduce((sum, thread) => sum + (thread.zombie ? 1 : 0), 0),
      },
    };
  }

  /** What keeps handlers from running: no thread comes up, modules that could not be loaded. */
  faults(): { threads: Error | undefined; modules: string[] } {
    const failed = [...this.#modules.inState('failed')].filter(({ users }) => users > 0);
    return { threads: this.#hopeless, modules: failed.map(moduleName) };
  }

  /** Threads that would be terminated in the middle of a handler. */
  runningThreads(): number {
    return this.#threads.list.reduce((sum, thread) => sum + (thread.inFlight().running > 0 ? 1 : 0), 0);
  }

  /** Tells every running handler that the bus gives up. */
  abortAll(): void {
    for (const thread of this.#living()) {
      for (let cell = 0; cell < thread.memory.cellCount; cell++) {
        if (stateOf(loadCell(thread.memory, cell)) === CELL_RUNNING) {
          thread.post({ type: 'abort', delivery: cellDelivery(thread.memory, cell), reason: 'shutdown' });
        }
      }
    }
  }

  async close(patienceMs: number): Promise<void> {
    await this.#tearDown();
    this.#closed = true;
    this.#idleness.stop();
    this.#poller.stop();
    this.#deadlines.stop();
    await this.#threads.close(patienceMs);
    for (const waiter of this.#upWaiters) waiter();
  }

  /** Threads that were given back still have their modules: they are taken once more to end them. */
  async #tearDown(): Promise<void> {
    if (this.#hopeless !== undefined || !this.#modules.teardowns) return;
    if (!this.#threads.leased) {
      this.#threads.lease();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, TEARDOWN_MS);
      });
      const up = this.#allUp();
      await Promise.race([up, late]);
      clearTimeout(timer);
    }
    await this.#recycler.tearDownAll();
  }

  async #allUp(): Promise<void> {
    while (this.#threads.list.some((thread) => !thread.up && thread.role !== 'gone' && thread.role !== 'dying')) {
      await new Promise<void>((resolve) => {
        this.#upWaiters.add(resolve);
      });
      if (this.#closed || this.#hopeless !== undefined) return;
    }
  }

  #drain(thread: HandlerThread): void {
    this.#threads.drain(thread);
    this.#dispatcher.recover(thread.owner, false);
    this.#dispatcher.wakeAll();
  }

  #submit(delivery: Delivery): void {
    if (!this.#threads.leased) this.#threads.lease();
    if (this.#announced.length > 0) this.#announce();
    this.#dispatcher.submit(delivery);
    this.#deadlines.watch(delivery.event.emittedAt);
    this.#poller.start();
  }

  #settled(delivery: Delivery, outcome: Outcome): void {
    this.#hooks.settle(delivery, outcome);
    if (this.#dispatcher.outstanding === 0) this.#idleness.touch();
  }

  #busy(): boolean {
    return (
      this.#dispatcher.outstanding > 0 ||
      !this.#modules.inState('trying').next().done ||
      this.#threads.list.some(
        (thread) => thread.busy() || thread.loading.size > 0 || !thread.up || thread.role === 'draining',
      )
    );
  }

  #living(): HandlerThread[] {
    return this.#threads.list.filter((thread) => thread.role !== 'dying' && thread.role !== 'gone');
  }

  #begin(thread: HandlerThread): void {
    this.#announce();
    this.#loading.begin(thread);
    thread.post({ type: 'subscriptions', added: [...this.#subscriptions.values()] });
    if (thread.role === 'active') this.#bulks.announce(thread);
  }

  #announce(): void {
    if (this.#announced.length === 0) return;
    const added = this.#announced;
    this.#announced = [];
    for (const thread of this.#living()) thread.post({ type: 'subscriptions', added });
  }

  #receive(thread: HandlerThread, message: FromThread): void {
    switch (message.type) {
      case 'up': {
        this.#threads.cameUp(thread);
        this.#loading.cameUp(thread);
        this.#hopeless = undefined;
        this.#loading.tryNew();
        for (const waiter of this.#upWaiters) waiter();
        this.#upWaiters.clear();
        break;
      }
      case 'doorbell':
        this.#poller.rung();
        break;
      case 'bulk':
        thread.bulks.set(message.key, message.bytes);
        break;
      case 'panic':
        this.#hooks.panicked(message.message);
        break;
      case 'worn':
        this.#recycler.worn(thread);
        break;
      case 'drained':
        this.#recycler.drained(thread);
        break;
      case 'torn-down':
        for (const fault of message.faults) this.#hooks.tearDownFailed(fault);
        this.#recycler.tornDown(thread);
        break;
      case 'emitted':
        this.#hooks.emitted(message.event);
        break;
      case 'late':
        this.#hooks.lateError(message.info);
        break;
      case 'loaded':
        this.#loading.loaded(thread, message.module, message.teardown, message.error);
        break;
    }
  }

  #recover(thread: HandlerThread, exited: boolean): void {
    recoverThread(thread, exited, this.#dispatcher, this.#completions);
    // What it had settled at a deadline runs no longer, or, in native code, is not waited for.
    for (const { delivery } of thread.overdue.splice(0)) this.#hooks.ended(delivery);
    unpark(this.#ring, thread.memory);
    this.#loading.ofTheDead(thread);
    this.#recycler.tornDown(thread);
    this.#hooks.recovered();
    this.#dispatcher.pump();
    this.#dispatcher.wakeAll();
    this.#poller.start();
  }

  #giveUp(cause: unknown): void {
    this.#hopeless = new ThreadStartError(
      `no handler thread comes up: ${explain(cause)}. They start with execArgv, env and resourceLimits: look at those first`,
      { cause },
    );
    for (const waiter of this.#upWaiters) waiter();
    this.#upWaiters.clear();
    const waiting: Delivery[] = [];
    for (const state of ['new', 'trying'] as const)
      for (const module of this.#modules.inState(state)) waiting.push(...module.held);
    for (const delivery of waiting) {
      this.revoke(delivery);
      this.#hooks.settle(delivery, failure(FailureReason.WORKER_EXIT, this.#hopeless, 0, 0, 0));
    }
    this.#dispatcher.failAll(failure(FailureReason.WORKER_EXIT, this.#hopeless, 0, 0, 0));
  }

  /** What threads say of themselves, while the event loop can't deliver it. */
  #readPorts(): boolean {
    let any = false;
    for (const thread of [...this.#threads.list]) {
      if (thread.role === 'gone') continue;
      while (thread.receiveNow()) any = true;
    }
    return any;
  }
}

function how(thread: HandlerThread): 'killed' | 'exited' | 'recycled' {
  if (thread.recycled) return 'recycled';
  return thread.killed ? 'killed' : 'exited';
}
