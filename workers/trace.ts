import { contextManager, type Otel, otelApi } from '../src/otel-api.ts';
import { contextOf, formatTrace } from '../src/trace-context.ts';

/** Runs a handler as a part of the trace its event came with, where this thread's handlers have an SDK. */
export function runInTrace<T>(trace: string, call: () => T): T {
  const otel = sdk();
  return otel === undefined ? call() : otel.context.with(contextOf(otel, trace), call);
}

/** What an event that is emitted here continues: the span that is active, else what its handler's event came with. */
export function traceOfEmit(trace: string): string {
  const otel = sdk();
  const context = otel?.trace.getActiveSpan()?.spanContext();
  return context !== undefined && otel!.isSpanContextValid(context) ? formatTrace(context) : trace;
}

/** undefined where no handler of this thread has set one up: then nothing could be active, and the API is not even loaded. */
function sdk(): Otel | undefined {
  return contextManager() === undefined ? undefined : otelApi();
}
