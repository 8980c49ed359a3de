import type { TaskPools } from '../rivals/task-pool.ts';
import type { OpenSide, Scenario } from '../scenario.ts';

/** How the report calls a library's call. */
export const POOLS: Readonly<Record<string, string>> = {
  piscina: 'piscina.run per event',
  tinypool: 'tinypool.run per event',
  workerpool: 'workerpool.exec per event',
  poolifier: 'poolifier.execute per event',
};

const libraries: Readonly<Record<string, () => Promise<{ plain: TaskPools; eager?: TaskPools }>>> = {
  piscina: async () => import('../rivals/piscina.ts'),
  tinypool: async () => import('../rivals/tinypool.ts'),
  workerpool: async () => import('../rivals/workerpool.ts'),
  poolifier: async () => import('../rivals/poolifier.ts'),
};

/**
 * A side for each of these libraries, whose module no other side loads. `eager`: settings for many small tasks are
 * tried, too.
 */
export function poolSides(
  settings: 'plain' | 'eager',
  names: readonly string[],
  make: (name: string, pools: TaskPools) => Promise<OpenSide>,
): Scenario['sides'] {
  const side = (name: string) => async (): Promise<OpenSide> => {
    const library = await libraries[name]!();
    return make(name, library[settings] ?? library.plain);
  };
  return Object.fromEntries(names.map((name) => [name, side(name)]));
}
