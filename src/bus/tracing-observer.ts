import type { Attributes, Context, ContextManager, Span, SpanOptions, TraceAPI, Tracer } from '@opentelemetry/api';
import { exactWallMs } from '../clock.ts';
import { currentScope } from '../correlation.ts';
import { Delivery, type Outcome, type PendingEvent } from '../delivery/pending.ts';
import { GanglionError } from '../errors.ts';
import { contextManager, type Otel, tracerProviderRegistered } from '../otel-api.ts';
import type { Route } from '../routes.ts';
import { contextOf, formatTrace, parseTrace } from '../trace-context.ts';
import { BusObserver } from './observer.ts';

/** What a producer span is started with. */
interface Send {
  readonly name: string;
  readonly options: SpanOptions;
}

/**
 * Spans by the semantic conventions for messaging: `send <type>` per event, `process <type>` per call of a handler. What
 * the sampler decides of the event holds for its handlers: where its span is not recorded, theirs are not asked for.
 */
export class TracingObserver extends BusObserver {
  readonly #otel: Otel;
  // Of the API once and for all: its exports are getters, and each look at one for each event would show.
  readonly #spans: TraceAPI;
  readonly #root: Context;
  readonly #invalidTraceId: string;
  readonly #tracer: Tracer;
  /** Per event type, made once. */
  readonly #sends = new WeakMap<Route<unknown>, Send>();
  /** Of the latest event, since many in a row are of one type. */
  #latest: { readonly route: Route<unknown>; readonly send: Send } | undefined;
  /** Of handlers that run on this thread. */
  readonly #running = new WeakMap<Delivery, Span>();

  /** What an SDK has registered, asked once per run of synchronous code: a look at globalThis for each event would be dear. */
  #registered = false;
  #contexts: ContextManager | undefined;
  #asked = false;
  readonly #forget = (): void => {
    this.#asked = false;
  };

  constructor(otel: Otel) {
    super();
    this.#otel = otel;
    this.#spans = otel.trace;
    this.#root = otel.ROOT_CONTEXT;
    this.#invalidTraceId = otel.INVALID_TRACEID;
    this.#tracer = otel.trace.getTracer('ganglion');
  }

  /** Gives the event the context that its handlers continue. */
  override emitted(event: PendingEvent): void {
    if (event.system || !(this.#asked ? this.#registered : this.#ask())) return;
    const { name, options } = this.#latest?.route === event.route ? this.#latest.send : this.#send(event.route);
    const span = this.#tracer.startSpan(name, options, this.#parent(event));
    const context = span.spanContext();
    // Of an API whose SDK has just gone; a full check by regular expressions would cost more than the rest.
    if (context.traceId !== this.#invalidTraceId) event.trace = formatTrace(context);
    if (span.isRecording()) {
      event.recorded = true;
      span.setAttributes(messageAttributes(event));
    }
    span.end();
  }

  #send(route: Route<unknown>): Send {
    let send = this.#sends.get(route);
    if (send === undefined) {
      const attributes = this.#attributes('send', route.eventType);
      send = { name: `send ${route.eventType}`, options: { kind: this.#otel.SpanKind.PRODUCER, attributes } };
      this.#sends.set(route, send);
    }
    this.#latest = { route, send };
    return send;
  }

  #ask(): boolean {
    this.#asked = true;
    queueMicrotask(this.#forget);
    this.#registered = tracerProviderRegistered();
    this.#contexts = contextManager();
    return this.#registered;
  }

  /** Runs a handler of this thread in its span. */
  override readonly around = <T>(delivery: Delivery, startedAt: number, call: () => T): T => {
    const { trace, recorded } = delivery.event;
    if (trace === null) return call();
    const { context } = this.#otel;
    // Spans that the handler itself makes see that they are of a trace that nobody records.
    if (!recorded) return context.with(contextOf(this.#otel, trace), call);
    const span = this.#process(delivery, trace, exactWallMs(startedAt));
    this.#running.set(delivery, span);
    return context.with(this.#spans.setSpan(this.#root, span), call);
  };

  override attempted(delivery: Delivery, outcome: Outcome): void {
    const { trace, recorded } = delivery.event;
    if (trace === null || !recorded) return;
    let span = this.#running.get(delivery);
    if (span === undefined) {
      span = this.#process(delivery, trace, outcome.startedAt === 0 ? Date.now() : exactWallMs(outcome.startedAt));
    } else this.#running.delete(delivery);
    if (span.isRecording()) this.#describe(span, delivery, outcome);
    span.end(outcome.endedAt === 0 ? Date.now() : exactWallMs(outcome.endedAt));
  }

  #process({ event: { route } }: Delivery, trace: string, startTime: number): Span {
    const parent = parseTrace(this.#otel, trace);
    const options: SpanOptions = {
      kind: this.#otel.SpanKind.CONSUMER,
      attributes: this.#attributes('process', route.eventType),
      startTime,
      ...(parent === undefined ? {} : { links: [{ context: parent }] }),
    };
    const context = parent === undefined ? this.#root : this.#spans.setSpanContext(this.#root, parent);
    return this.#tracer.startSpan(`process ${route.eventType}`, options, context);
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
    const active = this.#contexts?.active() ?? this.#root;
    if (active !== this.#root && this.#spans.getSpan(active) !== undefined) return active;
    // An SDK without a context manager knows no active span.
    const delivery = currentScope()?.delivery;
    if (!(delivery instanceof Delivery) || delivery.event.trace === null) return active;
    const span = this.#running.get(delivery);
    return span === undefined ? contextOf(this.#otel, delivery.event.trace) : this.#spans.setSpan(active, span);
  }
}

function messageAttributes({ eventId, correlationId }: PendingEvent): Attributes {
  return {
    'messaging.message.id': eventId,
    ...(correlationId === null ? {} : { 'messaging.message.conversation_id': correlationId }),
  };
}
