import { trace } from '@opentelemetry/api';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { type EventBusOptions, MetricsCollector, PrometheusMetrics } from '../../src/index.ts';
import { EMIT_BURST, emitSide } from '../emit-bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { checkAccount, openBus } from './bus.ts';

/** Time inside `emit` with these options, and so many subscriptions to other types. */
function emitting(name: string, options: () => EventBusOptions, others = 0): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const bus = await openBus({ maxConcurrentHandlers: threads, ...options() });
    // A tenth of them globs, which are asked whether they match.
    for (let i = 0; i < others; i++) bus.subscribe(() => {}, i % 10 === 0 ? `other.${i}.*` : `other.${i}`);
    return emitSide(name, {
      emit: () => {
        for (let i = 0; i < EMIT_BURST; i++) bus.emit(EVENT_TYPE, orderAt(i));
      },
      settle: async () => {
        if (!(await bus.waitForPending())) throw new Error('waitForPending gave up');
      },
      totals: () => {
        checkAccount(bus);
        return tally.read();
      },
      close: async () => {
        await bus.shutdown();
      },
    });
  };
}

export const plain: OpenSide = emitting('plain', () => ({}));
export const metrics: OpenSide = emitting('metrics', () => ({
  metrics: new MetricsCollector(new PrometheusMetrics()),
}));
/** The package is there, and no SDK is registered. */
export const tracing: OpenSide = emitting('tracing', () => ({ tracing: true }));
export const unsampled: OpenSide = emitting('unsampled', () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
  return { tracing: true };
});
/** … beside so many subscriptions, its own among them. */
export const others = (count: number): OpenSide => emitting(`${count} subscriptions`, () => ({}), count - 1);
export const tenOthers: OpenSide = others(10);
export const manyOthers: OpenSide = others(10_000);
