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
export type { BusEvent } from './event.ts';
export type { EmitOptions, HandlerContext, Payload } from './types.ts';
