import { micros } from '../format.ts';
import type { BarsChart, RowRole } from '../results.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { POOLS, poolSides } from './pools.ts';

const figure = 'p50Us';

function row(name: string, versus: string, role: RowRole, atMost?: number): Row {
  return {
    ...compared({ name, versus, role, figure, better: 'less', format: micros }),
    ...(atMost === undefined ? {} : { atMost }),
  };
}

function sides(restMs: 0 | 5): Scenario['sides'] {
  return {
    ganglion: async () => (await import('../ganglion/round-trips.ts')).roundTrips(restMs),
    ...poolSides('plain', Object.keys(POOLS), async (name, pools) =>
      (await import('../rivals/pool-sides.ts')).roundTrips(name, restMs, pools),
    ),
    postMessage: async () => (await import('../rivals/post-message.ts')).roundTrips(restMs),
  };
}

const chart = (title: string): BarsChart => ({
  kind: 'bars',
  title,
  unit: 'µs',
  better: 'less',
  groups: [{ label: '', figure }],
});

export const pingPong: Scenario = {
  name: 'ping-pong',
  title: 'round trips on an idle machine, one at a time, back to back',
  runMs: 300,
  quickMs: 40,
  warmUpMs: 1000,
  takes: ['size'],
  sides: sides(0),
  rows: [
    row('round trip p50, emitAndWait vs piscina.run', 'piscina', 'rival', 0.5),
    row('round trip p50, vs tinypool', 'tinypool', 'rival'),
    row('round trip p50, vs workerpool', 'workerpool', 'rival'),
    row('round trip p50, vs poolifier', 'poolifier', 'rival'),
    row('round trip p50, vs raw postMessage and back', 'postMessage', 'floor'),
  ],
  charts: [chart('Round trip, back to back (median)')],
};

export const pingPongRested: Scenario = {
  name: 'ping-pong-rested',
  title: 'round trips on an idle machine, one at a time, 5 ms of rest before each',
  runMs: 500,
  quickMs: 60,
  warmUpMs: 1000,
  takes: ['size'],
  sides: sides(5),
  rows: [
    row('round trip p50 after 5 ms of rest, vs piscina.run', 'piscina', 'rival', 0.5),
    row('round trip p50 after 5 ms of rest, vs tinypool', 'tinypool', 'rival'),
    row('round trip p50 after 5 ms of rest, vs workerpool', 'workerpool', 'rival'),
    row('round trip p50 after 5 ms of rest, vs poolifier', 'poolifier', 'rival'),
    row('round trip p50 after 5 ms of rest, vs raw postMessage and back', 'postMessage', 'floor'),
  ],
  charts: [chart('Round trip after 5 ms of rest (median)')],
};
