import { type MessagePort, receiveMessageOnPort, threadId } from 'node:worker_threads';
import { monotonicMs } from '../src/clock.ts';
import type { FromThread, HostTask, ToThread } from '../src/protocol.ts';
import { DispatchConsumer } from '../src/ring/dispatch-consumer.ts';
import {
  distance,
  MODE_ACTIVE,
  MODE_DRAIN,
  MODE_RETURN,
  MODE_RETURNED,
  openRing,
  openThread,
  PARKED_ASIDE,
  PARKED_FOR_WORK,
  type RingMemory,
  THREAD,
  type ThreadMemory,
} from '../src/ring/layout.ts';
import { inBurst, overflows, park, unpark } from '../src/ring/parking.ts';
import { CompletionWriter } from './completion-writer.ts';
import { forgetContinuations, watchContinuations } from './continuations.ts';
import { DeliveryRunner } from './delivery-runner.ts';
import { guardWith, panic, panicTo } from './fault-guard.ts';
import { hasTeardown, tearDown } from './thread-modules.ts';

/** The event loop gets a turn after so long: timers and sockets of handler modules, and the port, live there. */
const TURN_MS = 2;
/** In a burst a thread that finds nothing naps and looks again, for so long before it parks. */
const NAPPING_MS = 1;
const FIRST_NAP_MS = 0.05;
/**
 * While others keep up with a dense stream, each nap is twice as long, up to this: on a machine with no more cores than
 * threads, a thread that gets up for one event takes its core from the thread that emits.
 */
const LONGEST_NAP_MS = 1;
/** So many events went by during a nap, or are taken after it: the stream is dense; the thread was needed. */
const DENSE = 8;
const NEEDED = 64;
/** A parked thread blocks for so long between turns of its event loop, which wakes fastest … */
const BLOCK_MS = 2;
/** … and after so many of them waits in its event loop, where idling costs nothing. */
const BLOCKS = 50;
/** No wake-up is lost by design; if one were, events would wait for this long. */
const SAFETY_NET_MS = 1_000;

/** A thread looks at its heap each so many events. */
const LOOK_EVERY = 64;

const nap = new Int32Array(new SharedArrayBuffer(4));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Loaded where threads are recycled by their heap only: what a thread does not load it need not wait for. */
const usedHeapBytes = (): number => process.getBuiltinModule('node:v8').getHeapStatistics().used_heap_size;

/** Of this thread's last lease. */
let lastWriter: CompletionWriter | undefined;

/** One lease of this thread: takes events until main wants the thread back. */
class HandlerHost {
  readonly #ring: RingMemory;
  readonly #memory: ThreadMemory;
  readonly #port: MessagePort;
  readonly #consumer: DispatchConsumer;
  readonly #runner: DeliveryRunner;
  readonly #writer: CompletionWriter;
  #wake: (() => void) | undefined;
  /** A waitAsync that has not fired yet; it serves the next parking too, since it can't be taken back. */
  #waiting: Promise<unknown> | undefined;
  #lastTurn = 0;
  readonly #recycleAfterEvents: number;
  readonly #recycleAboveHeapBytes: number;
  #done = 0;
  #nextLook = 0;
  #worn = false;
  #drained = false;

