import type { MetricsBackend } from './backend.ts';

const nothing = (): void => {};

/** Keeps nothing; the collector's own snapshot works all the same. */
export class NoopMetrics implements MetricsBackend {
  increment(): void {}
  gauge(): void {}
  histogram(): void {}
  timing(): void {}
  bind(): () => void {
    return nothing;
  }
  observe(): () => void {
    return nothing;
  }
}
