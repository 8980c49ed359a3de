import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { ConfigError } from './errors.ts';

/** What travels with the async context: on a handler thread also which delivery it belongs to. */
export interface Scope {
  readonly correlationId: string | undefined;
  readonly delivery?: unknown;
}

interface Shared {
  readonly storage: AsyncLocalStorage<Scope>;
  /** False until somebody opened a scope: emit then doesn't ask the storage. */
  used: boolean;
}

// On globalThis, so that a handler module that was bundled with its own copy of this library still finds its scope.
const KEY = Symbol.for('ganglion.correlation');
const holder = globalThis as { [KEY]?: Shared };
holder[KEY] ??= { storage: new AsyncLocalStorage<Scope>(), used: false };
const shared: Shared = holder[KEY];

/** Runs `fn` in a scope; internal to the bus and its threads. */
export function runInScope<T>(scope: Scope, fn: () => T): T {
  shared.used = true;
  return shared.storage.run(scope, fn);
}

export function currentScope(): Scope | undefined {
  return shared.used ? shared.storage.getStore() : undefined;
}

/** Runs `fn` with this correlation id, also in everything async that it starts; undefined generates one. Returns fn's result. */
export function withCorrelation<T>(id: string | undefined, fn: () => T): T {
  return runInScope({ correlationId: checked(id) ?? generateCorrelationId(), delivery: currentScope()?.delivery }, fn);
}

/** The id of the scope this runs in. Inside a handler: the event's. */
export function getCorrelationId(): string | undefined {
  return currentScope()?.correlationId;
}

/** Sets the id for the rest of this async context. */
export function setCorrelationId(id: string): void {
  shared.used = true;
  shared.storage.enterWith({ correlationId: checked(id), delivery: currentScope()?.delivery });
}

export function clearCorrelationId(): void {
  if (shared.used) shared.storage.enterWith({ correlationId: undefined, delivery: currentScope()?.delivery });
}

/** A random UUID. */
export function generateCorrelationId(): string {
  return crypto.randomUUID();
}

function checked(id: unknown): string | undefined {
  if (id === undefined || (typeof id === 'string' && id !== '')) return id as string | undefined;
  throw new ConfigError(`a correlation id must be a non-empty string, got ${inspect(id, { depth: 0 })}`);
}
