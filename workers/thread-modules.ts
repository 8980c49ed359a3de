import { threadId } from 'node:worker_threads';
import { MAX_TIMER_MS } from '../src/clock.ts';
import { messageOf } from '../src/codec.ts';
import { HandlerLoadError } from '../src/errors.ts';
import { explainLoadError, exportedFunction } from '../src/load-advice.ts';
import type { ModuleInfo, TeardownFault } from '../src/protocol.ts';
import { type SerializedError, serializeError } from '../src/serialized-error.ts';
import type { SetupContext } from '../src/types.ts';

export type Handler = (event: unknown, context: unknown) => unknown;

/** A handler module on this thread. */
export interface ThreadModule {
  handler: Handler | undefined;
  error: SerializedError | undefined;
  /** Settles when one of the two is there; never rejects. */
  readonly loaded: Promise<void>;
}

/** Modules live as long as the Node thread, over all leases of it: an import is never repeated while it stands. */
const modules = new Map<string, ThreadModule>();

export function loadModule(info: ModuleInfo, timeoutMs: number): ThreadModule {
  const key = `${info.href} ${info.exportName}`;
  const known = modules.get(key);
  if (known !== undefined && known.error === undefined) return known;
  const module: ThreadModule = {
    handler: undefined,
    error: undefined,
    loaded: within(timeoutMs, importHandler(info)).then(
      (handler) => {
        module.handler = handler;
      },
      (error: unknown) => {
        module.error = serializeError(
          new HandlerLoadError(info.href, explainLoadError(info.href, error), { cause: error }),
        );
      },
    ),
  };
  modules.set(key, module);
  return module;
}

/** By the module's address: several exports of one module share its state. */
const setups = new Map<string, Promise<unknown>>();
const teardowns = new Map<string, () => unknown>();
/** The teardowns have begun: a module whose import ends only now is not set up any more, for nothing would end it. */
let ending = false;

export function hasTeardown(href: string): boolean {
  return teardowns.has(href);
}

/** Runs the teardown of each module that was set up, the latest first, all within the limit; returns what failed. Never rejects. */
export async function tearDown(limitMs: number): Promise<TeardownFault[]> {
  ending = true;
  const faults: TeardownFault[] = [];
  let running = 'a module that is being set up';
  const runThose = async (): Promise<void> => {
    const all = [...teardowns].reverse();
    teardowns.clear();
    for (const [href, teardown] of all) {
      running = href;
      try {
        await teardown();
      } catch (error) {
        faults.push({ module: href, message: messageOf(error) });
      }
    }
  };
  const run = async (): Promise<void> => {
    // What is set up already does not wait for another's setup that hangs.
    await runThose();
    running = 'a module that is being set up';
    await Promise.allSettled(setups.values());
    await runThose();
  };
  await within(limitMs, run(), `teardown took longer than ${limitMs} ms`).catch((error: unknown) => {
    faults.push({ module: running, message: messageOf(error) });
  });
  return faults;
}

async function importHandler({ href, exportName }: ModuleInfo): Promise<Handler> {
  const namespace = (await import(href)) as Record<string, unknown>;
  const found = exportedFunction(namespace, exportName);
  if (ending) throw new Error('its thread is about to be ended');
  const inner = namespace.default as Record<string, unknown> | undefined;
  const setup = namespace.setup ?? inner?.setup;
  if (typeof setup === 'function') {
    let once = setups.get(href);
    if (once === undefined) {
      once = (async () => (setup as (context: SetupContext) => unknown)({ threadId }))();
      setups.set(href, once);
      // Another attempt to load the module is another attempt to set it up.
      once.catch(() => setups.delete(href));
    }
    await once;
  }
  const teardown = namespace.teardown ?? inner?.teardown;
  if (typeof teardown === 'function' && !teardowns.has(href)) teardowns.set(href, teardown as () => unknown);
  return found as Handler;
}

async function within<T>(
  timeoutMs: number,
  work: Promise<T>,
  late = `its import and setup took longer than loadTimeoutMs=${timeoutMs}. Raise that, or look for what they wait for`,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), Math.min(timeoutMs, MAX_TIMER_MS));
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
