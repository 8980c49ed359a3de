import { EventBus, FailureReason } from '../../src/index.ts';
import type { OpenSide } from '../scenario.ts';
import { deadlineMs, Storm } from '../storm.ts';

const MODULE = new URL('../handlers/storm.js', import.meta.url);

/** One subscription with a deadline; what hangs is the bus's own business. */
function storm(name: string, hangs: boolean): OpenSide {
  return async (setup) => {
    const board = new Storm();
    const bus = new EventBus({ maxConcurrentHandlers: setup.threads, spareThreads: 1 });
    // Of handlers that hang all the time a breaker would make an end, which is not what is looked at.
    bus.subscribe(MODULE, 'storm', { timeoutMs: deadlineMs(setup), circuitBreaker: false });
    await bus.ready();
    return board.side(name, setup, hangs, {
      send: async (event) => {
        const { ok, outcomes } = await bus.emitAndWait('storm', event);
        if (ok) return false;
        if (event.hangs && outcomes[0]?.reason === FailureReason.HANDLER_TIMEOUT) return true;
        throw new Error(`${name}: event ${event.i} failed: ${JSON.stringify(outcomes)}`);
      },
      close: async () => {
        await bus.shutdown();
      },
    });
  };
}

export const stormy: OpenSide = storm('ganglion', true);
export const calm: OpenSide = storm('ganglion without a hang', false);
