import { createRequire } from 'node:module';
import type * as OtelApi from '@opentelemetry/api';

export type Otel = typeof OtelApi;

let loaded: Otel | null | undefined;

/** The optional peer @opentelemetry/api, or undefined where it is not installed. Never throws. */
export function otelApi(): Otel | undefined {
  if (loaded === undefined) {
    try {
      // Synchronously, since a bus is made in a constructor; every copy of the API shares its state with the others.
      loaded = createRequire(import.meta.url)('@opentelemetry/api') as Otel;
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}

/** Where the API, of any 1.x version, keeps what SDKs have registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');
const registry = globalThis as { [REGISTRY]?: { trace?: unknown; context?: unknown } };

/** An SDK has registered a tracer provider. Does not load the API. */
export function tracerProviderRegistered(): boolean {
  return registry[REGISTRY]?.trace !== undefined;
}

/** An SDK has registered a context manager: without one nothing is ever active. Does not load the API. */
export function contextManagerRegistered(): boolean {
  return registry[REGISTRY]?.context !== undefined;
}
