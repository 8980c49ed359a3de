import {
  type BusEvent,
  type EmitResult,
  EventBus,
  type EventBusOptions,
  type HandlerModule,
  type HandlerOutcome,
} from '../../src/index.ts';

/** A handler module of test/fixtures/handlers, as it stands compiled beside this file. */
export function fixture(name: string, exportName = 'default'): HandlerModule {
  return { module: new URL(`../fixtures/handlers/${name}.js`, import.meta.url), export: exportName };
}

/** Gives `use` a bus and ends it in any case, so that no thread outlives its test. */
export async function withBus<T>(options: EventBusOptions, use: (bus: EventBus) => Promise<T>): Promise<T> {
  const bus = new EventBus({ maxConcurrentHandlers: 2, ...options });
  try {
    return await use(bus);
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
  }
}

/** The outcome of an event with one handler. */
export function only(result: EmitResult): HandlerOutcome {
  const [outcome, ...others] = result.outcomes;
  if (outcome === undefined || others.length > 0)
    throw new Error(`expected one outcome, got ${result.outcomes.length}`);
  return outcome;
}

/** Resolves with the first event that a subscription to these patterns sees. */
export function nextEvent(bus: EventBus, pattern: string): Promise<BusEvent> {
  return new Promise((resolve) => {
    const id = bus.subscribe((event) => {
      bus.unsubscribe(id);
      resolve(event);
    }, pattern);
  });
}

/** The accounting identity, at this moment. */
export function balance(bus: EventBus): number {
  const { emitted, completed, failed, dropped, pending } = bus.getStats();
  return emitted - completed - failed - dropped - pending;
}
