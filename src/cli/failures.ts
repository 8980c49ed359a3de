import type { AnyEventBus } from '../bus.ts';

export interface FailureGroup {
  readonly handler: string;
  readonly reason: string;
  readonly message: string;
  count: number;
}

/** Different failures that are told apart; what comes beyond counts in the sum only. */
const MAX_GROUPS = 1_000;
const MAX_MESSAGE = 300;
const SHOWN = 10;

interface HandlerError {
  handler_name: string;
  reason: string;
  error: { name: string; message: string };
}

/** What failed on a bus, by handler, reason and message. */
export class Failures {
  deliveries = 0;
  readonly #groups = new Map<string, FailureGroup>();

  constructor(bus: AnyEventBus) {
    bus.subscribe(({ payload }) => this.#add(payload as HandlerError), 'system.handler_error');
  }

  /** The most frequent ones. */
  list(): FailureGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count).slice(0, SHOWN);
  }

  #add({ handler_name: handler, reason, error }: HandlerError): void {
    this.deliveries++;
    const message = `${error.name}: ${error.message}`.slice(0, MAX_MESSAGE);
    const key = `${handler}\n${reason}\n${message}`;
    const group = this.#groups.get(key);
    if (group !== undefined) group.count++;
    else if (this.#groups.size < MAX_GROUPS) this.#groups.set(key, { handler, reason, message, count: 1 });
  }
}
