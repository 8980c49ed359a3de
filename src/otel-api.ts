import { createRequire } from 'node:module';
import type * as OtelApi from '@opentelemetry/api';
import type { ContextManager } from '@opentelemetry/api';

export type Otel = typeof OtelApi;

let loaded: Otel | null | undefined;

/** The optional peer @opentelemetry/api, or undefined where it is not installed. Never throws. */
export function otelApi(): Otel | undefined {
  if (loaded === undefined) {
    try {
      // Synchronously, since a bus is made in a constructor; every copy of the API shares its state with the others.
      loaded = createRequire(import.meta.url)('@opentelemetry/api') as Otel;
      quicken(loaded);
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}

/** V8 looks at what an inherited property was found in once a place of code has missed its cache so often. */
const LOOKS = 32;

/**
 * The package's exports are getters, defined in a way that leaves their object in V8's dictionary mode, where no look at
 * one is cached or inlined; the SDK looks at a dozen for each span, a quarter of its time. V8 keeps objects that others
 * inherit from in the fast mode, so something inherits from it: nothing about it changes but its speed, for the whole
 * program.
 */
function quicken(api: Otel): void {
  const heir = Object.create(api) as Otel;
  for (let i = 0; i < LOOKS; i++) look(heir);
}

function look({ trace }: Otel): unknown {
  return trace;
}

/** Where the API, of any 1.x version, keeps what SDKs have registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');
const registry = globalThis as { [REGISTRY]?: { trace?: unknown; context?: ContextManager } };

/** An SDK has registered a tracer provider. Does not load the API. */
export function tracerProviderRegistered(): boolean {
  return registry[REGISTRY]?.trace !== undefined;
}

/** What an SDK has registered as context manager: without one nothing is ever active. Does not load the API. */
export function contextManager(): ContextManager | undefined {
  return registry[REGISTRY]?.context;
}
