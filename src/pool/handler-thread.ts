import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Delivery } from '../delivery/pending.ts';
import { ProtocolError } from '../errors.ts';
import type { FromThread, HostTask, ToThread } from '../protocol.ts';
import { ByteRingConsumer } from '../ring/byte-ring.ts';
import { cellStart, loadCell } from '../ring/cells.ts';
import {
  CELL_DONE,
  CELL_EMPTY,
  CELL_RUNNING,
  createThread,
  MODE_ACTIVE,
  MODE_RETURN,
  MODE_SPARE,
  type RingMemory,
  stateOf,
  THREAD,
  type ThreadMemory,
} from '../ring/layout.ts';
import { wake } from '../ring/parking.ts';
import type { Lease, ThreadPool } from './thread-pool.ts';

/** `draining`: finishes what it has and is then ended. `dying`: terminated or crashed, its exit is awaited. */
export type ThreadRole = 'active' | 'spare' | 'draining' | 'dying' | 'gone';

/** A cell that main has settled and whose handler has not ended yet. */
export interface Overdue {
  readonly cell: number;
  readonly word: number;
  readonly since: number;
  readonly delivery: Delivery;
}

export interface HandlerThreadOptions {
  readonly owner: number;
  readonly threads: number;
  readonly cells: number;
  readonly loadTimeoutMs: number;
  readonly recycleAfterEvents: number;
  readonly recycleAboveHeapBytes: number;
  readonly role: 'active' | 'spare';
}

/** Bytes of one thread's completion ring: some ten thousand plain outcomes. */
const COMPLETION_BYTES = 512 * 1024;

/** The main thread's view of one lease of a pooled thread. */
export class HandlerThread {
  readonly owner: number;
  readonly memory: ThreadMemory;
  readonly completions: ByteRingConsumer;
  readonly lease: Lease;
  readonly overdue: Overdue[] = [];
  /** Large values that arrived ahead of the record that names them. */
  readonly bulks: Map<number, Uint8Array> = new Map();
  /** Modules it has been told to import, by when; those it has answered for are gone from here. */
  readonly loading: Map<number, number> = new Map();
  role: ThreadRole;
  up = false;
  /** Main ended it, so no delivery that is still in it is at fault. */
  killed = false;
  zombie = false;
  /** It is replaced because it is worn, not because of a fault. */
  recycled = false;
  /** The last ping sent, and when. */
  ping = 0;
  pingAt = 0;
  readonly #port: MessagePort;
  readonly #ring: RingMemory;
  readonly #receive: (thread: HandlerThread, message: FromThread) => void;

  constructor(
    pool: ThreadPool,
    ring: RingMemory,
    options: HandlerThreadOptions,
    receive: (thread: HandlerThread, message: FromThread) => void,
  ) {
    this.owner = options.owner;
    this.role = options.role;
    this.#ring = ring;
    this.#receive = receive;
    this.memory = createThread(options.cells, COMPLETION_BYTES);
    this.memory.words[THREAD.MODE] = options.role === 'active' ? MODE_ACTIVE : MODE_SPARE;
    this.completions = new ByteRingConsumer(this.memory.completions);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromThread) => receive(this, message));
    // The lease itself keeps the process alive while it runs.
    port1.unref();
    const task: HostTask = {
      ring: ring.buffer,
      thread: this.memory.buffer,
      owner: options.owner,
      threads: options.threads,
      port: port2,
      loadTimeoutMs: options.loadTimeoutMs,
      recycleAfterEvents: options.recycleAfterEvents,
      recycleAboveHeapBytes: options.recycleAboveHeapBytes,
    };
    this.lease = pool.lease(task, [port2]);
  }

  /** Takes a message that has come, without the event loop. False: there is none. */
  receiveNow(): boolean {
    const next = receiveMessageOnPort(this.#port) as { message: FromThread } | undefined;
    if (next === undefined) return false;
    this.#receive(this, next.message);
    return true;
  }

  /** A value that was too large for the ring; its message was sent before the record that names it. */
  takeBulk(key: number): Uint8Array {
    while (!this.bulks.has(key)) {
      if (!this.receiveNow())
        throw new ProtocolError(`a thread announced a value of its own message and sent none: key=${key}`);
    }
    const bytes = this.bulks.get(key)!;
    this.bulks.delete(key);
    return bytes;
  }

  /** Its `threadId` in Node; 0 while it has not begun. */
  get nodeThreadId(): number {
    return Math.max(0, Atomics.load(this.memory.words, THREAD.NODE) - 1);
  }

  post(message: ToThread): void {
    this.#port.postMessage(message);
  }

  setMode(mode: number): void {
    Atomics.store(this.memory.words, THREAD.MODE, mode);
    wake(this.#ring, this.memory);
  }

  /** Takes a thread back that was asked to return. False: it has returned already. */
  recall(): boolean {
    const mode = this.role === 'active' ? MODE_ACTIVE : MODE_SPARE;
    if (Atomics.compareExchange(this.memory.words, THREAD.MODE, MODE_RETURN, mode) !== MODE_RETURN) return false;
    wake(this.#ring, this.memory);
    return true;
  }

  /** The cell + 1 whose handler is on the thread's stack, or 0. */
  executing(): number {
    return Atomics.load(this.memory.words, THREAD.EXECUTING);
  }

  ponged(): boolean {
    return Atomics.load(this.memory.words, THREAD.PONG) === this.ping;
  }

  /** Deliveries in it whose outcome is open; `loading` ones wait for their module. */
  inFlight(): { running: number; loading: number } {
    let running = 0;
    let loading = 0;
    for (let cell = 0; cell < this.memory.cellCount; cell++) {
      if (stateOf(loadCell(this.memory, cell)) !== CELL_RUNNING) continue;
      if (cellStart(this.memory, cell) === 0) loading++;
      else running++;
    }
    return { running, loading };
  }

  busy(): boolean {
    for (let cell = 0; cell < this.memory.cellCount; cell++) {
      if (stateOf(loadCell(this.memory, cell)) !== CELL_EMPTY) return true;
    }
    return false;
  }

  /** Handlers of it run, also such as main has settled. One that has written its outcome is past that, `busy` as it may be. */
  handling(): boolean {
    for (let cell = 0; cell < this.memory.cellCount; cell++) {
      const state = stateOf(loadCell(this.memory, cell));
      if (state !== CELL_EMPTY && state !== CELL_DONE) return true;
    }
    return false;
  }

  close(): void {
    this.#port.close();
  }
}
