import { trace } from '@opentelemetry/api';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { type EventBusOptions, MetricsCollector, PrometheusMetrics } from '../../src/index.ts';
import type { OpenSide } from '../scenario.ts';
import { openBus } from './bus.ts';
import { emitting } from './emitting.ts';

/** On a bus with these options, and so many subscriptions to other types. */
function observed(name: string, options: () => EventBusOptions, others = 0): OpenSide {
  return emitting(name, async (threads) => {
    const bus = await openBus({ maxConcurrentHandlers: threads, ...options() });
    // A tenth of them globs, which are asked whether they match.
    for (let i = 0; i < others; i++) bus.subscribe(() => {}, i % 10 === 0 ? `other.${i}.*` : `other.${i}`);
    return bus;
  });
}

export const plain: OpenSide = observed('plain', () => ({}));
export const metrics: OpenSide = observed('metrics', () => ({
  metrics: new MetricsCollector(new PrometheusMetrics()),
}));
/** The package is there, and no SDK is registered. */
export const tracing: OpenSide = observed('tracing', () => ({ tracing: true }));
export const unsampled: OpenSide = observed('unsampled', () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
  return { tracing: true };
});
/** … beside so many subscriptions, its own among them. */
export const others = (count: number): OpenSide => observed(`${count} subscriptions`, () => ({}), count - 1);
export const tenOthers: OpenSide = others(10);
export const manyOthers: OpenSide = others(10_000);
