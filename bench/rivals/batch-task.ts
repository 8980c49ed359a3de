import type { Order } from '../events.ts';
import { ThreadTally } from '../tally.ts';
import { BATCHES } from '../thread-data.ts';
import { BatchMemory } from './batch-memory.ts';

const tally = new ThreadTally();
const memory = new BatchMemory(BATCHES.get());

interface Batch {
  readonly region: number;
  readonly count: number;
}

/** A Piscina task for the events of one region. */
export function text({ region, count }: Batch): void {
  for (let slot = 0; slot < count; slot++) tally.add((JSON.parse(memory.read(region, slot)) as Order).amount);
}

/** … that looks at none of them. */
export function trivial({ count }: Batch): void {
  for (let slot = 0; slot < count; slot++) tally.add(1);
}
