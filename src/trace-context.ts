import type { Context, SpanContext } from '@opentelemetry/api';
import type { Otel } from './otel-api.ts';

/*
 * A span's context as one text that travels with an event: trace id, span id and flags, always 50 hexadecimal digits, then
 * the tracestate if there is one, and a line feed, by which its reader knows where it ends. Nothing stands between them:
 * each piece costs the emitter an allocation and a copy.
 */
const TRACE = /^([0-9a-f]{32})([0-9a-f]{16})([0-9a-f]{2})(.*)\n$/;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const FLAGS: readonly string[] = Array.from({ length: 256 }, (_, flags) => flags.toString(16).padStart(2, '0'));
const LAST: readonly string[] = FLAGS.map((flags) => `${flags}\n`);

export function formatTrace({ traceId, spanId, traceFlags, traceState }: SpanContext): string {
  if (traceState === undefined) return traceId + spanId + LAST[traceFlags & 0xff]!;
  // A line feed would end it early; no valid tracestate has one.
  return `${traceId}${spanId}${FLAGS[traceFlags & 0xff]!}${traceState.serialize().replaceAll('\n', '')}\n`;
}

/** undefined for what is none. */
export function parseTrace(otel: Otel, text: string): SpanContext | undefined {
  const match = TRACE.exec(text);
  return match === null ? undefined : spanContextOf(otel, match, match[4]!);
}

/** A context whose parent span is the one in this text. */
export function contextOf(otel: Otel, text: string): Context {
  const spanContext = parseTrace(otel, text);
  return spanContext === undefined ? otel.ROOT_CONTEXT : otel.trace.setSpanContext(otel.ROOT_CONTEXT, spanContext);
}

/** As the header W3C traceparent. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${FLAGS[traceFlags & 0xff]!}`;
}

/** From the headers traceparent and tracestate; undefined for what is none. */
export function parseTraceparent(otel: Otel, traceparent: string, tracestate: string): SpanContext | undefined {
  const match = TRACEPARENT.exec(traceparent);
  return match === null ? undefined : spanContextOf(otel, match, tracestate);
}

/** Of a match whose groups are trace id, span id and flags. */
function spanContextOf(otel: Otel, match: RegExpExecArray, traceState: string): SpanContext | undefined {
  const spanContext: SpanContext = {
    traceId: match[1]!,
    spanId: match[2]!,
    traceFlags: Number.parseInt(match[3]!, 16),
    isRemote: true,
  };
  if (traceState !== '') spanContext.traceState = otel.createTraceState(traceState);
  return otel.isSpanContextValid(spanContext) ? spanContext : undefined;
}
