import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import type { Subscription } from '../delivery/pending.ts';
import { ConfigError } from '../errors.ts';
import type { ResolvedOptions } from '../options/bus.ts';
import { moduleName, type ResolvedModule, resolveHandlerModule } from '../options/handler-module.ts';
import { resolvePatterns, resolveSubscribeOptions } from '../options/subscribe.ts';
import type { HandlerModule, InlineHandler, SubscribeOptions } from '../types.ts';

/** A subscription but for what only the bus can give it. */
export interface SubscriptionPlan extends Omit<Subscription, 'index' | 'module'> {
  /** Of a handler module. */
  readonly address: ResolvedModule | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Everything that can be wrong with a subscription, before anything is done about it. Throws InvalidPatternError, ConfigError, the signal's reason. */
export function planSubscription(
  handler: InlineHandler | HandlerModule,
  eventTypes: string | readonly string[],
  options: SubscribeOptions | undefined,
  { handlerTimeoutMs, deadLetterQueue }: ResolvedOptions,
): SubscriptionPlan {
  checkHandler(handler, eventTypes);
  const patterns = resolvePatterns(eventTypes);
  const resolved = resolveSubscribeOptions(options, handlerTimeoutMs, deadLetterQueue !== undefined);
  const inline = typeof handler === 'function';
  const address = inline ? undefined : resolveHandlerModule(handler);
  resolved.signal?.throwIfAborted();
  return {
    id: randomUUID(),
    name: resolved.name ?? (inline ? functionName(handler) : moduleName(address!)),
    patterns,
    priority: resolved.priority,
    timeoutMs: resolved.timeoutMs,
    redeliver: resolved.redeliver,
    guarantees: resolved.guarantees,
    handler: inline ? handler : undefined,
    active: true,
    pending: 0,
    gate: undefined,
    breaker: undefined,
    address,
    signal: resolved.signal,
  };
}

function checkHandler(handler: unknown, eventTypes: unknown): void {
  if (typeof handler === 'function' || (typeof handler === 'object' && handler !== null)) return;
  let next = '';
  // As most emitters take them.
  if (typeof handler === 'string' && (typeof eventTypes === 'function' || eventTypes instanceof URL))
    next = '. The handler comes first: subscribe(handler, eventTypes)';
  else if (typeof handler === 'string') next = `. Name a module by new URL(${inspect(handler)}, import.meta.url)`;
  throw new ConfigError(
    `handler must be a function, a URL or { module, export }, got ${inspect(handler, { depth: 0 })}${next}`,
  );
}

/** A class may have a static `name` of its own. */
function functionName({ name }: { readonly name: unknown }): string {
  return typeof name === 'string' && name !== '' ? name : 'anonymous';
}
