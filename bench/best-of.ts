import type { OpenSide, Setup, Side } from './scenario.ts';
import { median } from './statistics.ts';

const PILOT_MS = 80;
const PILOTS = 3;

/**
 * A rival with its best settings on this machine: each variant is tried, the best is kept and named in the report.
 * `figure` decides, `higher` says which way. A quick run takes the first and tries none.
 */
export function bestOf(variants: Readonly<Record<string, OpenSide>>, figure: string, higher: boolean): OpenSide {
  return async (setup: Setup): Promise<Side> => {
    const all = Object.entries(variants);
    if (setup.quick) return all[0]![1](setup);
    let best: { name: string; value: number } | undefined;
    for (const [name, open] of all) {
      const value = await pilot(open, setup, figure);
      if (best === undefined || (higher ? value > best.value : value < best.value)) best = { name, value };
    }
    const side = await variants[best!.name]!(setup);
    return { note: best!.name, run: (ms) => side.run(ms), close: () => side.close() };
  };
}

async function pilot(open: OpenSide, setup: Setup, figure: string): Promise<number> {
  const side = await open(setup);
  try {
    const values: number[] = [];
    for (let i = 0; i < PILOTS; i++) {
      const figures = await side.run(PILOT_MS);
      const value = figures[figure];
      values.push(typeof value === 'number' ? value : median(value ?? []));
    }
    return median(values);
  } finally {
    await side.close();
  }
}
