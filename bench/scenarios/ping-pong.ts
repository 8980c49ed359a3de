import { micros } from '../format.ts';
import type { BarsChart } from '../results.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { POOLS, poolSides } from './pools.ts';

const figure = 'p50Us';

/** The same rivals in both; what the first row and the others call a trip. */
function rows(first: string, trip: string): Row[] {
  const row = (name: string, versus: string, atMost?: number): Row =>
    compared({ name, versus, figure, better: 'less', atMost, format: micros });
  return [
    row(`${first} vs piscina.run`, 'piscina', 0.5),
    row(`${trip}, vs tinypool`, 'tinypool'),
    row(`${trip}, vs workerpool`, 'workerpool'),
    row(`${trip}, vs poolifier`, 'poolifier'),
    row(`${trip}, vs raw postMessage and back`, 'postMessage'),
  ];
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
  rows: rows('round trip p50, emitAndWait', 'round trip p50'),
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
  rows: rows('round trip p50 after 5 ms of rest,', 'round trip p50 after 5 ms of rest'),
  charts: [chart('Round trip after 5 ms of rest (median)')],
};
