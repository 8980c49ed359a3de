import { setEnvironmentData } from 'node:worker_threads';
import { bestOf } from '../best-of.ts';
import { BURST, burstSide } from '../bursts.ts';
import { orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { BATCH, BatchMemory } from './batch-memory.ts';
import { ATOMICS, openPool, type PoolSettings, settingsName } from './piscina.ts';
import { sendWindowed } from './window.ts';

interface Variant extends PoolSettings {
  /** Batches in flight. */
  readonly width: number;
}

const TASKS = new URL('./batch-task.js', import.meta.url);

/** `piscina.run()` for each 64 events, which stand in shared memory. */
function piscinaBatches(variant: Variant): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const memory = new BatchMemory(variant.width);
    setEnvironmentData('ganglion bench batches', memory.buffer);
    const pool = openPool(TASKS, threads, variant);
    const free = Array.from({ length: variant.width }, (_, region) => region);
    const name = { name: 'batch' };
    const send = async (first: number, count: number): Promise<void> => {
      const region = free.pop()!;
      for (let slot = 0; slot < count; slot++) memory.write(region, slot, JSON.stringify(orderAt(first + slot)));
      await pool.run({ region, count }, name);
      free.push(region);
    };
    return burstSide('piscina.run per batch', {
      burst: (count) =>
        sendWindowed(Math.ceil(count / BATCH), variant.width, (i) =>
          send(i * BATCH, Math.min(BATCH, count - i * BATCH)),
        ),
      totals: () => tally.read(),
      close: () => pool.destroy(),
    });
  };
}

const variants: Record<string, OpenSide> = {};
for (const atomics of ATOMICS) {
  for (const tasks of [1, 4]) {
    for (const width of [4, 16, BURST / BATCH]) {
      const variant = { atomics, tasks, width };
      variants[`${settingsName(variant)}, ${width} batches in flight`] = piscinaBatches(variant);
    }
  }
}

export const open: OpenSide = bestOf(variants, 'eventsPerSecond', true);
