import { monotonicMs } from '../clock.ts';
import { maxPartsBytes, messageOf } from '../codec.ts';
import { type Delivery, failure, type Outcome, type Subscription } from '../delivery/pending.ts';
import { SerializationError, WorkerExitError } from '../errors.ts';
import { DispatchProducer } from '../ring/dispatch-producer.ts';
import { FLAG_BULK, FLAG_UNREAD, FLAG_WANTS_VALUE, type RingMemory } from '../ring/layout.ts';
import { anyParked, setBurst, setOverflow, wake, wakeForWork } from '../ring/parking.ts';
import { FailureReason } from '../types.ts';
import type { BulkMessage, BulkStore } from './bulk-store.ts';
import { Fifo } from './fifo.ts';
import type { HandlerThread } from './handler-thread.ts';

// A delivery's number: 20 bits of index into the table, 11 bits of generation; never 0, never negative.
const INDEX_BITS = 20;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const GENERATIONS = (1 << 11) - 1;
const FIRST_TABLE = 1024;

/** A delivery that was there so many times when a thread ended and nobody could be named is taken for the cause. */
const MAX_SUSPICIONS = 5;

export interface DispatcherHooks {
  settle(delivery: Delivery, outcome: Outcome): void;
  threads(): readonly HandlerThread[];
}

/** Puts deliveries into the ring, keeps those that don't fit, knows each published one by its number. */
export class Dispatcher {
  readonly #ring: RingMemory;
  readonly #threads: number;
  readonly #producer: DispatchProducer;
  readonly #hooks: DispatcherHooks;
  /** Beyond the ring: in order, and fed to it as slots come free. */
  readonly #overflow = new Fifo<Delivery>();
  /** Published deliveries by index: an outcome finds its delivery without hashing. Grows to the most there ever were. */
  readonly #table: (Delivery | undefined)[] = [];
  readonly #free: number[] = [];
  /** Makes the number of a settled delivery find nothing, though its index is used again. */
  #generation = 1;
  #burst = false;
  #overflowTold = false;
  readonly #bulks: BulkStore;

  constructor(ring: RingMemory, threads: number, bulks: BulkStore, hooks: DispatcherHooks) {
    this.#ring = ring;
    this.#threads = threads;
    this.#producer = new DispatchProducer(ring);
    this.#hooks = hooks;
    this.#bulks = bulks;
  }

  get slotsUsed(): number {
    this.#producer.reclaim();
    return this.#producer.used;
  }

  get bytesUsed(): number {
    return this.#producer.bytesUsed;
  }

  /** Published or waiting for room in the ring. */
  get outstanding(): number {
    return this.#table.length - this.#free.length + this.#overflow.size;
  }

  /** Deliveries wait for room in the ring. */
  get overflows(): boolean {
    return this.#overflow.size > 0;
  }

