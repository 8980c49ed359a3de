import { EventBus, type EventBusOptions } from '../../src/index.ts';
import { EVENT_TYPE } from '../events.ts';
import type { Totals } from '../tally.ts';

/** The handler of most scenarios. */
export const ADD_UP: URL = new URL('../handlers/add-up.js', import.meta.url);

/** Does what its event asks for. */
export const CPU: URL = new URL('../handlers/cpu.js', import.meta.url);

/** A bus with a subscription for each of these handler modules, ready. */
export async function openBus(options: EventBusOptions, ...handlers: URL[]): Promise<EventBus> {
  const bus = new EventBus(options);
  for (const handler of handlers.length === 0 ? [ADD_UP] : handlers) bus.subscribe(handler, EVENT_TYPE);
  await bus.ready();
  return bus;
}

/** Throws when events are still pending after all its patience. */
export async function settle(bus: EventBus): Promise<void> {
  if (!(await bus.waitForPending())) throw new Error('waitForPending gave up');
}

/** The part of a side that all have whose handlers count what they see. */
export function accounted(bus: EventBus, tally: { read(): Totals }): { totals(): Totals; close(): Promise<void> } {
  return {
    totals: () => {
      checkAccount(bus);
      return tally.read();
    },
    close: async () => {
      await bus.shutdown();
    },
  };
}

/** Throws when the bus's own account says that something failed or is still open. */
export function checkAccount(bus: EventBus, failures = 0): void {
  const { emitted, completed, failed, dropped, pending } = bus.getStats();
  if (emitted !== completed + failures || failed !== failures || dropped + pending !== 0) {
    throw new Error(
      `the bus's account: emitted=${emitted} completed=${completed} failed=${failed} dropped=${dropped} ` +
        `pending=${pending}, expected were ${failures} failures and nothing dropped or pending`,
    );
  }
}
