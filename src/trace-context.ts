import type { Context, SpanContext } from '@opentelemetry/api';
import type { Otel } from './otel-api.ts';

/*
 * A span's context as one text that travels with an event: W3C traceparent, always 55 characters, then tracestate if there
 * is one.
 */
const TRACEPARENT_LENGTH = 55;
const FLAGS: readonly string[] = Array.from({ length: 256 }, (_, flags) => flags.toString(16).padStart(2, '0'));
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function formatTrace({ traceId, spanId, traceFlags, traceState }: SpanContext): string {
  const parent = `00-${traceId}-${spanId}-${FLAGS[traceFlags & 0xff]!}`;
  // A line feed would end it early on its way between threads; no valid tracestate has one.
  return traceState === undefined ? parent : parent + traceState.serialize().replaceAll('\n', '');
}

/** Whether a text of `formatTrace` says that the trace is recorded, without reading the rest of it. */
export function isSampled(trace: string): boolean {
  const digit = trace.charCodeAt(TRACEPARENT_LENGTH - 1);
  // Of the digits 0 to 9 the odd ones have odd codes, of a to f the even ones.
  return (digit & 1) === (digit < 97 ? 1 : 0);
}

/** undefined for what is none. */
export function parseTrace(otel: Otel, text: string): SpanContext | undefined {
  const match = TRACEPARENT.exec(text.slice(0, TRACEPARENT_LENGTH));
  if (match === null) return undefined;
  const spanContext: SpanContext = {
    traceId: match[1]!,
    spanId: match[2]!,
    traceFlags: Number.parseInt(match[3]!, 16),
    isRemote: true,
  };
  if (text.length > TRACEPARENT_LENGTH) {
    spanContext.traceState = otel.createTraceState(text.slice(TRACEPARENT_LENGTH));
  }
  return otel.isSpanContextValid(spanContext) ? spanContext : undefined;
}

/** A context whose parent span is the one in this text. */
export function contextOf(otel: Otel, text: string): Context {
  const spanContext = parseTrace(otel, text);
  return spanContext === undefined ? otel.ROOT_CONTEXT : otel.trace.setSpanContext(otel.ROOT_CONTEXT, spanContext);
}
