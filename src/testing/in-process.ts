import type { SubscriptionPlan } from '../bus/subscription.ts';
import type { TestSeam } from '../bus/test-seam.ts';
import { messageOf } from '../codec.ts';
import { currentScope } from '../correlation.ts';
import { Delivery, type Outcome } from '../delivery/pending.ts';
import { HandlerLoadError } from '../errors.ts';
import { eventOf } from '../event.ts';
import { isThenable } from '../handler-result.ts';
import { explainLoadError, exportedFunction } from '../load-advice.ts';
import type { ResolvedModule } from '../options/handler-module.ts';
import type { TeardownFault } from '../protocol.ts';
import { FailureReason, type InlineHandler } from '../types.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** As on a thread. */
const TEARDOWN_MS = 5_000;

interface Loading {
  handler: InlineHandler | undefined;
  error: HandlerLoadError | undefined;
}

/** Runs handler modules in this process: imported once, `setup` awaited, `teardown` at the bus's end, each event a copy of its own as on a thread. */
export class InProcess implements TestSeam {
  readonly clock: VirtualClock;
  readonly #modules = new Map<string, Loading>();
  readonly #setups = new Map<string, Promise<unknown>>();
  readonly #teardowns = new Map<string, () => unknown>();
  /** Errors that are the load's and not the handler's own. */
  readonly #loadErrors = new WeakSet<Error>();
  /** All imports so far. Deliveries wait for all of them, so that how long one takes changes no order. */
  #loads: Promise<unknown> = Promise.resolve();
  #open = 0;
  /** Nothing is set up any more: nothing would end it. */
  #ended = false;
  /** Calls of handlers that have not ended. */
  running = 0;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  plan(planned: SubscriptionPlan): SubscriptionPlan {
    const run = planned.address === undefined ? planned.handler! : this.#runner(planned.address);
    const handler: InlineHandler = (event, context) => {
      const ended = (): void => {
        this.running--;
      };
      this.running++;
      try {
        const value = run(event, context);
        if (isThenable(value)) Promise.resolve(value).then(ended, ended);
        else ended();
        return value;
      } catch (error) {
        ended();
        throw error;
      }
    };
    return { ...planned, address: undefined, handler };
  }

  #runner(module: ResolvedModule): InlineHandler {
    const loading = this.#load(module);
    const call: InlineHandler = (event, context) => {
      if (loading.error !== undefined) throw loading.error;
      // The one that inline handlers share is frozen.
      const delivery = currentScope()?.delivery;
      const pending = delivery instanceof Delivery ? delivery.event : undefined;
      const own = pending ? eventOf(pending, pending.body && new Uint8Array(pending.body), false) : event;
      return loading.handler!(own, context);
    };
    return (event, context) => (this.#open === 0 ? call(event, context) : this.#loads.then(() => call(event, context)));
  }

  outcome(outcome: Outcome): Outcome {
    const { error } = outcome;
    if (error === undefined || !this.#loadErrors.has(error)) return outcome;
    return { ...outcome, reason: FailureReason.HANDLER_LOAD_ERROR };
  }

  async ready(): Promise<void> {
    await this.#loads;
    for (const { error } of this.#modules.values()) if (error !== undefined) throw error;
  }

  async tearDown(failed: (fault: TeardownFault) => void): Promise<void> {
    this.#ended = true;
    let running = '';
    const run = async (): Promise<void> => {
      for (const [module, teardown] of [...this.#teardowns].reverse()) {
        running = module;
        try {
          await teardown();
        } catch (error) {
          failed({ module, message: messageOf(error) });
        }
      }
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        failed({ module: running, message: `teardown took longer than ${TEARDOWN_MS} ms` });
        resolve();
      }, TEARDOWN_MS);
    });
    await Promise.race([run(), late]);
    clearTimeout(timer);
  }

  #load(module: ResolvedModule): Loading {
    const key = `${module.href} ${module.exportName}`;
    const known = this.#modules.get(key);
    if (known !== undefined && known.error === undefined) return known;
    const loading: Loading = { handler: undefined, error: undefined };
    this.#modules.set(key, loading);
    this.#open++;
    const loaded = this.#import(module).then(
      (handler) => {
        loading.handler = handler;
      },
      (error: unknown) => {
        const message = `handler module ${module.href}: ${explainLoadError(module.href, error)}`;
        loading.error = new HandlerLoadError(module.href, message, { cause: error });
        this.#loadErrors.add(loading.error);
      },
    );
    this.#loads = Promise.all([this.#loads, loaded]).then(() => {
      this.#open--;
    });
    return loading;
  }

  async #import({ href, exportName }: ResolvedModule): Promise<InlineHandler> {
    const namespace = (await import(href)) as Record<string, unknown>;
    const found = exportedFunction(namespace, exportName);
    if (this.#ended) throw new Error('its bus is shut down');
    const inner = namespace.default as Record<string, unknown> | undefined;
    const setup = namespace.setup ?? inner?.setup;
    if (typeof setup === 'function') {
      let once = this.#setups.get(href);
      if (once === undefined) {
        once = Promise.resolve((setup as (context: { threadId: number }) => unknown)({ threadId: 0 }));
        this.#setups.set(href, once);
      }
      await once;
    }
    const teardown = namespace.teardown ?? inner?.teardown;
    if (typeof teardown === 'function') {
      if (this.#ended) await (teardown as () => unknown)();
      else this.#teardowns.set(href, teardown as () => unknown);
    }
    return found as InlineHandler;
  }
}
