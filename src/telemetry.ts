import type { Attributes, AttributeValue, Context, Span, SpanKind, Tracer } from '@opentelemetry/api';
import type { HeadersLike } from './correlation-http.ts';
import { isThenable } from './handler-result.ts';
import { otelApi } from './otel-api.ts';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';

/*
 * Helpers over @opentelemetry/api, an optional peer: where it is not installed, or no SDK is registered, nothing happens.
 */

const NAME = 'ganglion';

export interface TracedOptions {
  attributes?: Attributes;
  /** @default SpanKind.INTERNAL */
  kind?: SpanKind;
}

/** @opentelemetry/api is installed. */
export function isOtelAvailable(): boolean {
  return otelApi() !== undefined;
}

/** undefined where @opentelemetry/api is not installed. @default name 'ganglion' */
export function getTracer(name: string = NAME): Tracer | undefined {
  return otelApi()?.trace.getTracer(name);
}

/** The active span, if there is one. */
export function getCurrentSpan(): Span | undefined {
  return otelApi()?.trace.getActiveSpan();
}

/** The trace id of the active span: what to look for in a tracing system. */
export function getTraceCorrelationId(): string | undefined {
  const otel = otelApi();
  const context = otel?.trace.getActiveSpan()?.spanContext();
  return context !== undefined && otel!.isSpanContextValid(context) ? context.traceId : undefined;
}

/** `fn` in a span of its own, sync or async: what it throws, or rejects with, is recorded and goes on as it is. */
export function traced<This, Args extends unknown[], R>(
  name: string,
  fn: (this: This, ...args: Args) => R,
  options: TracedOptions = {},
): (this: This, ...args: Args) => R {
  return function (this: This, ...args: Args): R {
    const otel = otelApi();
    if (otel === undefined) return fn.apply(this, args);
    return otel.trace.getTracer(NAME).startActiveSpan(name, { ...options }, (span) => {
      const fail = (error: unknown): void => {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: otel.SpanStatusCode.ERROR });
        span.end();
      };
      let value: R;
      try {
        value = fn.apply(this, args);
      } catch (error) {
        fail(error);
        throw error;
      }
      if (!isThenable(value)) {
        span.end();
        return value;
      }
      // The same promise goes on, also one of another library.
      value.then(() => span.end(), fail);
      return value;
    });
  };
}

/** On the active span; nothing without one. */
export function addEventToSpan(name: string, attributes?: Attributes): void {
  getCurrentSpan()?.addEvent(name, attributes);
}

/** On the active span; nothing without one. */
export function setSpanAttribute(name: string, value: AttributeValue): void {
  getCurrentSpan()?.setAttribute(name, value);
}

/**
 * A copy of the headers with the context of the active span: by the registered propagator, or as W3C traceparent where
 * none is registered.
 */
export function injectTraceContextToHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const carrier: Record<string, string> = { ...headers };
  const otel = otelApi();
  if (otel === undefined) return carrier;
  otel.propagation.inject(otel.context.active(), carrier);
  const span = otel.trace.getActiveSpan()?.spanContext();
  if (otel.propagation.fields().length === 0 && span !== undefined && otel.isSpanContextValid(span)) {
    carrier.traceparent = formatTraceparent(span);
    const state = span.traceState?.serialize();
    if (state) carrier.tracestate = state;
  }
  return carrier;
}

/**
 * The context that these headers carry, to be used with `context.with`; undefined where @opentelemetry/api is not
 * installed. Names are compared without case; a header that is no valid context is passed over.
 */
export function extractTraceContextFromHeaders(headers: HeadersLike): Context | undefined {
  const otel = otelApi();
  if (otel === undefined) return undefined;
  const carrier: Record<string, string> = {};
  const entries = headers instanceof Headers ? headers.entries() : Object.entries(headers ?? {});
  for (const [name, value] of entries) {
    const text: unknown = Array.isArray(value) ? (value as unknown[]).join(',') : value;
    if (typeof text === 'string' && name !== '__proto__') carrier[name.toLowerCase()] = text;
  }
  if (otel.propagation.fields().length > 0) return otel.propagation.extract(otel.ROOT_CONTEXT, carrier);
  const { traceparent = '', tracestate = '' } = carrier;
  const span = parseTraceparent(otel, traceparent, tracestate);
  return span === undefined ? otel.ROOT_CONTEXT : otel.trace.setSpanContext(otel.ROOT_CONTEXT, span);
}
