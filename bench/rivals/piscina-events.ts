import { bestOf } from '../best-of.ts';
import { BURST, burstSide } from '../bursts.ts';
import { orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { ATOMICS, openPool, type PoolSettings, settingsName } from './piscina.ts';
import { sendWindowed } from './window.ts';

interface Variant extends PoolSettings {
  readonly width: number;
  readonly form: 'clone' | 'text';
}

const TASKS = new URL('./add-up-task.js', import.meta.url);

/** `piscina.run()` for each event. */
function piscinaEvents(variant: Variant): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const pool = openPool(TASKS, threads, variant);
    const name = { name: variant.form };
    const send =
      variant.form === 'clone'
        ? (i: number) => pool.run(orderAt(i), name)
        : (i: number) => pool.run(JSON.stringify(orderAt(i)), name);
    return burstSide('piscina.run per event', {
      burst: (count) => sendWindowed(count, variant.width, send),
      totals: () => tally.read(),
      close: () => pool.destroy(),
    });
  };
}

const variants: Record<string, OpenSide> = {};
for (const atomics of ATOMICS) {
  for (const tasks of [1, 16]) {
    for (const width of [64, BURST]) {
      for (const form of ['clone', 'text'] as const) {
        const variant = { atomics, tasks, width, form };
        const inFlight = width === BURST ? 'all at once' : `${width} in flight`;
        variants[`${settingsName(variant)}, ${inFlight}, ${form}`] = piscinaEvents(variant);
      }
    }
  }
}

export const open: OpenSide = bestOf(variants, 'eventsPerSecond', true);
