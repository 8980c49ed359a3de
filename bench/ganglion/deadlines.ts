import { EventBus, FailureReason } from '../../src/index.ts';
import { nowMs } from '../clock.ts';
import type { Figures, OpenSide } from '../scenario.ts';
import { STARTED } from '../thread-data.ts';
import { checkAccount } from './bus.ts';
import { subscribeNudge, untilWhole } from './whole.ts';

const MODULE = new URL('../handlers/overrun.js', import.meta.url);
const DEADLINE_MS = 20;
/** Between the bus's start of the count and the handler's first line its thread may lose the core for so long. */
const EARLY_MS = 2;

/** How long after its deadline a handler's outcome is there; the handler itself notes when it began. */
function overruns(name: 'loop' | 'native'): OpenSide {
  return async ({ threads }) => {
    const started = new Float64Array(new SharedArrayBuffer(8));
    STARTED.set(started.buffer);
    const bus = new EventBus({ maxConcurrentHandlers: threads });
    bus.subscribe({ module: MODULE, export: name }, 'overrun', { timeoutMs: DEADLINE_MS, circuitBreaker: false });
    subscribeNudge(bus);
    await bus.ready();
    let failures = 0;
    return {
      async run(ms: number): Promise<Figures> {
        const lateMs: number[] = [];
        const end = nowMs() + ms;
        do {
          await untilWhole(bus, threads);
          const { ok, outcomes } = await bus.emitAndWait('overrun', {});
          const late = nowMs() - started[0]! - DEADLINE_MS;
          failures++;
          const [outcome] = outcomes;
          if (
            ok ||
            outcome?.reason !== FailureReason.HANDLER_TIMEOUT ||
            outcome.durationMs < DEADLINE_MS ||
            late < -EARLY_MS
          ) {
            throw new Error(`the outcome came ${late} ms after the deadline: ${JSON.stringify(outcomes)}`);
          }
          lateMs.push(late);
        } while (nowMs() < end);
        checkAccount(bus, failures);
        return { lateMs };
      },
      close: async () => {
        await bus.shutdown();
      },
    };
  };
}

export const loop: OpenSide = overruns('loop');
export const native: OpenSide = overruns('native');
