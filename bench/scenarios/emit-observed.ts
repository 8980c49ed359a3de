import { micros } from '../format.ts';
import type { Rounds, Row, Scenario } from '../scenario.ts';
import { median, ratio } from '../statistics.ts';

const figure = 'usPerEvent';

/** How fast one side emits, as a share of how fast another does. */
export function share(name: string, side: string, baseline: string, atLeast: number): Row {
  return {
    name,
    unit: '×',
    side,
    versus: baseline,
    role: 'self',
    atLeast,
    measure: (rounds: Rounds) => ratio(rounds.each(baseline, figure), rounds.each(side, figure)),
    absolute: (rounds: Rounds) =>
      `${micros(median(rounds.each(side, figure)))} vs ${micros(median(rounds.each(baseline, figure)))}`,
  };
}

export const emitObserved: Scenario = {
  name: 'emit-observed',
  title: 'time inside emit with metrics and with tracing, against a bus with neither',
  runMs: 300,
  quickMs: 40,
  warmUpMs: 1500,
  sides: {
    plain: async () => (await import('../ganglion/emit-observed.ts')).plain,
    metrics: async () => (await import('../ganglion/emit-observed.ts')).metrics,
    tracing: async () => (await import('../ganglion/emit-observed.ts')).tracing,
    unsampled: async () => (await import('../ganglion/emit-observed.ts')).unsampled,
  },
  rows: [
    share('emit with metrics on, vs off', 'metrics', 'plain', 0.85),
    share('emit with tracing on and no SDK, vs off', 'tracing', 'plain', 0.97),
    share('emit with tracing on and an SDK that samples nothing, vs off', 'unsampled', 'plain', 0.8),
  ],
};
