import { type Clock, MAX_TIMER_MS, monotonicMs, REAL_CLOCK, type Timer } from './clock.ts';
import { runInScope } from './correlation.ts';
import { type Delivery, failure, type Outcome, success } from './delivery/pending.ts';
import { HandlerTimeoutError, ShutdownError } from './errors.ts';
import { encodeValue, isThenable } from './handler-result.ts';
import { Fifo } from './pool/fifo.ts';
import { deserializeError, serializeError } from './serialized-error.ts';
import { type EmitOptions, FailureReason, type HandlerContext, type Payload } from './types.ts';

/** The event loop gets a turn after handlers have run for so long in one go. */
const TURN_MS = 5;

export interface InlineHooks {
  /** Of deadlines and durations. */
  readonly clock: Clock;
  settle(delivery: Delivery, outcome: Outcome): void;
  /** The handler's own `context.emit`. */
  emit(from: Delivery, eventType: string, payload: Payload, options: EmitOptions | undefined): string;
  lateError(delivery: Delivery, error: Error): void;
  unencodable(handlerName: string): void;
  /** Runs the call in whatever else it is to run in. */
  readonly around: (<T>(delivery: Delivery, startedAt: number, call: () => T) => T) | undefined;
}

/** Runs handlers that are functions, on the main thread, in emission order and never inside `emit`. */
export class InlineRunner {
  readonly #hooks: InlineHooks;
  readonly #queue = new Fifo<Delivery>();
  readonly #running = new Set<Run>();
  #scheduled = false;

  constructor(hooks: InlineHooks) {
    this.#hooks = hooks;
  }

  get queued(): number {
    return this.#queue.size;
  }

  submit(delivery: Delivery): void {
    this.#queue.push(delivery);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#turn);
  }

  /** Takes a delivery back that has not started. */
  revoke(delivery: Delivery): boolean {
    return !delivery.started && this.#queue.remove(delivery);
  }

  /** Tells every running handler that the bus gives up. */
  abortAll(): void {
    for (const run of this.#running) run.abort(new ShutdownError('the bus shut down before the handler was done'));
  }

  readonly #turn = (): void => {
    const { clock } = this.#hooks;
    const until = monotonicMs() + TURN_MS;
    // Reading the clock costs as much as all else about a delivery: one begins when the one before it has ended.
    let now = clock.now();
    for (let delivery = this.#queue.shift(); delivery !== undefined; delivery = this.#queue.shift()) {
      // Settled from outside while it waited: the bus was shut down.
      if (!delivery.settled) now = this.#start(delivery, now) ?? clock.now();
      if (this.#queue.size > 0 && (clock === REAL_CLOCK ? now : monotonicMs()) > until) {
        setImmediate(this.#turn);
        return;
      }
    }
    this.#scheduled = false;
  };

  /** Returns when it ended; undefined: it goes on. */
  #start(delivery: Delivery, startedAt: number): number | undefined {
    delivery.started = true;
    const run = new Run(delivery, this.#hooks, startedAt);
    let endedAt: number | undefined;
    const { correlationId } = delivery.event;
    const call = (): void => {
      let value: unknown;
      try {
        value = delivery.subscription.handler!(delivery.event.handed(), run);
        if (isThenable(value)) {
          this.#running.add(run);
          run.startTimer();
          const settled = Promise.resolve(value);
          settled.then(
            (result) => {
              this.#running.delete(run);
              run.succeed(result);
            },
            (error: unknown) => {
              this.#running.delete(run);
              run.fail(error);
            },
          );
          return;
        }
      } catch (error) {
        endedAt = run.fail(error);
        return;
      }
      endedAt = run.succeed(value);
    };
    const { around } = this.#hooks;
    const scope = { correlationId: correlationId ?? undefined, delivery };
    runInScope(scope, around === undefined ? call : () => around(delivery, startedAt, call));
    return endedAt;
  }
}

/** One call of an inline handler, and the context it gets. */
class Run implements HandlerContext {
  readonly attempt: number;
  readonly #delivery: Delivery;
  readonly #hooks: InlineHooks;
  /** Monotonic milliseconds. */
  readonly #startedAt: number;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  /** The delivery itself may go on with another attempt. */
  #ended = false;

