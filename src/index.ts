export type { AuditStats } from './audit/log.ts';
export type { AuditQuery } from './audit/query.ts';
export { type AuditVerification, verifyAuditLog } from './audit/verify.ts';
export type { SealPayload } from './audit-format.ts';
export { type AnyEventBus, EventBus } from './bus.ts';
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
export { DeadLetterQueue } from './dead-letters/queue.ts';
export type {
  AuditMessage,
  DeadLetterMessage,
  DroppedMessage,
  EmitMessage,
  HandlerMessage,
  ThreadMessage,
} from './diagnostics.ts';
export * from './errors.ts';
export { BusEvent, type EventRecordJson } from './event.ts';
export type { ErrorDescription, EventName, EventOf, EventsShape, PatternOf, SystemEvents } from './event-types.ts';
export type { MetricKind, MetricsBackend, MetricTags } from './metrics/backend.ts';
export { CallbackMetrics, type MetricsCallback } from './metrics/callback.ts';
export {
  type HandlerStats,
  MetricsCollector,
  type MetricsCollectorOptions,
  type MetricsSnapshot,
} from './metrics/collector.ts';
export { type HistogramSummary, InMemoryMetrics } from './metrics/in-memory.ts';
export { NoopMetrics } from './metrics/noop.ts';
export { OtelMetrics, type OtelMetricsOptions } from './metrics/otel.ts';
export { PrometheusMetrics, type PrometheusMetricsOptions } from './metrics/prometheus.ts';
export {
  BASE64_RULE,
  type RedactionRule,
  Redactor,
  type RedactorConfig,
  type RedactorOptions,
} from './redact/redactor.ts';
export type { SerializedError } from './serialized-error.ts';
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
