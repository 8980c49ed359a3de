export { EventBus } from './bus.ts';
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
export * from './errors.ts';
export { BusEvent, type EventRecordJson } from './event.ts';
export * from './types.ts';
export {
  EVENT_TYPE_PATTERN,
  type EventToValidate,
  EventValidator,
  type EventValidatorOptions,
  extractAction,
  extractDomain,
  isValidEventType,
  type ValidationResult,
  type Validator,
} from './validation.ts';
