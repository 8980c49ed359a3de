import { EventBus } from '../../src/index.ts';
import { EVENT_TYPE, type Order, orderAt } from '../events.ts';
import { InlineTally, inlineSide } from '../inline.ts';
import type { OpenSide } from '../scenario.ts';
import { accounted, settle } from './bus.ts';

/** Handlers on the main thread: they run after `emit` has returned, each event with its snapshot. */
export const open =
  (many: number): OpenSide =>
  async () =>
    inlineSide('ganglion', 'after emit, with a frozen snapshot', many, async (handlers) => {
      const tally = new InlineTally();
      const bus = new EventBus({ maxConcurrentHandlers: 1 });
      for (let i = 0; i < handlers; i++) bus.subscribe(({ payload }) => tally.add(payload as Order), EVENT_TYPE);
      return {
        burst: async (count) => {
          for (let i = 0; i < count; i++) bus.emit(EVENT_TYPE, orderAt(i));
          await settle(bus);
        },
        ...accounted(bus, tally),
      };
    });
