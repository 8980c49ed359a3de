import { getEnvironmentData } from 'node:worker_threads';
import type { Order } from '../events.ts';
import { ThreadTally } from '../tally.ts';
import { BatchMemory } from './batch-memory.ts';

const tally = new ThreadTally();
const memory = new BatchMemory(getEnvironmentData('ganglion bench batches') as SharedArrayBuffer);

/** A Piscina task for the events of one region. */
export function batch({ region, count }: { region: number; count: number }): void {
  for (let slot = 0; slot < count; slot++) tally.add((JSON.parse(memory.read(region, slot)) as Order).amount);
}
