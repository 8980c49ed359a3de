import { bestAlong, most } from '../best-of.ts';
import { BURST, type BurstSide, burstSide, sizedBurstSide } from '../bursts.ts';
import { orderAt, payloadBytes } from '../events.ts';
import type { OpenSide, Side } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { BATCHES } from '../thread-data.ts';
import { BATCH, BatchMemory } from './batch-memory.ts';
import { openPiscina, settings, settingsName } from './piscina.ts';
import { sendWindowed } from './window.ts';

const MODULE = new URL('./batch-task.js', import.meta.url);
const SETTINGS = Object.fromEntries(settings(1, 4).map((one) => [settingsName(one), one]));
const WIDTHS: Readonly<Record<string, number>> = {
  '16 batches in flight': 16,
  '4 batches in flight': 4,
  '128 batches in flight': BURST / BATCH,
};
/** Shared memory of all batches; with large events fewer of them fit. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Slots are aligned, and no smaller than this. */
const LEAST_SLOT = 512;

/** `piscina.run()` for each 64 events, which stand in shared memory; events of up to `bytes`. */
function batches(task: 'text' | 'trivial', bytes: () => number, burst: (side: BurstSide) => Side): OpenSide {
  const open =
    ([of, inFlight]: readonly string[]): OpenSide =>
    async ({ threads }) => {
      const tally = new Tally();
      const slotBytes = Math.max(LEAST_SLOT, bytes() + (-bytes() & 7));
      const width = Math.max(1, Math.min(WIDTHS[inFlight!]!, Math.floor(MOST_BYTES / slotBytes / BATCH)));
      const memory = BatchMemory.create(width, slotBytes);
      BATCHES.set(memory.layout);
      const pool = openPiscina(MODULE, threads, SETTINGS[of!]!);
      const free = Array.from({ length: width }, (_, region) => region);
      const name = { name: task };
      const send = async (first: number, count: number): Promise<void> => {
        const region = free.pop()!;
        for (let slot = 0; slot < count; slot++) memory.write(region, slot, JSON.stringify(orderAt(first + slot)));
        await pool.run({ region, count }, name);
        free.push(region);
      };
      return burst({
        burst: (count) =>
          sendWindowed(Math.ceil(count / BATCH), width, (i) => send(i * BATCH, Math.min(BATCH, count - i * BATCH))),
        totals: () => tally.read(),
        close: () => pool.destroy(),
      });
    };
  return bestAlong([Object.keys(SETTINGS), Object.keys(WIDTHS)], open, most('eventsPerSecond'));
}

const NAME = 'piscina.run per batch';

export const throughput: OpenSide = batches('text', payloadBytes, (side) => burstSide(NAME, side));
export const trivial: OpenSide = batches('trivial', payloadBytes, (side) =>
  burstSide(NAME, side, { sumOf: (count) => count }),
);
export const bySize = (sizes: readonly number[]): OpenSide =>
  batches(
    'text',
    () => Math.max(...sizes),
    (side) => sizedBurstSide(NAME, sizes, side),
  );
