import { threadId } from 'node:worker_threads';
import { MAX_TIMER_MS } from '../src/clock.ts';
import { HandlerLoadError } from '../src/errors.ts';
import type { ModuleInfo } from '../src/protocol.ts';
import { type SerializedError, serializeError } from '../src/serialized-error.ts';

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
        module.error = serializeError(error);
      },
    ),
  };
  modules.set(key, module);
  return module;
}

const setups = new Map<string, Promise<unknown>>();

async function importHandler({ href, exportName }: ModuleInfo): Promise<Handler> {
  const namespace = (await import(href)) as Record<string, unknown>;
  // A CommonJS module compiled from `export default` has its exports behind `default`.
  const inner = namespace.default as Record<string, unknown> | undefined;
  const found = [namespace[exportName], inner?.[exportName]].find((value) => typeof value === 'function');
  if (found === undefined) throw new HandlerLoadError(href, `it exports no function ${JSON.stringify(exportName)}`);
  const setup = namespace.setup ?? inner?.setup;
  if (typeof setup === 'function') {
    let once = setups.get(href);
    if (once === undefined) {
      once = Promise.resolve((setup as (context: { threadId: number }) => unknown)({ threadId }));
      setups.set(href, once);
    }
    await once;
  }
  return found as Handler;
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`its import took longer than ${timeoutMs} ms`)),
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
