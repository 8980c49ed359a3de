import { ConfigError } from '../errors.ts';
import type { ResolvedOptions } from '../options/bus.ts';
import { otelApi, tracerProviderRegistered } from '../otel-api.ts';
import type { BusStats } from '../types.ts';
import { DiagnosticsObserver } from './diagnostics-observer.ts';
import { MetricsObserver } from './metrics-observer.ts';
import { Both, type BusObserver } from './observer.ts';
import { TracingObserver } from './tracing-observer.ts';

/** The observers that a bus with these options has. `readStats` is first called after the bus is made. */
export function observe(options: ResolvedOptions, readStats: () => BusStats): BusObserver {
  let observer: BusObserver = new DiagnosticsObserver(options.overflowPolicy);
  if (options.metrics !== undefined) {
    observer = new Both(observer, new MetricsObserver(options.metrics, options.overflowPolicy, readStats));
  }
  // By default for an SDK that is there; its API is not even loaded otherwise.
  if (options.tracing ?? tracerProviderRegistered()) {
    const otel = otelApi();
    if (otel !== undefined) observer = new Both(observer, new TracingObserver(otel));
    else if (options.tracing)
      throw new ConfigError(
        'tracing is true, and the package @opentelemetry/api is not there: npm install @opentelemetry/api',
      );
  }
  return observer;
}
