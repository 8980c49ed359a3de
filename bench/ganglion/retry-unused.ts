import type { SubscribeOptions } from '../../src/index.ts';
import { EventBus } from '../../src/index.ts';
import { EMIT_BURST, emitSide } from '../emit-bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { checkAccount } from './bus.ts';

const ADD_UP: URL = new URL('../handlers/add-up.js', import.meta.url);

/** Time inside `emit` to a handler that never fails, subscribed with these options. */
function emitting(name: string, options: SubscribeOptions): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const bus = new EventBus({ maxConcurrentHandlers: threads });
    bus.subscribe(ADD_UP, EVENT_TYPE, options);
    await bus.ready();
    return emitSide(name, {
      emit: () => {
        for (let i = 0; i < EMIT_BURST; i++) bus.emit(EVENT_TYPE, orderAt(i));
      },
      settle: async () => {
        if (!(await bus.waitForPending())) throw new Error('waitForPending gave up');
      },
      totals: () => {
        checkAccount(bus);
        return tally.read();
      },
      close: async () => {
        await bus.shutdown();
      },
    });
  };
}

export const none: OpenSide = emitting('no retry policy', {});
export const unused: OpenSide = emitting('a retry policy', { retry: { attempts: 5 } });
