import { micros } from '../format.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';

const FIGURE = { figure: 'usPerEvent', inverse: true, format: micros } as const;

/** How fast one side emits, as a share of how fast another does. */
export const share = (name: string, side: string, versus: string, atLeast: number): Row =>
  compared({ name, side, versus, atLeast, ...FIGURE });

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
    'bare span': async () => (await import('../ganglion/emit-observed.ts')).bareSpan,
    unsampled: async () => (await import('../ganglion/emit-observed.ts')).unsampled,
  },
  rows: [
    share('emit with metrics on, vs off', 'metrics', 'plain', 0.85),
    share('emit with tracing on and no SDK, vs off', 'tracing', 'plain', 0.97),
    share('emit with tracing on and an SDK that samples nothing, vs off', 'unsampled', 'plain', 0.8),
    compared({
      name: 'the same, vs an emit with tracing off and a bare span of that SDK beside it',
      side: 'unsampled',
      versus: 'bare span',
      ...FIGURE,
    }),
  ],
};
