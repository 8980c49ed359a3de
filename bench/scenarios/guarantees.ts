import { rate } from '../format.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { share } from './emit-observed.ts';

/** How fast one side gets its events through, as a share of another. */
const speed = (name: string, side: string, versus: string, figure: string, atLeast: number): Row =>
  compared({ name, side, versus, atLeast, figure, format: rate });

export const orderingKeys: Scenario = {
  name: 'ordering-keys',
  title: 'events in order per key, of a thousand keys, against events without one',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1400,
  sides: {
    ordered: async () => (await import('../ganglion/ordering-keys.ts')).ordered,
    unordered: async () => (await import('../ganglion/ordering-keys.ts')).unordered,
  },
  rows: [speed('events of 1,000 ordering keys, vs without a key', 'ordered', 'unordered', 'eventsPerSecond', 0.7)],
};

export const concurrency: Scenario = {
  name: 'concurrency',
  title: 'nine subscriptions beside a tenth with concurrency 1, against a tenth without a limit',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1400,
  sides: {
    limited: async () => (await import('../ganglion/concurrency.ts')).limited,
    unlimited: async () => (await import('../ganglion/concurrency.ts')).unlimited,
  },
  rows: [
    speed(
      'nine of ten subscriptions, the tenth with concurrency 1, vs none',
      'limited',
      'unlimited',
      'eventsPerSecond',
      0.9,
    ),
  ],
};

export const ingest: Scenario = {
  name: 'ingest',
  title: 'an NDJSON file of 250-byte lines, read, emitted and handled, against parsing each line and emitting it',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1400,
  sides: {
    ingest: async () => (await import('../ganglion/ingest.ts')).ingest,
    'parse, emit': async () => (await import('../ganglion/ingest.ts')).parseThenEmit,
  },
  rows: [speed('ingest of an NDJSON file, vs parse then emit', 'ingest', 'parse, emit', 'linesPerSecond', 1.5)],
};

export const retryUnused: Scenario = {
  name: 'retry-unused',
  title: 'time inside emit with a retry policy that is never needed, against none',
  runMs: 300,
  quickMs: 40,
  warmUpMs: 1400,
  sides: {
    unused: async () => (await import('../ganglion/retry-unused.ts')).unused,
    none: async () => (await import('../ganglion/retry-unused.ts')).none,
  },
  rows: [share('emit with a retry policy unused, vs none', 'unused', 'none', 0.97)],
};
