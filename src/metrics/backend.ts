/** What a figure is about, such as `{ handler: 'resize' }`. */
export type MetricTags = Readonly<Record<string, string>>;

export type MetricKind = 'increment' | 'gauge' | 'histogram' | 'timing';

/**
 * Where figures go. Names come without a prefix (`events_emitted`). What a backend throws is caught, warned of once and
 * counted; it never disturbs the bus.
 */
export interface MetricsBackend {
  /** Adds to a counter. @default value 1 */
  increment(name: string, value?: number, tags?: MetricTags): void;
  gauge(name: string, value: number, tags?: MetricTags): void;
  histogram(name: string, value: number, tags?: MetricTags): void;
  /** A duration in milliseconds. */
  timing(name: string, ms: number, tags?: MetricTags): void;
  /**
   * Optional: the same as calling the method named `kind` with this name and these tags each time, for a backend that can
   * find its place once. `undefined`: it can't.
   */
  bind?(kind: 'increment' | 'timing', name: string, tags: MetricTags): ((value: number) => void) | undefined;
  /**
   * Optional, for a backend that is read rather than written to: it calls `collect` before each reading, which brings
   * gauges up to date. Returns a function that ends this. Without it they are sent every 10 seconds.
   */
  observe?(collect: () => void): () => void;
}

/** One text per set of tags, whatever their order. */
export function tagsKey(tags: MetricTags | undefined): string {
  if (tags === undefined) return '';
  const names = Object.keys(tags);
  if (names.length === 0) return '';
  if (names.length > 1) names.sort();
  let key = '';
  // Lengths stand in it, so that no value can imitate another pair.
  for (const name of names) key += `${name.length}:${name}=${String(tags[name]).length}:${tags[name]};`;
  return key;
}