  submit(delivery: Delivery): void {
    if (this.#overflow.size > 0) {
      this.#overflow.push(delivery);
      // Two for one, so that a caller that never returns to its event loop still keeps the threads fed.
      if (this.#publishOverflow()) this.#publishOverflow();
    } else if (!this.#publish(delivery, false)) this.#overflow.push(delivery);
    if (!this.#burst && this.outstanding > this.#threads) this.#setBurst(true);
    this.#tellOverflow();
    if (anyParked(this.#ring)) this.#wakeOne();
  }

  #setBurst(burst: boolean): void {
    this.#burst = burst;
    setBurst(this.#ring, burst);
  }

  /** After outcomes have come in: fills the ring from the overflow. */
  pump(): void {
    if (this.#burst && this.outstanding <= this.#threads) this.#setBurst(false);
    this.#producer.reclaim();
    while (this.#publishOverflow()) if (anyParked(this.#ring)) this.#wakeOne();
    this.#tellOverflow();
  }

  #tellOverflow(): void {
    if (this.#overflowTold === this.overflows) return;
    this.#overflowTold = this.overflows;
    setOverflow(this.#ring, this.#overflowTold);
  }

  /** The delivery of this number, unless it is settled. */
  find(id: number): Delivery | undefined {
    const delivery = this.#table[id & INDEX_MASK];
    return delivery?.id === id ? delivery : undefined;
  }

  /** Settles a published delivery and gives its number back. */
  settle(delivery: Delivery, outcome: Outcome): void {
    this.#retire(delivery);
    this.#hooks.settle(delivery, outcome);
  }

  /** Takes a delivery back that no handler has started. */
  revoke(delivery: Delivery): boolean {
    const taken =
      delivery.id === 0 ? this.#overflow.remove(delivery) : this.#producer.revoke(delivery.sequence, delivery.id);
    if (!taken) return false;
    this.#tellOverflow();
    this.#retire(delivery);
    return true;
  }

  /** Takes back all deliveries of a subscription that have not started, but for `keep`. */
  revokeAll(subscription: Subscription, keep: (delivery: Delivery) => boolean): Delivery[] {
    const mine = (delivery: Delivery): boolean => delivery.subscription === subscription && !keep(delivery);
    const revoked = this.#overflow.removeAll(mine);
    this.#tellOverflow();
    for (const delivery of revoked) this.#retire(delivery);
    for (const delivery of [...this.#table])
      if (delivery !== undefined && mine(delivery) && this.revoke(delivery)) revoked.push(delivery);
    return revoked;
  }

  /** Forgets a delivery that was settled elsewhere; a thread may still be running it. */
  abandon(delivery: Delivery): void {
    if (!this.revoke(delivery) && delivery.id !== 0) this.#retire(delivery, false);
  }

  /** Runs it again: as the next attempt where its handler had started, else as if nothing had been. */
  resubmit(delivery: Delivery, started: boolean): void {
    this.#retire(delivery);
    if (started) delivery.attempt++;
    delivery.started = false;
    this.#overflow.unshift(delivery);
  }

  /** What a thread had begun when it ended through no fault of this delivery. */
  redeliver(delivery: Delivery, startedAt: number, threadId: number): void {
    if (delivery.subscription.redeliver && delivery.suspicions < MAX_SUSPICIONS) {
      this.resubmit(delivery, true);
      return;
    }
    const error = new WorkerExitError(
      delivery.subscription.redeliver
        ? `the thread of handler ${delivery.subscription.name} ended ${delivery.suspicions} times under it`
        : `the thread of handler ${delivery.subscription.name} was ended for another delivery's fault, and redeliver is false`,
    );
    this.settle(delivery, failure(FailureReason.WORKER_EXIT, error, startedAt, monotonicMs(), threadId));
  }

  /** No thread will ever run them. */
  failAll(outcome: Outcome): void {
    for (const delivery of [...this.#table])
      if (delivery !== undefined && this.revoke(delivery)) this.#hooks.settle(delivery, outcome);
    for (let delivery = this.#overflow.shift(); delivery !== undefined; delivery = this.#overflow.shift())
      this.settle(delivery, outcome);
  }

  /** Puts back what the thread had claimed; `exited`: also returns what it was about to start. */
  recover(owner: number, exited: boolean): readonly number[] {
    const { started } = this.#producer.recover(owner, exited);
    return started;
  }

  wakeAll(): void {
    for (const thread of this.#hooks.threads()) wake(this.#ring, thread.memory);
  }

  #wakeOne(): void {
    for (const thread of this.#hooks.threads()) {
      if (thread.role === 'active' && wakeForWork(this.#ring, thread.memory)) return;
    }
  }

  #publishOverflow(): boolean {
    const delivery = this.#overflow.peek();
    return delivery !== undefined && this.#publish(delivery, true);
  }

  /** False: there is no room. `waiting`: it is the first of the overflow, and leaves it. */
  #publish(delivery: Delivery, waiting: boolean): boolean {
    const { event } = delivery;
    if (this.#free.length === 0) this.#grow();
    const index = this.#free[this.#free.length - 1]!;
    const id = (this.#generation << INDEX_BITS) | index;
    const bodyBytes = event.body === undefined ? 0 : event.body.length;
    let flags = event.receipt === undefined ? 0 : FLAG_WANTS_VALUE;
    if (event.unread) flags |= FLAG_UNREAD;
    let bulk: BulkMessage | undefined;
    if (event.loan !== undefined || maxPartsBytes(event) + bodyBytes > this.#producer.maxMessageBytes) {
      flags |= FLAG_BULK;
      try {
        bulk = delivery.bulk ??= this.#bulks.put(event);
      } catch (error) {
        // Out of the overflow first: what hears of the outcome may submit more.
        if (waiting) this.#overflow.shift();
        this.settle(delivery, unwritable(delivery, error));
        return true;
      }
    }
    const sequence = this.#producer.publish(event, id, delivery.subscription.index, delivery.attempt, flags, bulk);
    if (sequence === undefined) return false;
    if (waiting) this.#overflow.shift();
    this.#free.pop();
    this.#generation = (this.#generation % GENERATIONS) + 1;
    this.#table[index] = delivery;
    delivery.id = id;
    delivery.sequence = sequence;
    return true;
  }

  #grow(): void {
    const from = this.#table.length;
    const to = Math.max(FIRST_TABLE, from * 2);
    for (let index = to - 1; index >= from; index--) {
      this.#table[index] = undefined;
      this.#free.push(index);
    }
  }

  /** `read`: no thread is reading its message just now. */
  #retire(delivery: Delivery, read: boolean = true): void {
    if (delivery.id !== 0) {
      const index = delivery.id & INDEX_MASK;
      this.#table[index] = undefined;
      this.#free.push(index);
      delivery.id = 0;
    }
    if (delivery.bulk === undefined) return;
    this.#bulks.release(delivery.bulk.key, read);
    delivery.bulk = undefined;
  }
}

/** The event was accepted long ago, so that nobody can be thrown at. */
function unwritable({ event }: Delivery, cause: unknown): Outcome {
  const bytes = event.payloadLength + (event.body === undefined ? 0 : event.body.length);
  const error = new SerializationError(
    `no memory to hand an event of ${bytes} bytes to a thread: ${messageOf(cause)}. Emit where the data is, not the data`,
    { cause },
  );
  return failure(FailureReason.SERIALIZATION_ERROR, error, 0, 0, 0);
}
