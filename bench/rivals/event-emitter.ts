import { EventEmitter } from 'node:events';
import { EVENT_TYPE, type Order, orderAt } from '../events.ts';
import { InlineTally, inlineSide } from '../inline.ts';
import type { OpenSide } from '../scenario.ts';

/** Listeners are called in `emit`, with the object itself. */
export const open =
  (many: number): OpenSide =>
  async () =>
    inlineSide('EventEmitter', 'in emit, with the emitter’s own object', many, async (handlers) => {
      const tally = new InlineTally();
      const emitter = new EventEmitter();
      for (let i = 0; i < handlers; i++) emitter.on(EVENT_TYPE, (order: Order) => tally.add(order));
      return {
        burst: async (count) => {
          for (let i = 0; i < count; i++) emitter.emit(EVENT_TYPE, orderAt(i));
        },
        totals: () => tally.read(),
        close: async () => {},
      };
    });
