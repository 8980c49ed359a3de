export {
  clearCorrelationId,
  generateCorrelationId,
  getCorrelationId,
  setCorrelationId,
  withCorrelation,
} from './correlation.ts';
export type { BusEvent } from './event.ts';
export type { EmitOptions, HandlerContext, Payload } from './types.ts';
