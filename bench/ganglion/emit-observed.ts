import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { type EventBus, type EventBusOptions, MetricsCollector, PrometheusMetrics } from '../../src/index.ts';
import type { OpenSide } from '../scenario.ts';
import { openBus } from './bus.ts';
import { emitting } from './emitting.ts';

/** On a bus with these options, and so many subscriptions to other types. */
function observed(name: string, options: () => EventBusOptions, others = 0, beside?: () => void): OpenSide {
  const open = async (threads: number): Promise<EventBus> => {
    const bus = await openBus({ maxConcurrentHandlers: threads, ...options() });
    // A tenth of them globs, which are asked whether they match.
    for (let i = 0; i < others; i++) bus.subscribe(() => {}, i % 10 === 0 ? `other.${i}.*` : `other.${i}`);
    return bus;
  };
  return emitting(name, open, beside);
}

/** What a program registers that sets up an SDK, and samples nothing. */
function registerUnsampled(): void {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

export const plain: OpenSide = observed('plain', () => ({}));
export const metrics: OpenSide = observed('metrics', () => ({
  metrics: new MetricsCollector(new PrometheusMetrics()),
}));
/** The package is there, and no SDK is registered. */
export const tracing: OpenSide = observed('tracing', () => ({ tracing: true }));
export const unsampled: OpenSide = observed('unsampled', () => {
  registerUnsampled();
  return { tracing: true };
});
const tracer = trace.getTracer('bench');
/** The least that a span per event can cost: one without attributes or parent, of which nothing goes anywhere. */
export const bareSpan: OpenSide = observed(
  'bare span',
  () => {
    registerUnsampled();
    return { tracing: false };
  },
  0,
  () => tracer.startSpan('send').end(),
);
/** … beside so many subscriptions, its own among them. */
export const others = (count: number): OpenSide => observed(`${count} subscriptions`, () => ({}), count - 1);
export const tenOthers: OpenSide = others(10);
export const manyOthers: OpenSide = others(10_000);
