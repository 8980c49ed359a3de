import type { EventBus } from '../../src/index.ts';

const NUDGE = 'nudge';
const PATIENCE_MS = 20_000;
const LOOK_MS = 5;

/** Lets `untilWhole` wake the bus up. */
export function subscribeNudge(bus: EventBus): void {
  bus.subscribe(new URL('../handlers/nothing.js', import.meta.url), NUDGE);
}

/** Resolves when all threads and the one spare are up and no ended one is left over. */
export async function untilWhole(bus: EventBus, threads: number): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const { live, spare, busy, zombies } = bus.getStats().threads;
    if (live === threads && spare === 1 && busy === 0 && zombies === 0) return;
    if (Date.now() > until) {
      throw new Error(`not whole after ${PATIENCE_MS} ms: ${JSON.stringify(bus.getStats().threads)}`);
    }
    // A bus without work has given its threads back.
    if (live === 0) await bus.emitAndWait(NUDGE, {});
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
