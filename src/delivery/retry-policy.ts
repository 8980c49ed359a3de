import { FailureReason } from '../types.ts';
import type { Outcome } from './pending.ts';

/** How often a failed delivery is tried again, and when. */
export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  /** Milliseconds before the second attempt. */
  readonly backoffMs: number;
  /** Each further wait is so many times longer than the one before. */
  readonly factor: number;
  readonly maxBackoffMs: number;
  /** A wait is a random part of its length, from half of it up, so that what failed together does not come back together. */
  readonly jitter: boolean;
}

/** What the bus itself did to a delivery is final. */
const RETRYABLE: ReadonlySet<FailureReason | undefined> = new Set([
  FailureReason.HANDLER_ERROR,
  FailureReason.HANDLER_TIMEOUT,
  FailureReason.WORKER_EXIT,
  FailureReason.HANDLER_LOAD_ERROR,
]);

/** Whether the failure may be tried again: an error with `retryable: false`, as NonRetryableError has, says no. */
export function isRetryable({ reason, error }: Outcome): boolean {
  if (!RETRYABLE.has(reason)) return false;
  try {
    return (error as { retryable?: unknown } | undefined)?.retryable !== false;
  } catch {
    // A getter that throws says nothing.
    return true;
  }
}

/** Milliseconds to wait after so many failed attempts. `random` is from [0, 1). */
export function backoff(policy: RetryPolicy, failures: number, random: () => number = Math.random): number {
  // An exponent that overflows makes Infinity, which the limit takes care of; 0 times Infinity would be NaN.
  const full = policy.backoffMs === 0 ? 0 : policy.backoffMs * policy.factor ** (failures - 1);
  const capped = Math.min(full, policy.maxBackoffMs);
  return policy.jitter ? capped * (0.5 + random() / 2) : capped;
}
