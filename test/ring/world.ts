import { Delivery, failure, type Outcome, PendingEvent, type Subscription } from '../../src/delivery/pending.ts';
import { EVENT_ID_LENGTH } from '../../src/event-id.ts';
import { BulkStore } from '../../src/pool/bulk-store.ts';
import { Completions } from '../../src/pool/completions.ts';
import { Dispatcher } from '../../src/pool/dispatcher.ts';
import type { HandlerThread } from '../../src/pool/handler-thread.ts';
import { recoverThread } from '../../src/pool/recovery.ts';
import type { WorkerEmit } from '../../src/protocol.ts';
import { cellDelivery, loadCell, takeCell } from '../../src/ring/cells.ts';
import {
  CELL_RUNNING,
  CLAIMED,
  CONTROL,
  createRing,
  FREE,
  lapOf,
  READY,
  type RingMemory,
  SLOT_WORDS,
  slotAt,
  slotWord,
  stateOf,
} from '../../src/ring/layout.ts';
import { unpark } from '../../src/ring/parking.ts';
import { FailureReason } from '../../src/types.ts';
import { observed } from '../fixtures/handlers/observed.ts';
import { Actor, type Preemption } from './preemption.ts';
import { Thread } from './world-thread.ts';

const SLOTS = 8;
const RING_BYTES = 8192;
const subscription = { index: 0, id: 'sub', name: 'sub', timeoutMs: 1e9, redeliver: true } as unknown as Subscription;
/** Some text that is not ASCII, of another length for each event. */
const textOf = (n: number): string => `${n}é`.padEnd(8 + n, 'x');

/** One delivery and what became of it. */
interface Tracked {
  readonly n: number;
  readonly delivery: Delivery;
  readonly outcomes: Outcome[];
  readonly attempts: number[];
  revoked: boolean;
}

/** A bus in small: the real ring, dispatcher and completions on the main side, threads that run when they are told to. */
export class World {
  readonly main: Actor = new Actor('main');
  readonly ring: RingMemory = createRing({ slots: SLOTS, bytes: RING_BYTES }, -4);
  readonly threads: Thread[] = [];
  readonly tracked: Tracked[] = [];
  readonly emitted: string[] = [];
  deaths = 0;
  readonly #preemption: Preemption;
  readonly #dispatcher: Dispatcher;
  readonly #completions: Completions;

