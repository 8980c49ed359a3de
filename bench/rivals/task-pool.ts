import type { Setup } from '../scenario.ts';

/**
 * A rival that runs a named function of `tasks.ts` on one of its threads and resolves when it has returned. `move`:
 * memory that goes to the thread and is gone here, where the rival has that.
 */
export interface TaskPool {
  run(task: string, input: unknown, move?: readonly ArrayBuffer[]): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A library's pools: by its settings, the one that its documentation has first. */
export type TaskPools = Readonly<Record<string, (setup: Setup) => Promise<TaskPool>>>;

export const TASKS: URL = new URL('./tasks.js', import.meta.url);
