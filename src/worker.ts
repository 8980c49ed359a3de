import type { EventOf, EventsShape, PatternOf } from './event-types.ts';
import type { EventMap, HandlerContext } from './types.ts';

export {
  clearCorrelationId,
  generateCorrelationId,
  getCorrelationId,
  setCorrelationId,
  withCorrelation,
} from './correlation.ts';
export {
  CORRELATION_ID_HEADER,
  extractCorrelationIdFromHeaders,
  getHeadersWithCorrelation,
  type HeadersLike,
} from './correlation-http.ts';
export { NonRetryableError } from './errors.ts';
export type { BusEvent } from './event.ts';
export type { EventOf, PatternOf } from './event-types.ts';
export {
  addEventToSpan,
  extractTraceContextFromHeaders,
  getCurrentSpan,
  getTraceCorrelationId,
  getTracer,
  injectTraceContextToHeaders,
  isOtelAvailable,
  setSpanAttribute,
  type TracedOptions,
  traced,
} from './telemetry.ts';
export type { EmitOptions, EventMap, HandlerContext, Payload, SetupContext } from './types.ts';

/**
 * A handler of a module, typed by the event map of its bus: `export default defineHandler<Events, 'image.resize'>(…)`.
 * Patterns work too. Returns the handler as it is.
 */
export function defineHandler<
  Events extends EventsShape<Events> = EventMap,
  P extends PatternOf<Events> = PatternOf<Events>,
>(
  handler: (event: EventOf<Events, P>, context: HandlerContext<Events>) => unknown,
): (event: EventOf<Events, P>, context: HandlerContext<Events>) => unknown {
  return handler;
}
