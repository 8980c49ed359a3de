import { bestOf } from '../best-of.ts';
import { orderAt } from '../events.ts';
import { roundTripSide } from '../round-trips.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { ATOMICS, openPool, type PoolSettings, settingsName } from './piscina.ts';

const TASKS = new URL('./add-up-task.js', import.meta.url);

/** `piscina.run()`, one at a time. */
function roundTrips(settings: PoolSettings, restMs: number): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const pool = openPool(TASKS, threads, settings);
    const name = { name: 'clone' };
    return roundTripSide('piscina.run', restMs, {
      trip: (i) => pool.run(orderAt(i), name),
      totals: () => tally.read(),
      close: () => pool.destroy(),
    });
  };
}

function best(restMs: number): OpenSide {
  const settings = ATOMICS.map((atomics) => ({ atomics, tasks: 1 }));
  return bestOf(Object.fromEntries(settings.map((s) => [settingsName(s), roundTrips(s, restMs)])), 'p50Us', false);
}

export const backToBack: OpenSide = best(0);
export const rested: OpenSide = best(5);
