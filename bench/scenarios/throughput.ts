import { PAYLOAD_BYTES } from '../events.ts';
import { micros, rate } from '../format.ts';
import type { Rounds, Row, Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

const speedAndCpu = (rounds: Rounds, side: string): string =>
  `${rate(median(rounds.each(side, 'eventsPerSecond')))} (${micros(median(rounds.each(side, 'cpuUsPerEvent')))} CPU)`;

function versus(rival: string, name: string, atLeast: number): Row {
  const figure = 'eventsPerSecond';
  return {
    name: `emit, all settled, vs ${name}`,
    unit: '×',
    atLeast,
    measure: (rounds: Rounds) => ratio(rounds.each('ganglion', figure), rounds.each(rival, figure)),
    absolute: (rounds: Rounds) => `${speedAndCpu(rounds, 'ganglion')} vs ${speedAndCpu(rounds, rival)}`,
  };
}

export const throughput: Scenario = {
  name: 'throughput',
  title: `${PAYLOAD_BYTES}-byte events to a handler that reads one field, in bursts of at most 8,192`,
  runMs: 700,
  quickMs: 40,
  warmUpMs: 3000,
  sides: {
    ganglion: async () => (await import('../ganglion/throughput.ts')).open,
    'piscina events': async () => (await import('../rivals/piscina-events.ts')).open,
    'piscina batches': async () => (await import('../rivals/piscina-batches.ts')).open,
    postMessage: async () => (await import('../rivals/post-message.ts')).open,
    'same thread': async () => (await import('../rivals/same-thread.ts')).open,
  },
  rows: [
    versus('piscina events', 'piscina.run per event', 10),
    versus('piscina batches', 'piscina.run per batch of 64', 1),
    versus('postMessage', 'raw postMessage round trip', 2.5),
    versus('same thread', 'same-thread stringify + parse', 0.7),
  ],
};
