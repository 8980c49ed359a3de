import { rate } from '../format.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { poolSides } from './pools.ts';

const HANDLERS = 8;
const figure = 'eventsPerSecond';

const row = (name: string, versus: string): Row =>
  compared({ name: `1 event, ${HANDLERS} handlers, vs ${name}`, versus, figure, format: rate });

export const fanOut: Scenario = {
  name: 'fan-out',
  title: `each event to ${HANDLERS} handlers that read one field, in bursts`,
  runMs: 300,
  quickMs: 40,
  warmUpMs: 800,
  takes: ['size'],
  sides: {
    ganglion: async () => (await import('../ganglion/throughput.ts')).fanOut(HANDLERS),
    ...poolSides('eager', ['piscina'], async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).fanOut(name, HANDLERS, pools),
    ),
    'same thread': async () => (await import('../rivals/same-thread.ts')).fanOut(HANDLERS),
  },
  rows: [
    row(`${HANDLERS} × piscina.run`, 'piscina'),
    row(`same-thread stringify + ${HANDLERS} × parse`, 'same thread'),
  ],
  charts: [
    {
      kind: 'bars',
      title: `Events handled per second by ${HANDLERS} handlers each`,
      unit: 'events/s',
      better: 'more',
      groups: [{ label: '', figure }],
    },
  ],
};

/** In the figures' names. */
const ONE = '1';
const EIGHT = String(HANDLERS);

const inline = (handlers: string, name: string, versus: string): Row =>
  compared({
    name: `${handlers} main-thread handler${handlers === ONE ? '' : 's'}, vs ${name}`,
    versus,
    figure: `${figure} ${handlers}`,
    format: rate,
  });

export const mainThread: Scenario = {
  name: 'main-thread',
  title: 'each event to 1 and to 8 handlers on the main thread, which gets a snapshot of its own from ganglion only',
  runMs: 250,
  quickMs: 40,
  warmUpMs: 600,
  takes: ['size'],
  sides: {
    ganglion: async () => (await import('../ganglion/inline.ts')).open(HANDLERS),
    EventEmitter: async () => (await import('../rivals/event-emitter.ts')).open(HANDLERS),
    emittery: async () => (await import('../rivals/emittery.ts')).open(HANDLERS),
  },
  rows: [
    inline(ONE, 'EventEmitter', 'EventEmitter'),
    inline(EIGHT, 'EventEmitter', 'EventEmitter'),
    inline(ONE, 'emittery', 'emittery'),
    inline(EIGHT, 'emittery', 'emittery'),
  ],
  charts: [
    {
      kind: 'bars',
      title: 'Events handled per second on the main thread',
      unit: 'events/s',
      better: 'more',
      groups: [
        { label: '1 handler', figure: `${figure} ${ONE}` },
        { label: `${EIGHT} handlers`, figure: `${figure} ${EIGHT}` },
      ],
      log: true,
    },
  ],
};
