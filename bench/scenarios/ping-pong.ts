import { micros } from '../format.ts';
import type { Rounds, Row, Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

function row(name: string): Row {
  return {
    name,
    unit: '×',
    atMost: 0.5,
    measure: (rounds: Rounds) => ratio(rounds.each('ganglion', 'p50Us'), rounds.each('piscina', 'p50Us')),
    absolute: (rounds: Rounds) =>
      `${micros(median(rounds.each('ganglion', 'p50Us')))} vs ${micros(median(rounds.each('piscina', 'p50Us')))}`,
  };
}

export const pingPong: Scenario = {
  name: 'ping-pong',
  title: 'round trips on an idle machine, one at a time, back to back',
  runMs: 500,
  quickMs: 40,
  warmUpMs: 2000,
  sides: {
    ganglion: async () => (await import('../ganglion/round-trips.ts')).backToBack,
    piscina: async () => (await import('../rivals/piscina-round-trips.ts')).backToBack,
  },
  rows: [row('round trip p50, emitAndWait vs piscina.run')],
};

export const pingPongRested: Scenario = {
  name: 'ping-pong-rested',
  title: 'round trips on an idle machine, one at a time, 5 ms of rest before each',
  runMs: 1000,
  quickMs: 60,
  warmUpMs: 2000,
  sides: {
    ganglion: async () => (await import('../ganglion/round-trips.ts')).rested,
    piscina: async () => (await import('../rivals/piscina-round-trips.ts')).rested,
  },
  rows: [row('round trip p50 after 5 ms of rest')],
};