  constructor(preemption: Preemption, threads = 2) {
    this.#preemption = preemption;
    preemption.forget();
    preemption.onNap = () => this.#drain();
    const list = (): HandlerThread[] => this.threads as unknown as HandlerThread[];
    this.#dispatcher = new Dispatcher(this.ring, threads, new BulkStore(list), {
      settle: (delivery, outcome) => this.#track(delivery).outcomes.push(outcome),
      threads: list,
    });
    this.#completions = new Completions({
      find: (id) => this.#dispatcher.find(id),
      settle: (delivery, outcome) => this.#dispatcher.settle(delivery, outcome),
      emitted: (event: WorkerEmit) => this.emitted.push(event.payloadJson),
      lateError: () => {
        throw new Error('no error is late here');
      },
      unencodable: () => {
        throw new Error('every value can be encoded here');
      },
    });
    for (let owner = 1; owner <= threads; owner++) this.spawn(owner);
    const point = new Int32Array(1);
    observed.call = (event, context) => {
      const n = event.payload.n as number;
      this.tracked[n]!.attempts.push(context.attempt);
      // In the middle of the handler it can be interrupted as well.
      Atomics.load(point, 0);
      context.emit('child', { of: n });
      return event.payload;
    };
  }

  spawn(owner: number): Thread {
    const thread = new Thread(this.ring, owner);
    this.threads.push(thread);
    return thread;
  }

  // ---- what the main thread does

  emit(): void {
    const n = this.tracked.length;
    const payloadJson = JSON.stringify({ n, text: textOf(n) });
    const origin = {
      eventId: String(n).padStart(EVENT_ID_LENGTH, 'a'),
      timestamp: 0,
      source: null,
      correlationId: null,
    };
    const receipt = { outcome: () => {}, settled: () => {} };
    const event = new PendingEvent({ eventType: 'test' } as never, payloadJson, origin, undefined, 0, false, receipt);
    const delivery = new Delivery(event, subscription, 0, undefined);
    this.tracked.push({ n, delivery, outcomes: [], attempts: [], revoked: false });
    this.#preemption.run(this.main, () => this.#dispatcher.submit(delivery));
  }

  revoke(n: number): void {
    const one = this.tracked[n]!;
    this.#preemption.run(this.main, () => {
      if (one.outcomes.length === 0 && !one.revoked) one.revoked = this.#dispatcher.revoke(one.delivery);
    });
  }

  drain(): void {
    this.#preemption.run(this.main, () => this.#drain());
  }

  /** As pool/deadlines.ts settles what is past its deadline. */
  expire(thread: Thread): void {
    this.#preemption.run(this.main, () => {
      for (let cell = 0; cell < thread.memory.cellCount; cell++) {
        const word = loadCell(thread.memory, cell);
        if (stateOf(word) !== CELL_RUNNING) continue;
        const delivery = this.#dispatcher.find(cellDelivery(thread.memory, cell));
        if (delivery === undefined || !takeCell(thread.memory, cell, word)) continue;
        this.#dispatcher.settle(delivery, failure(FailureReason.HANDLER_TIMEOUT, new Error('late'), 0, 0, 0));
      }
    });
  }

  /** What a draining thread has claimed goes to others. */
  disclaim(thread: Thread): void {
    this.#preemption.run(this.main, () => {
      this.#dispatcher.recover(thread.owner, false);
      this.#dispatcher.wakeAll();
    });
  }

  /** What pool/handler-pool.ts does when a thread has ended. Main had ended it, so that no delivery is at fault. */
  recover(thread: Thread, exited: boolean): void {
    this.deaths++;
    this.#preemption.run(this.main, () => {
      recoverThread(thread as unknown as HandlerThread, exited, this.#dispatcher, this.#completions);
      unpark(this.ring, thread.memory);
      this.#dispatcher.pump();
      this.#dispatcher.wakeAll();
      if (!exited) return;
      thread.role = 'gone';
      this.threads.splice(this.threads.indexOf(thread), 1);
    });
    if (exited && this.threads.every(({ actor }) => !actor.suspended && !actor.hung)) this.#checkHint();
  }

  // ---- the end of a schedule

  /** Runs the thread until it sleeps or dies. */
  run(thread: Thread): void {
    if (thread.actor.runnable) this.#preemption.run(thread.actor, thread.loop);
  }

  /** Nobody who could run is held up: recovers the dead, runs the living until all of them sleep, and checks all promises. */
  finish(): void {
    this.#settle();
    if (this.threads.length === 0) this.spawn(1);
    this.#settle();
    this.checkNothingWaits();
    // No schedule may leave the bus in a state in which the next event is not noticed.
    this.emit();
    this.#settle();
    this.#check();
  }

  /** A thread sleeps: nothing may wait for another one that is held up where it stands. */
  checkNothingWaits(): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const state = stateOf(this.ring.slots[slot * SLOT_WORDS]!);
      if (state === READY || state === CLAIMED)
        throw new Error(`slot ${slot} in state ${state} beside a sleeping thread`);
    }
  }

  /** Nobody is in the middle of a claim: the next one must come to everything that is READY. */
  #checkHint(): void {
    const { control, slots } = this.ring;
    const hint = control[CONTROL.CLAIM_HINT]!;
    for (let sequence = (hint - SLOTS) | 0; sequence !== hint; sequence = (sequence + 1) | 0) {
      if (slots[slotAt(this.ring, sequence)] === slotWord(lapOf(this.ring, sequence), 0, READY))
        throw new Error(`sequence ${sequence} is READY behind the hint ${hint}`);
    }
  }

  #settle(): void {
    for (let again = true; again; ) {
      again = false;
      for (const thread of this.threads.slice()) {
        if (!thread.actor.dead && !thread.actor.runnable) continue;
        if (thread.actor.dead) this.recover(thread, true);
        else this.run(thread);
        again = true;
      }
      this.drain();
    }
  }

  #drain(): void {
    let count = 0;
    for (const thread of this.threads) count += this.#completions.drain(thread as unknown as HandlerThread);
    if (count > 0) this.#dispatcher.pump();
  }

  #check(): void {
    this.checkNothingWaits();
    for (const { n, outcomes, attempts, revoked } of this.tracked) {
      if (outcomes.length !== (revoked ? 0 : 1)) throw new Error(`delivery ${n} was settled ${outcomes.length} times`);
      if (revoked && attempts.length > 0) throw new Error(`delivery ${n} was taken back and has started`);
      if (new Set(attempts).size !== attempts.length) throw new Error(`delivery ${n} ran twice as one attempt`);
      if (attempts.length > 1 + this.deaths) throw new Error(`delivery ${n} ran ${attempts.length} times`);
      const [outcome] = outcomes;
      if (outcome?.ok !== true) continue;
      const { value } = outcome;
      if (JSON.stringify(value) !== JSON.stringify({ n, text: textOf(n) }))
        throw new Error(`delivery ${n}: another text`);
      if (!this.emitted.includes(`{"of":${n}}`)) throw new Error(`delivery ${n}: what its handler emitted is lost`);
    }
    const slots = this.ring.slots.filter((_, i) => i % SLOT_WORDS === 0);
    if (slots.some((word) => stateOf(word) !== FREE)) throw new Error('a slot is not free in the end');
    if (this.#dispatcher.slotsUsed !== 0 || this.#dispatcher.outstanding !== 0)
      throw new Error('something is still out');
    const parked = this.ring.control[CONTROL.PARKED]!;
    // A kill between a thread's count and its word leaves the count one too high; it is never too low.
    if (parked < this.threads.length || parked > this.threads.length + this.deaths) throw new Error(`parked=${parked}`);
  }

  #track(delivery: Delivery): Tracked {
    return this.tracked.find((one) => one.delivery === delivery)!;
  }
}
