import type { Clock } from '../clock.ts';
import type { Outcome } from '../delivery/pending.ts';
import type { TeardownFault } from '../protocol.ts';
import type { SubscriptionPlan } from './subscription.ts';

/** Where `ganglion/testing` gets into a bus: not an option that anybody could set by accident. */
export const TEST_SEAM: unique symbol = Symbol('ganglion.testing');

export interface TestSeam {
  readonly clock: Clock;
  /** Puts a function in the place of a handler module. */
  plan(planned: SubscriptionPlan): SubscriptionPlan;
  /** Gives an outcome the reason that the pool would have given it. */
  outcome(outcome: Outcome): Outcome;
  ready(): Promise<void>;
  /** The bus is shut down: ends what the modules have set up. Never rejects. */
  tearDown(failed: (fault: TeardownFault) => void): Promise<void>;
}

export function seamOf(options: unknown): TestSeam | undefined {
  return (options as { [TEST_SEAM]?: TestSeam } | null | undefined)?.[TEST_SEAM];
}