  constructor(delivery: Delivery, hooks: InlineHooks, startedAt: number) {
    this.#delivery = delivery;
    this.#hooks = hooks;
    this.#startedAt = startedAt;
    this.attempt = delivery.attempt;
  }

  get #settled(): boolean {
    return this.#ended || this.#delivery.settled;
  }

  get threadId(): number {
    return 0;
  }

  get subscriptionId(): string {
    return this.#delivery.subscription.id;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  // Functions of their own, so that a handler may take them out of the context.
  get remainingMs(): () => number {
    return () => Math.max(0, this.#dueAt - this.#hooks.clock.now());
  }

  get emit(): (eventType: string, payload: Payload, options?: EmitOptions) => string {
    return (eventType, payload, options) => this.#hooks.emit(this.#delivery, eventType, payload, options);
  }

  get #dueAt(): number {
    return this.#startedAt + this.#delivery.subscription.timeoutMs;
  }

  startTimer(): void {
    const left = this.#dueAt - this.#hooks.clock.now();
    if (left === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#hooks.clock.setTimer(
      () => {
        if (this.#dueAt > this.#hooks.clock.now()) this.startTimer();
        else this.#expire();
      },
      Math.max(0, Math.min(Math.ceil(left), MAX_TIMER_MS)),
    );
    // The bus holds the process while the delivery is pending.
    this.#timer.unref();
  }

  abort(reason: Error): void {
    this.#hooks.clock.clearTimer(this.#timer);
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  /** Returns when. */
  succeed(value: unknown): number {
    const now = this.#end();
    // A handler that never left the stack could not be stopped at its deadline; its lateness is told when it returns.
    if (now > this.#dueAt) this.#expire();
    else if (!this.#settled) this.#settle(success(this.#snapshot(value), this.#startedAt, now, 0));
    return now;
  }

  /** Returns when. */
  fail(error: unknown): number {
    const now = this.#end();
    if (now > this.#dueAt && !this.#settled) this.#expire();
    else if (!this.#settled) {
      this.#settle(failure(FailureReason.HANDLER_ERROR, toError(error), this.#startedAt, now, 0));
    } else if (!this.#answersAbort(error)) this.#hooks.lateError(this.#delivery, toError(error));
    return now;
  }

  #end(): number {
    const { clock } = this.#hooks;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    return clock.now();
  }

  #expire(): void {
    if (this.#settled) return;
    const { name, timeoutMs } = this.#delivery.subscription;
    const error = new HandlerTimeoutError(name, timeoutMs);
    this.#settle(failure(FailureReason.HANDLER_TIMEOUT, error, this.#startedAt, this.#hooks.clock.now(), 0));
    this.abort(error);
  }

  #settle(outcome: Outcome): void {
    this.#ended = true;
    this.#hooks.settle(this.#delivery, outcome);
  }

  #answersAbort(error: unknown): boolean {
    const signal = this.#controller?.signal;
    return (
      signal?.aborted === true && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'))
    );
  }

  /** The same as a module handler's value after its way between threads. */
  #snapshot(value: unknown): unknown {
    if (value === undefined || this.#delivery.event.receipt === undefined) return undefined;
    if (value instanceof Uint8Array) return new Uint8Array(value);
    const json = encodeValue(value);
    if (json !== undefined) return JSON.parse(json) as unknown;
    this.#hooks.unencodable(this.#delivery.subscription.name);
    return undefined;
  }
}

/** The error itself where it is one; whatever else was thrown, as an error that says so. */
function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // A proxy that throws when it is looked at.
  }
  return deserializeError(serializeError(thrown));
}
