import type { Attributes, Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { exactWallMs } from '../clock.ts';
import { currentScope } from '../correlation.ts';
import { Delivery, type Outcome, type PendingEvent } from '../delivery/pending.ts';
import { GanglionError } from '../errors.ts';
import { type Otel, tracerProviderRegistered } from '../otel-api.ts';
import type { Route } from '../routes.ts';
import { contextOf, formatTrace, parseTrace } from '../trace-context.ts';
import { BusObserver } from './observer.ts';

const SAMPLED = 1;

/** Spans by the semantic conventions for messaging: `send <type>` per event, `process <type>` per call of a handler. */
export class TracingObserver extends BusObserver {
  readonly #otel: Otel;
  readonly #tracer: Tracer;
  /** Per event type, made once. */
  readonly #sendOptions = new WeakMap<Route<unknown>, { readonly name: string; readonly options: SpanOptions }>();
  /** Of handlers that run on this thread. */
  readonly #running = new WeakMap<Delivery, Span>();

  /** Whether an SDK is there, asked once per run of synchronous code: a look at globalThis for each event would be dear. */
  #registered = false;
  #asked = false;
  readonly #forget = (): void => {
    this.#asked = false;
  };

  constructor(otel: Otel) {
    super();
    this.#otel = otel;
    this.#tracer = otel.trace.getTracer('ganglion');
  }

  /** Gives the event the context that its handlers continue. */
  override emitted(event: PendingEvent): void {
    if (event.system || !(this.#asked ? this.#registered : this.#ask())) return;
    let send = this.#sendOptions.get(event.route);
    if (send === undefined) {
      const { eventType } = event.route;
      const attributes = this.#attributes('send', eventType);
      send = { name: `send ${eventType}`, options: { kind: this.#otel.SpanKind.PRODUCER, attributes } };
      this.#sendOptions.set(event.route, send);
    }
    const span = this.#tracer.startSpan(send.name, send.options, this.#parent(event));
    if (span.isRecording()) span.setAttributes(messageAttributes(event));
    const context = span.spanContext();
    // Of an API whose SDK has just gone; a full check by regular expressions would cost more than the rest.
    if (context.traceId !== this.#otel.INVALID_TRACEID) event.trace = formatTrace(context);
    span.end();
  }

  #ask(): boolean {
    this.#asked = true;
    queueMicrotask(this.#forget);
    this.#registered = tracerProviderRegistered();
    return this.#registered;
  }

  /** Runs a handler of this thread in its span. */
  override readonly around = <T>(delivery: Delivery, startedAt: number, call: () => T): T => {
    const { trace } = delivery.event;
    if (trace === null) return call();
    const parent = contextOf(this.#otel, trace);
    const span = this.#process(delivery, trace, parent, exactWallMs(startedAt));
    this.#running.set(delivery, span);
    return this.#otel.context.with(this.#otel.trace.setSpan(parent, span), call);
  };

  override attempted(delivery: Delivery, outcome: Outcome): void {
    const { trace } = delivery.event;
    if (trace === null) return;
    let span = this.#running.get(delivery);
    if (span === undefined) {
      const parent = parseTrace(this.#otel, trace);
      // Nobody records the trace, so nobody misses its handlers.
      if (parent === undefined || (parent.traceFlags & SAMPLED) === 0) return;
      const started = outcome.startedAt === 0 ? Date.now() : exactWallMs(outcome.startedAt);
      span = this.#process(delivery, trace, this.#otel.trace.setSpanContext(this.#otel.ROOT_CONTEXT, parent), started);
    } else this.#running.delete(delivery);
    if (span.isRecording()) this.#describe(span, delivery, outcome);
    span.end(outcome.endedAt === 0 ? Date.now() : exactWallMs(outcome.endedAt));
  }

  #process({ event }: Delivery, trace: string, parent: Context, startTime: number): Span {
    const context = parseTrace(this.#otel, trace);
    const options: SpanOptions = {
      kind: this.#otel.SpanKind.CONSUMER,
      attributes: this.#attributes('process', event.route.eventType),
      startTime,
      ...(context === undefined ? {} : { links: [{ context }] }),
    };
    return this.#tracer.startSpan(`process ${event.route.eventType}`, options, parent);
  }

  #describe(span: Span, { event, subscription, attempt }: Delivery, outcome: Outcome): void {
    const { ok, error, reason, startedAt, threadId } = outcome;
    span.setAttributes({
      ...messageAttributes(event),
      'messaging.destination.subscription.name': subscription.name,
      'ganglion.subscription.id': subscription.id,
      'ganglion.attempt': attempt,
      'ganglion.queue_ms': startedAt === 0 ? 0 : Math.max(0, startedAt - event.emittedAt),
      'thread.id': threadId,
    });
    if (ok) return;
    if (error !== undefined) span.recordException(error);
    span.setAttribute('error.type', GanglionError.is(error) ? error.code : (reason ?? '_OTHER'));
    span.setStatus({ code: this.#otel.SpanStatusCode.ERROR, ...(error && { message: error.message }) });
  }

  #attributes(operation: 'send' | 'process', eventType: string): Attributes {
    return {
      'messaging.system': 'ganglion',
      'messaging.operation.name': operation,
      'messaging.operation.type': operation,
      'messaging.destination.name': eventType,
    };
  }

  /** The handler that emitted it, on a thread or on this one; else whatever is active. */
  #parent(event: PendingEvent): Context {
    if (event.trace !== null) return contextOf(this.#otel, event.trace);
    const active = this.#otel.context.active();
    if (this.#otel.trace.getSpan(active) !== undefined) return active;
    // An SDK without a context manager knows no active span.
    const delivery = currentScope()?.delivery;
    const span = delivery instanceof Delivery ? this.#running.get(delivery) : undefined;
    return span === undefined ? active : this.#otel.trace.setSpan(active, span);
  }
}

function messageAttributes({ eventId, correlationId }: PendingEvent): Attributes {
  return {
    'messaging.message.id': eventId,
    ...(correlationId === null ? {} : { 'messaging.message.conversation_id': correlationId }),
  };
}
