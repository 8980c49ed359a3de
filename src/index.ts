export { EventBus } from './bus.ts';
export {
  clearCorrelationId,
  generateCorrelationId,
  getCorrelationId,
  setCorrelationId,
  withCorrelation,
} from './correlation.ts';
export * from './errors.ts';
export { BusEvent, type EventRecordJson } from './event.ts';
export * from './types.ts';
