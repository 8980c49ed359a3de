import type { Receipt } from '../delivery/pending.ts';

/** Where the command line gets at the outcome of every delivery: not an option that anybody could set by accident. */
export const ALL_OUTCOMES: unique symbol = Symbol('ganglion.allOutcomes');

/** Hears of all events that nobody waits for. With one, what handlers return comes back from the threads. */
export function allOutcomesOf(options: unknown): Receipt | undefined {
  return (options as { [ALL_OUTCOMES]?: Receipt } | null | undefined)?.[ALL_OUTCOMES];
}
