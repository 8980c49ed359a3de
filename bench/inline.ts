import { type BurstSide, burstSide } from './bursts.ts';
import type { Order } from './events.ts';
import type { Figures, Side } from './scenario.ts';
import type { Totals } from './tally.ts';

/** Counts what handlers on the main thread see. */
export class InlineTally {
  #count = 0;
  #sum = 0;

  add(order: Order): void {
    this.#count++;
    this.#sum += order.amount;
  }

  read(): Totals {
    return { count: this.#count, sum: this.#sum };
  }
}

/** What one emitter does with events that so many handlers get. */
export type OpenInline = (handlers: number) => Promise<BurstSide>;

/** With 1 handler and with many, one after the other; each figure's name ends in how many there are. */
export async function inlineSide(name: string, note: string, many: number, open: OpenInline): Promise<Side> {
  const sides = new Map<number, Side>();
  for (const handlers of [1, many]) sides.set(handlers, burstSide(name, await open(handlers), { handlers }));
  return {
    note,
    async run(ms: number): Promise<Figures> {
      const all: Record<string, number | readonly number[]> = {};
      for (const [handlers, side] of sides) {
        const figures = await side.run(ms / sides.size);
        for (const [figure, value] of Object.entries(figures)) all[`${figure} ${handlers}`] = value;
      }
      return all;
    },
    async close(): Promise<void> {
      for (const side of sides.values()) await side.close();
    },
  };
}
