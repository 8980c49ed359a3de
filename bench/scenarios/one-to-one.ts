import { rate } from '../format.ts';
import type { BarsChart } from '../results.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { poolSides } from './pools.ts';

const figure = 'eventsPerSecond';
const KB = 1024;
const MB = KB * KB;

const named = (bytes: number): string =>
  bytes >= MB ? `${bytes / MB} MB` : bytes >= KB ? `${bytes / KB} KB` : `${bytes} B`;

function rows(sizes: readonly number[], what: string, versus: string, name: string): Row[] {
  return sizes.map((bytes) =>
    compared({ name: `${named(bytes)} ${what} vs ${name}`, versus, figure: `${figure} ${bytes}`, format: rate }),
  );
}

const bars = (title: string, sizes: readonly number[]): BarsChart => ({
  kind: 'bars',
  title,
  unit: 'events/s',
  better: 'more',
  groups: sizes.map((bytes) => ({ label: named(bytes), figure: `${figure} ${bytes}` })),
  log: true,
});

const SIZES = [16, 250, KB, 16 * KB, MB];
/** 64 of a megabyte each would not fit into what is sensible to share. */
const BATCHED = SIZES.filter((bytes) => bytes < MB);

export const oneToOne: Scenario = {
  name: 'one-to-one',
  title: 'events with payloads of 16 B to 1 MB to a handler that reads one field, in bursts',
  runMs: 450,
  quickMs: 60,
  warmUpMs: 700,
  sides: {
    ganglion: async () => (await import('../ganglion/throughput.ts')).bySize(SIZES),
    ...poolSides('plain', ['piscina'], async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).throughputBySize(name, SIZES, pools),
    ),
    'piscina batches': async () => (await import('../rivals/piscina-batches.ts')).bySize(BATCHED),
    postMessage: async () => (await import('../rivals/post-message.ts')).bySize(SIZES),
    'same thread': async () => (await import('../rivals/same-thread.ts')).bySize(SIZES),
  },
  rows: [
    ...rows(SIZES, 'payload', 'piscina', 'piscina.run per event'),
    ...rows(BATCHED, 'payload', 'piscina batches', 'piscina.run per batch of 64'),
    ...rows(SIZES, 'payload', 'postMessage', 'raw postMessage round trip'),
    ...rows(SIZES, 'payload', 'same thread', 'same-thread stringify + parse'),
  ],
  charts: [bars('Events handled per second, by payload', SIZES)],
};

const BODIES = [KB, 16 * KB, MB];

export const binaryBody: Scenario = {
  name: 'binary-body',
  title: 'events with a binary body of 1 KB to 1 MB to a handler that reads a number in it, in bursts',
  runMs: 300,
  quickMs: 60,
  warmUpMs: 600,
  sides: {
    ganglion: async () => (await import('../ganglion/throughput.ts')).bodies(BODIES),
    ...poolSides('plain', ['piscina'], async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).bodies(name, BODIES, pools),
    ),
    postMessage: async () => (await import('../rivals/post-message.ts')).bodies(BODIES),
    'same thread': async () => (await import('../rivals/same-thread.ts')).bodies(BODIES),
  },
  rows: [
    ...rows(BODIES, 'body', 'piscina', 'piscina.run per event'),
    ...rows(BODIES, 'body', 'postMessage', 'raw postMessage round trip'),
    ...rows(BODIES, 'body', 'same thread', 'a copy on the same thread'),
  ],
  charts: [bars('Events with a binary body handled per second', BODIES)],
};
