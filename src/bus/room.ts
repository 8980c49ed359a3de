import { monotonicMs } from '../clock.ts';
import type { Flow } from '../delivery/flow.ts';
import type { Ledger } from '../delivery/ledger.ts';
import { type Delivery, failure, type PendingEvent } from '../delivery/pending.ts';
import { BackpressureError, DroppedError } from '../errors.ts';
import type { ResolvedOptions } from '../options/bus.ts';
import type { HandlerPool } from '../pool/handler-pool.ts';
import { FailureReason, OverflowPolicy } from '../types.ts';
import type { AuditTrail } from './audit-trail.ts';

interface Waiter {
  proceed(): void;
  refuse(error: unknown): void;
}

/** Room for one more pending event: the overflow policies of `emit`, and the queue of those who wait without blocking. */
export class Room {
  readonly #options: ResolvedOptions;
  readonly #ledger: Ledger;
  readonly #flow: Flow;
  readonly #pool: () => HandlerPool | undefined;
  readonly #audit: AuditTrail | undefined;
  readonly #gaveUp: () => void;
  readonly #waiters = new Set<Waiter>();
  #flushing = false;
  /** Those who wait no longer and have not gone on yet: their places are theirs. */
  #promised = 0;

  /** `gaveUp`: somebody waits no longer, and perhaps has emitted nothing. */
  constructor(
    options: ResolvedOptions,
    ledger: Ledger,
    flow: Flow,
    pool: () => HandlerPool | undefined,
    audit: AuditTrail | undefined,
    gaveUp: () => void,
  ) {
    this.#audit = audit;
    this.#gaveUp = gaveUp;
    this.#options = options;
    this.#ledger = ledger;
    this.#flow = flow;
    this.#pool = pool;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get #left(): number {
    return this.#options.maxPendingEvents - this.#ledger.pending - this.#promised;
  }

  get #full(): boolean {
    return this.#left <= 0;
  }

  /** Applies the overflow policy. False: the event is to be dropped. Throws BackpressureError. */
  make(): boolean {
    // The log first: nothing is displaced for an event that it could not take.
    if (this.#audit !== undefined && !this.#audit.make()) return false;
    if (!this.#full || this.#hasRoom()) return true;
    const { overflowPolicy, maxPendingEvents } = this.#options;
    if (overflowPolicy === OverflowPolicy.DROP) return false;
    if (overflowPolicy === OverflowPolicy.DROP_OLDEST) {
      if (this.#dropOldest()) return true;
      throw new BackpressureError(
        `each of maxPendingEvents=${maxPendingEvents} pending events has started, so none can be dropped for another. ` +
          'Await emitAsync, or raise maxPendingEvents',
      );
    }
    if (overflowPolicy === OverflowPolicy.BLOCK) {
      this.#block();
      return true;
    }
    throw new BackpressureError(
      `${this.#ledger.pending} events are pending, and maxPendingEvents=${maxPendingEvents}. Await emitAsync, emit more ` +
        'slowly, or choose another overflowPolicy',
    );
  }

  /** Waits for room behind those who wait already. Rejects with the signal's reason. Undefined: there is room now. */
  wait(signal: AbortSignal | undefined): Promise<void> | undefined {
    const audited = this.#audit === undefined || this.#audit.hasRoom;
    if (this.#waiters.size === 0 && audited && this.#hasRoom()) return undefined;
    if (!audited) this.#audit!.wantRoom();
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const waiter: Waiter = {
        proceed: () => {
          done();
          this.#promised++;
          resolve();
          // Runs behind what was waiting for this promise.
          queueMicrotask(this.#kept);
        },
        refuse: (error) => {
          done();
          reject(error as Error);
          this.#gaveUp();
        },
      };
      const abort = (): void => waiter.refuse(signal!.reason);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** An event has settled, or the audit log has room again. */
  settled(): void {
    if (this.#waiters.size === 0 || this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(this.#flush);
  }

  refuseAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.refuse(error);
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    for (const waiter of this.#waiters) {
      if (this.#full) return;
      if (this.#audit !== undefined && !this.#audit.hasRoom) {
        this.#audit.wantRoom();
        return;
      }
      waiter.proceed();
    }
  };

  readonly #kept = (): void => {
    this.#promised--;
    // One that emitted nothing after all leaves its place to the next.
    this.settled();
    this.#gaveUp();
  };

  #hasRoom(): boolean {
    if (!this.#full) return true;
    this.#pool()?.drain();
    return !this.#full;
  }

  #block(): void {
    const { blockTimeoutMs, maxPendingEvents } = this.#options;
    const until = monotonicMs() + blockTimeoutMs;
    while (!this.#hasRoom()) {
      const now = monotonicMs();
      const pool = this.#pool();
      // Main-thread handlers can't run while their thread is blocked: without others, waiting would be in vain.
      const hopeless = pool === undefined || !(pool.working || this.#flow.retrying > 0);
      if (until <= now || hopeless) {
        throw new BackpressureError(
          hopeless
            ? `${maxPendingEvents} events are pending on the main thread alone, which can't make room while it blocks. ` +
                'Await emitAsync instead'
            : `no room after blockTimeoutMs=${blockTimeoutMs}: ${this.#ledger.pending} events are pending. Look for what ` +
                'holds the handlers up, or use more threads',
        );
      }
      pool.block(Math.min(until, Math.max(now, this.#flow.nextRetryAt)) - now);
      this.#flow.runRetries();
    }
  }

  /** Ends the oldest event that no handler has started. */
  #dropOldest(): boolean {
    for (const event of this.#ledger.events()) {
      if (event.system || event.tier !== 0 || !this.#revoke(event)) continue;
      const error = new DroppedError(
        `displaced by a newer event, by overflowPolicy 'dropOldest': maxPendingEvents=${this.#options.maxPendingEvents} were pending`,
      );
      this.#ledger.drop(event, failure(FailureReason.DROPPED, error, 0, 0, 0));
      return true;
    }
    return false;
  }

  /** Takes back all deliveries of an event, or none. */
  #revoke(event: PendingEvent): boolean {
    const revoked: Delivery[] = [];
    for (let delivery = event.first; delivery !== undefined; delivery = delivery.next) {
      if (!delivery.settled && this.#flow.revoke(delivery)) {
        revoked.push(delivery);
        continue;
      }
      for (const back of revoked) this.#flow.putBack(back);
      return false;
    }
    return revoked.length > 0;
  }
}
