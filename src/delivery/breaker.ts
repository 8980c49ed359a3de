import { FailureReason } from '../types.ts';
import type { Delivery, Outcome } from './pending.ts';

export interface BreakerPolicy {
  /** So many hard failures … */
  readonly failures: number;
  /** … within so many milliseconds open it, … */
  readonly windowMs: number;
  /** … and it stays open for so many, before one trial decides. */
  readonly pauseMs: number;
}

/**
 * The circuit breaker of one subscription. Closed, it counts hard failures. Open, it lets nothing through until the pause
 * is over; then one delivery goes as a trial while the others still fail fast, and its end closes or reopens it.
 */
export class Breaker {
  readonly policy: BreakerPolicy;
  /** Monotonic milliseconds of the latest hard failures, at most `policy.failures`, oldest first. */
  #times: number[] = [];
  /** Monotonic milliseconds; undefined: closed. */
  #openUntil: number | undefined;
  #trial: Delivery | undefined;

  constructor(policy: BreakerPolicy) {
    this.policy = policy;
  }

  get open(): boolean {
    return this.#openUntil !== undefined;
  }

  /** A delivery is about to start. 'trial': it decides. */
  admit(delivery: Delivery, now: number): 'pass' | 'trial' | 'refuse' {
    if (this.#openUntil === undefined) return 'pass';
    // Taken back for a newer event that then went elsewhere.
    if (this.#trial === delivery) return 'trial';
    // A trial that was settled from outside has decided nothing.
    if (this.#trial?.settled === true) this.#trial = undefined;
    if (this.#trial !== undefined || now < this.#openUntil) return 'refuse';
    this.#trial = delivery;
    return 'trial';
  }

  isTrial(delivery: Delivery): boolean {
    return this.#trial === delivery;
  }

  /** An attempt has ended. True: this opened the breaker. A trial that ran into its deadline has failed too. */
  ended(delivery: Delivery, { hard, reason }: Outcome, now: number): boolean {
    if (this.#trial !== delivery) return hard && this.failed(now);
    this.#trial = undefined;
    this.#times = [];
    const bad = hard || reason === FailureReason.HANDLER_TIMEOUT;
    this.#openUntil = bad ? now + this.policy.pauseMs : undefined;
    return bad;
  }

  /** A hard failure. True: this opened the breaker. */
  failed(now: number): boolean {
    if (this.#openUntil !== undefined) return false;
    const { failures, windowMs, pauseMs } = this.policy;
    const times = this.#times;
    times.push(now);
    if (times.length > failures) times.shift();
    if (times.length < failures || now - times[0]! > windowMs) return false;
    this.#times = [];
    this.#openUntil = now + pauseMs;
    return true;
  }
}