  constructor(task: HostTask) {
    this.#ring = openRing(task.ring);
    this.#memory = openThread(task.thread);
    this.#port = task.port;
    this.#recycleAfterEvents = task.recycleAfterEvents;
    this.#recycleAboveHeapBytes = task.recycleAboveHeapBytes;
    this.#consumer = new DispatchConsumer(this.#ring, task.owner, task.threads);
    this.#writer = new CompletionWriter(this.#ring, this.#memory, task.port);
    lastWriter?.succeededBy(this.#writer);
    lastWriter = this.#writer;
    this.#runner = new DeliveryRunner(
      task,
      this.#memory,
      this.#consumer,
      this.#writer,
      () => this.#readPort(),
      () => this.#wake?.(),
    );
    guardWith(this.#runner);
    this.#port.on('message', (message: ToThread) => this.#receive(message));
    Atomics.store(this.#memory.words, THREAD.NODE, threadId + 1);
    this.#send({ type: 'up' });
  }

  async run(): Promise<void> {
    let napped = 0;
    let napMs = FIRST_NAP_MS;
    /** Events taken since the last nap. */
    let spell = 0;
    let blocks = 0;
    for (;;) {
      const mode = Atomics.load(this.#memory.words, THREAD.MODE);
      if (mode === MODE_RETURN && this.#runner.inFlight === 0) {
        if (Atomics.compareExchange(this.#memory.words, THREAD.MODE, MODE_RETURN, MODE_RETURNED) === MODE_RETURN) break;
        continue;
      }
      if (mode === MODE_DRAIN && !this.#drained && this.#runner.inFlight === 0) {
        this.#drained = true;
        this.#send({ type: 'drained' });
      }
      const idle = mode === MODE_ACTIVE && this.#runner.inFlight === 0;
      const taken = mode === MODE_ACTIVE ? this.#work() : 0;
      if (taken > 0) {
        spell += taken;
        napped = 0;
        blocks = 0;
        if (this.#done >= this.#nextLook) this.#look();
        if (this.#runner.now - this.#lastTurn > TURN_MS || this.#runner.now === 0) await this.#turn();
        // Handlers that only needed a microtask are done after this.
        else if (this.#runner.inFlight > 0) await Promise.resolve();
        if (this.#runner.inFlight > 0) watchContinuations(this.#memory);
        continue;
      }
      this.#runner.now = 0;
      if (mode === MODE_ACTIVE && this.#runner.freeCells > 0 && overflows(this.#ring)) this.#writer.bell();
      if (idle && napped < NAPPING_MS && inBurst(this.#ring)) {
        if (spell >= NEEDED) napMs = FIRST_NAP_MS;
        spell = 0;
        napped += napMs;
        const passed = this.#nap(napMs);
        napMs = passed >= DENSE ? Math.min(napMs * 2, LONGEST_NAP_MS) : FIRST_NAP_MS;
        continue;
      }
      napped = 0;
      if (idle && blocks < BLOCKS) {
        blocks++;
        if (!this.#parkBlocking()) await this.#turn();
      } else await this.#parkInEventLoop(mode);
    }
    // In the turn in which main learned of it: what was written before stands in the ring, and is read there once more.
    this.#writer.retire();
    forgetContinuations();
    this.#port.unref();
  }

  /** Returns how many events were published meanwhile. */
  #nap(ms: number): number {
    const before = this.#consumer.published;
    Atomics.wait(nap, 0, 0, ms);
    return distance(before, this.#consumer.published);
  }

  /** Runs what it can claim, or one event that it can steal; returns how many it claimed. */
  #work(): number {
    const room = this.#runner.freeCells;
    if (room === 0) return 0;
    const { claimed } = this.#consumer;
    const count = this.#consumer.claim(room);
    if (count === 0) {
      if (!this.#consumer.steal()) return 0;
      if (this.#runner.deliver(claimed[0]!)) this.#done++;
      return 1;
    }
    for (let i = 0; i < count; i++) if (this.#runner.deliver(claimed[i]!)) this.#done++;
    return count;
  }

  /** Between events: has this thread done enough? */
  #look(): void {
    this.#nextLook = Math.min(this.#done + LOOK_EVERY, Math.max(this.#done + 1, this.#recycleAfterEvents));
    if (this.#worn) return;
    this.#worn =
      this.#done >= this.#recycleAfterEvents ||
      (this.#recycleAboveHeapBytes !== Number.POSITIVE_INFINITY && usedHeapBytes() >= this.#recycleAboveHeapBytes);
    if (this.#worn) this.#send({ type: 'worn' });
  }

  async #turn(): Promise<void> {
    await turn();
    this.#lastTurn = monotonicMs();
    this.#runner.now = 0;
  }

  /** True: there is work, or there may be. */
  #parkBlocking(): boolean {
    park(this.#ring, this.#memory, true);
    if (this.#somethingToDo(MODE_ACTIVE)) {
      unpark(this.#ring, this.#memory);
      return true;
    }
    const woken = Atomics.wait(this.#memory.words, THREAD.PARK, PARKED_FOR_WORK, BLOCK_MS) !== 'timed-out';
    return !unpark(this.#ring, this.#memory) || woken;
  }

  async #parkInEventLoop(mode: number): Promise<void> {
    const { words } = this.#memory;
    const forWork = mode === MODE_ACTIVE && this.#runner.freeCells > 0;
    const local = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    park(this.#ring, this.#memory, forWork);
    if (!this.#somethingToDo(mode)) {
      if (this.#waiting === undefined) {
        const wait = Atomics.waitAsync(words, THREAD.PARK, forWork ? PARKED_FOR_WORK : PARKED_ASIDE, SAFETY_NET_MS);
        if (wait.async) {
          this.#waiting = wait.value.then(() => {
            this.#waiting = undefined;
          });
        }
      }
      if (this.#waiting !== undefined) await Promise.race([this.#waiting, local]);
    }
    this.#wake = undefined;
    unpark(this.#ring, this.#memory);
    this.#lastTurn = monotonicMs();
  }

  /** Looked at after parking: what was published before is seen here, what is published after wakes the thread. */
  #somethingToDo(mode: number): boolean {
    if (Atomics.load(this.#memory.words, THREAD.MODE) !== mode) return true;
    if (mode !== MODE_ACTIVE || this.#runner.freeCells === 0) return false;
    return this.#consumer.backlog > 0 || this.#consumer.canSteal();
  }

  #receive(message: ToThread): void {
    const runner = this.#runner;
    switch (message.type) {
      case 'load':
        for (const info of message.modules) {
          const module = runner.load(info);
          void module.loaded.then(() => {
            const { index, href } = info;
            const { error } = module;
            this.#send({ type: 'loaded', module: index, teardown: hasTeardown(href), ...(error && { error }) });
          });
        }
        break;
      case 'subscriptions':
        for (const info of message.added) runner.subscribe(info);
        break;
      case 'forget':
        for (const index of message.subscriptions) runner.forget(index);
        break;
      case 'bulk':
        for (const bulk of message.bulks) runner.addBulk(bulk);
        break;
      case 'drop':
        runner.dropBulk(message.key);
        break;
      case 'abort':
        runner.abort(message.delivery, message.reason);
        break;
      case 'teardown':
        void tearDown(message.limitMs).then((faults) => this.#send({ type: 'torn-down', faults }));
        break;
      case 'ping':
        Atomics.store(this.#memory.words, THREAD.PONG, message.number);
        break;
    }
  }

  #readPort(): boolean {
    const next = receiveMessageOnPort(this.#port) as { message: ToThread } | undefined;
    if (next === undefined) return false;
    this.#receive(next.message);
    return true;
  }

  #send(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

/** What the pool runs on each of its threads. */
export default async function run(task: HostTask): Promise<void> {
  panicTo(task.port);
  try {
    await new HandlerHost(task).run();
  } catch (error) {
    panic(error);
  }
}
