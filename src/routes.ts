import { encodeHead } from './codec.ts';
import { compilePattern, type Pattern } from './pattern.ts';

/** What routing needs to know of a subscription. */
export interface Routable {
  readonly patterns: readonly string[];
  readonly priority: number;
  /** Its handler runs on another thread. */
  readonly module?: unknown;
}

/** Where the events of one type go. Never changed: an event keeps the route of its emit, whatever is subscribed later. */
export interface Route<S> {
  readonly eventType: string;
  /** What stands before the payload in a line of this type. */
  readonly head: string;
  /** Highest priority first; within a tier in subscription order. */
  readonly tiers: readonly (readonly S[])[];
  /** It has handlers, and all of them run on this thread: nobody needs the payload as text. */
  readonly local: boolean;
}

/** As many resolved types as are kept; beyond it the oldest goes. Types that carry an id must not grow memory. */
const MAX_ROUTES = 10_000;

/** Subscriptions by pattern, and the routes resolved from them. */
export class Routes<S extends Routable> {
  readonly #exact = new Map<string, Set<S>>();
  readonly #globs = new Map<string, { pattern: Pattern; subscriptions: Set<S> }>();
  /** Order of subscription, for equal priorities. */
  readonly #order = new Map<S, number>();
  #next = 0;
  readonly #cache = new Map<string, Route<S>>();
  readonly #systemCache = new Map<string, Route<S>>();

  /** Throws InvalidPatternError. */
  check(patterns: readonly string[]): readonly Pattern[] {
    return patterns.map(compilePattern);
  }

  add(subscription: S, patterns: readonly Pattern[]): void {
    for (const pattern of patterns) {
      if (pattern.kind === 'exact') {
        const set = this.#exact.get(pattern.source);
        if (set === undefined) this.#exact.set(pattern.source, new Set([subscription]));
        else set.add(subscription);
        continue;
      }
      const entry = this.#globs.get(pattern.source);
      if (entry === undefined) this.#globs.set(pattern.source, { pattern, subscriptions: new Set([subscription]) });
      else entry.subscriptions.add(subscription);
    }
    this.#order.set(subscription, this.#next++);
    this.#forget();
  }

  remove(subscription: S): boolean {
    if (!this.#order.delete(subscription)) return false;
    for (const source of subscription.patterns) {
      const exact = this.#exact.get(source);
      if (exact?.delete(subscription) && exact.size === 0) this.#exact.delete(source);
      const glob = this.#globs.get(source);
      if (glob?.subscriptions.delete(subscription) && glob.subscriptions.size === 0) this.#globs.delete(source);
    }
    this.#forget();
    return true;
  }

  get size(): number {
    return this.#order.size;
  }

  /** Distinct patterns. */
  get patternCount(): number {
    return this.#exact.size + this.#globs.size;
  }

  /** Routes held in memory. */
  get cached(): number {
    return this.#cache.size + this.#systemCache.size;
  }

  resolve(eventType: string): Route<S> {
    return this.#cache.get(eventType) ?? this.#resolve(eventType, this.#cache, false);
  }

  /** For events the bus raises itself: `*` doesn't see those. */
  resolveSystem(eventType: string): Route<S> {
    return this.#systemCache.get(eventType) ?? this.#resolve(eventType, this.#systemCache, true);
  }

  #resolve(eventType: string, cache: Map<string, Route<S>>, system: boolean): Route<S> {
    const found = new Set<S>(this.#exact.get(eventType));
    for (const { pattern, subscriptions } of this.#globs.values()) {
      if (pattern.kind === 'all' ? system : pattern.kind === 'glob' && !pattern.matches(eventType)) continue;
      for (const subscription of subscriptions) found.add(subscription);
    }
    const sorted = [...found].sort((a, b) => b.priority - a.priority || this.#order.get(a)! - this.#order.get(b)!);
    const tiers: S[][] = [];
    for (const subscription of sorted) {
      const tier = tiers.at(-1);
      if (tier?.[0]?.priority === subscription.priority) tier.push(subscription);
      else tiers.push([subscription]);
    }
    const local = sorted.length > 0 && sorted.every(({ module }) => module === undefined);
    const route: Route<S> = { eventType, head: encodeHead(eventType), tiers, local };
    if (cache.size >= MAX_ROUTES) cache.delete(cache.keys().next().value as string);
    cache.set(eventType, route);
    return route;
  }

  #forget(): void {
    if (this.#cache.size > 0) this.#cache.clear();
    if (this.#systemCache.size > 0) this.#systemCache.clear();
  }
}
