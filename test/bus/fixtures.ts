import { BroadcastChannel } from 'node:worker_threads';
import {
  type BusEvent,
  type EmitResult,
  EventBus,
  type EventBusOptions,
  type HandlerModule,
  type HandlerOutcome,
} from '../../src/index.ts';
import { run } from '../programs.ts';

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

/** A handler that does. */
export function fails(): never {
  throw new Error('no');
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

/** What tests tell handlers of fixtures/handlers/remote.ts, and hear from them. */
export async function remote<T>(use: (tell: (order: string) => void, heard: () => number) => Promise<T>): Promise<T> {
  const channel = new BroadcastChannel('ganglion test remote');
  let heard = 0;
  channel.onmessage = () => {
    heard++;
  };
  try {
    return await use(
      (order) => channel.postMessage(order),
      () => heard,
    );
  } finally {
    channel.close();
  }
}

/** Subscribes a handler to 'x' whose deliveries end when they are let go; `seen` are the numbers of those begun. */
export function holdAll(bus: EventBus): { seen: unknown[]; open: () => void } {
  const { promise, open } = gate();
  const seen: unknown[] = [];
  bus.subscribe(({ payload }) => {
    seen.push(payload.n);
    return promise;
  }, 'x');
  return { seen, open };
}

/** The accounting identity, at this moment. */
export function balance(bus: EventBus): number {
  const { emitted, completed, failed, dropped, pending } = bus.getStats();
  return emitted - completed - failed - dropped - pending;
}

/** Runs a script beside the compiled library in a process of its own. */
export async function child(body: string): Promise<{ code: number | null; output: string }> {
  const index = new URL('../../src/index.js', import.meta.url).href;
  const handlers = new URL('../fixtures/handlers/', import.meta.url).href;
  const script = `import { EventBus } from ${JSON.stringify(index)};
const handler = (name, exportName = 'default') => ({ module: new URL(name + '.js', ${JSON.stringify(handlers)}), export: exportName });
${body}`;
  const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return { code, output: stdout + stderr };
}

/** A promise and its handle. */
export function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}
