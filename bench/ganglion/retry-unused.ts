import { EventBus, type SubscribeOptions } from '../../src/index.ts';
import { EVENT_TYPE } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { ADD_UP } from './bus.ts';
import { emitting } from './emitting.ts';

/** To a handler that never fails, subscribed with these options. */
function subscribed(name: string, options: SubscribeOptions): OpenSide {
  return emitting(name, async (threads) => {
    const bus = new EventBus({ maxConcurrentHandlers: threads });
    bus.subscribe(ADD_UP, EVENT_TYPE, options);
    await bus.ready();
    return bus;
  });
}

export const none: OpenSide = subscribed('no retry policy', {});
export const unused: OpenSide = subscribed('a retry policy', { retry: { attempts: 5 } });
