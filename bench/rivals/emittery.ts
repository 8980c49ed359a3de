import Emittery from 'emittery';
import { EVENT_TYPE, type Order, orderAt } from '../events.ts';
import { InlineTally, inlineSide } from '../inline.ts';
import type { OpenSide } from '../scenario.ts';

/** Listeners are called after `emit` has returned, with the object itself. */
export const open =
  (many: number): OpenSide =>
  async () =>
    inlineSide('emittery', 'after emit, with the emitter’s own object', many, async (handlers) => {
      const tally = new InlineTally();
      const emitter = new Emittery<Record<typeof EVENT_TYPE, Order>>();
      for (let i = 0; i < handlers; i++) emitter.on(EVENT_TYPE, (order) => tally.add(order));
      return {
        burst: async (count) => {
          const settled: Promise<void>[] = [];
          for (let i = 0; i < count; i++) settled.push(emitter.emit(EVENT_TYPE, orderAt(i)));
          await Promise.all(settled);
        },
        totals: () => tally.read(),
        close: async () => {
          emitter.clearListeners();
        },
      };
    });
