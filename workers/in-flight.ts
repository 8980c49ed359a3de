import { threadId } from 'node:worker_threads';
import { monotonicMs } from '../src/clock.ts';
import type { Scope } from '../src/correlation.ts';
import { HandlerTimeoutError, ShutdownError } from '../src/errors.ts';
import type { BusEvent } from '../src/event.ts';
import type { SubscriptionInfo } from '../src/protocol.ts';
import type { EmitOptions, HandlerContext, Payload } from '../src/types.ts';

export type WorkerEmitter = (
  from: InFlight,
  eventType: string,
  payload: Payload,
  options: EmitOptions | undefined,
) => string;

/** One delivery on this thread: what its handler gets as context, and the scope its async work runs in. */
export class InFlight implements HandlerContext, Scope {
  readonly id: number;
  readonly cell: number;
  readonly event: BusEvent;
  readonly attempt: number;
  readonly wantsValue: boolean;
  /** What its handler continues; null where nobody traces. */
  readonly trace: string | null;
  readonly #subscription: SubscriptionInfo;
  readonly #emitter: WorkerEmitter;
  startedAt = 0;
  settled = false;
  #controller: AbortController | undefined;

  constructor(
    id: number,
    cell: number,
    event: BusEvent,
    subscription: SubscriptionInfo,
    attempt: number,
    wantsValue: boolean,
    emitter: WorkerEmitter,
    trace: string | null,
  ) {
    this.id = id;
    this.cell = cell;
    this.event = event;
    this.#subscription = subscription;
    this.attempt = attempt;
    this.wantsValue = wantsValue;
    this.#emitter = emitter;
    this.trace = trace;
  }

  get subscriptionId(): string {
    return this.#subscription.id;
  }

  get threadId(): number {
    return threadId;
  }

  // Made when asked for: most handlers never look.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  // Functions of their own, so that a handler may take them out of the context.
  get remainingMs(): () => number {
    return () => Math.max(0, this.startedAt + this.#subscription.timeoutMs - monotonicMs());
  }

  get emit(): (eventType: string, payload: Payload, options?: EmitOptions) => string {
    return (eventType, payload, options) => this.#emitter(this, eventType, payload, options);
  }

  get correlationId(): string | undefined {
    return this.event.correlationId ?? undefined;
  }

  get delivery(): this {
    return this;
  }

  abort(reason: 'timeout' | 'shutdown'): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(
      reason === 'timeout'
        ? new HandlerTimeoutError(this.#subscription.name, this.#subscription.timeoutMs)
        : new ShutdownError('the bus shut down before the handler was done'),
    );
  }

  /** The error is the handler's own answer to its signal. */
  answersAbort(error: unknown): boolean {
    const signal = this.#controller?.signal;
    if (signal?.aborted !== true) return false;
    return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
  }
}
