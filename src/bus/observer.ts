import type { Delivery, Outcome, PendingEvent } from '../delivery/pending.ts';

/** Who looks at what a bus does. Chosen when the bus is made; nothing that it does changes anything for the bus. */
export interface BusObserver {
  /** The bus is made. */
  opened?(): void;
  /** Accepted, and not yet handed to any handler. */
  emitted?(event: PendingEvent): void;
  /** Refused by the overflow policy (no event then) or displaced by it. */
  dropped?(eventType: string, event: PendingEvent | undefined): void;
  /** A handler is about to be called, here or on a thread. */
  dispatched?(delivery: Delivery): void;
  /** Runs a handler of this thread in whatever else it is to run in. One observer at most has it. */
  around?<T>(delivery: Delivery, startedAt: number, call: () => T): T;
  /** One call of a handler has its outcome; with retries there may be another. */
  attempted?(delivery: Delivery, outcome: Outcome): void;
  /** An event failed its validation. */
  invalid?(eventType: string): void;
  threadRestarted?(threadId: number): void;
  /** The bus is shut down. */
  closed?(): void;
}

export type Observation = Required<Omit<BusObserver, 'around'>> & {
  readonly around: (<T>(delivery: Delivery, startedAt: number, call: () => T) => T) | undefined;
};

const NAMES = [
  'opened',
  'emitted',
  'dropped',
  'dispatched',
  'attempted',
  'invalid',
  'threadRestarted',
  'closed',
] as const;
const nothing = (): void => {};

/** One function per occasion: that of the only observer who cares, or one that calls each. */
export function combine(observers: readonly BusObserver[]): Observation {
  const combined: Partial<Record<(typeof NAMES)[number], (...args: never[]) => void>> = {};
  for (const name of NAMES) {
    const calls = observers
      .filter((observer) => observer[name] !== undefined)
      .map((observer) => (observer[name] as (...args: unknown[]) => void).bind(observer));
    const [first, second] = calls;
    if (first === undefined) combined[name] = nothing;
    else if (second === undefined) combined[name] = first;
    else if (calls.length === 2) {
      combined[name] = (a: unknown, b: unknown) => {
        first(a, b);
        second(a, b);
      };
    } else {
      combined[name] = (a: unknown, b: unknown) => {
        for (const call of calls) call(a, b);
      };
    }
  }
  const wrapper = observers.find(({ around }) => around !== undefined);
  return {
    ...(combined as Omit<Observation, 'around'>),
    around: wrapper && ((delivery, startedAt, call) => wrapper.around!(delivery, startedAt, call)),
  };
}
