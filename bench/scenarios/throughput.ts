import { PAYLOAD_BYTES } from '../events.ts';
import { micros, rate } from '../format.ts';
import type { BarsChart } from '../results.ts';
import { compared } from '../rows.ts';
import type { Rounds, Row, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';
import { POOLS, poolSides } from './pools.ts';

const figure = 'eventsPerSecond';

const speedAndCpu = (rounds: Rounds, side: string): string =>
  `${rate(median(rounds.each(side, figure)))} (${micros(median(rounds.each(side, 'cpuUsPerEvent')))} CPU)`;

function versus(what: string, rival: string, name: string, atLeast?: number): Row {
  return {
    ...compared({ name: `${what} vs ${name}`, versus: rival, figure, format: rate, atLeast }),
    absolute: (rounds) => `${speedAndCpu(rounds, 'ganglion')} vs ${speedAndCpu(rounds, rival)}`,
  };
}

const bars = (title: string): BarsChart => ({
  kind: 'bars',
  title,
  unit: 'events/s',
  better: 'more',
  groups: [{ label: '', figure }],
});

const settled = 'emit, all settled,';

export const throughput: Scenario = {
  name: 'throughput',
  title: `${PAYLOAD_BYTES}-byte events to a handler that reads one field, in bursts of at most 8,192`,
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1000,
  takes: ['size'],
  sides: {
    ganglion: async () => (await import('../ganglion/throughput.ts')).throughput,
    ...poolSides('eager', Object.keys(POOLS), async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).throughput(name, pools),
    ),
    'piscina batches': async () => (await import('../rivals/piscina-batches.ts')).throughput,
    postMessage: async () => (await import('../rivals/post-message.ts')).throughput,
    'same thread': async () => (await import('../rivals/same-thread.ts')).throughput,
  },
  rows: [
    versus(settled, 'piscina', POOLS.piscina!, 10),
    versus(settled, 'piscina batches', 'piscina.run per batch of 64', 1),
    versus(settled, 'tinypool', POOLS.tinypool!),
    versus(settled, 'workerpool', POOLS.workerpool!),
    versus(settled, 'poolifier', POOLS.poolifier!),
    versus(settled, 'postMessage', 'raw postMessage round trip', 2.5),
    versus(settled, 'same thread', 'same-thread stringify + parse', 0.7),
  ],
  charts: [bars('Events handled per second')],
};

const trivially = 'trivial handler, all settled,';

export const throughputTrivial: Scenario = {
  name: 'throughput-trivial',
  title: `${PAYLOAD_BYTES}-byte events to a handler that looks at nothing, in bursts of at most 8,192`,
  runMs: 400,
  quickMs: 40,
  warmUpMs: 1000,
  takes: ['size'],
  sides: {
    ganglion: async () => (await import('../ganglion/throughput.ts')).trivial,
    ...poolSides('eager', ['piscina'], async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).trivialThroughput(name, pools),
    ),
    'piscina batches': async () => (await import('../rivals/piscina-batches.ts')).trivial,
    postMessage: async () => (await import('../rivals/post-message.ts')).trivial,
    'same thread': async () => (await import('../rivals/same-thread.ts')).trivial,
  },
  rows: [
    versus(trivially, 'piscina', POOLS.piscina!, 10),
    versus(trivially, 'piscina batches', 'piscina.run per batch of 64', 1),
    versus(trivially, 'postMessage', 'raw postMessage round trip', 2.5),
    versus(trivially, 'same thread', 'same-thread stringify alone'),
  ],
  charts: [bars('Events handled per second, handler without a look at the payload')],
};
