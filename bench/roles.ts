import type { RowRole } from './results.ts';

/** What the sides are that rows compare with: the same in every scenario that has them. */
const SIDES: Readonly<Record<RowRole, readonly string[]>> = {
  // What a program would take in ganglion's place.
  rival: [
    'piscina',
    'piscina batches',
    'tinypool',
    'workerpool',
    'poolifier',
    'postMessage',
    'EventEmitter',
    'emittery',
    'pino',
    'parse, walk, stringify',
  ],
  // Each leaves out what has to be there: threads, what shares the work out among them, redaction, a bus.
  floor: ['same thread', 'raw workers', 'sonic-boom', 'stringify + write', 'bare span'],
  self: [
    'ganglion',
    'plain',
    'plain, nobody subscribed',
    'none',
    'nothing hangs',
    'one fewer',
    'parse, emit',
    'ten',
    '10 to 100,000',
    'unlimited',
    'unordered',
  ],
};

const ROLES: ReadonlyMap<string, RowRole> = new Map(
  Object.entries(SIDES).flatMap(([role, sides]) => sides.map((side) => [side, role as RowRole])),
);

/** Throws for a side that has no role yet: a report would have no table for its row. */
export function roleOf(side: string): RowRole {
  const role = ROLES.get(side);
  if (role === undefined) throw new Error(`what is ${side} to ganglion? bench/roles.ts does not say`);
  return role;
}
