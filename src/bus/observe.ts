import type { ResolvedOptions } from '../options.ts';
import type { BusStats } from '../types.ts';
import { DiagnosticsObserver } from './diagnostics-observer.ts';
import { MetricsObserver } from './metrics-observer.ts';
import { type BusObserver, combine, type Observation } from './observer.ts';

/** The observers that a bus with these options has. `readStats` is first called after the bus is made. */
export function observe(options: ResolvedOptions, readStats: () => BusStats): Observation {
  const observers: BusObserver[] = [new DiagnosticsObserver(options.overflowPolicy)];
  if (options.metrics !== undefined) {
    observers.push(new MetricsObserver(options.metrics, options.overflowPolicy, readStats));
  }
  return combine(observers);
}
