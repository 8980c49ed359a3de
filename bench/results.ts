// What `--json` writes: all that a report, a comparison or a script needs to know of a run.
import type { Machine } from './machine.ts';
import type { Figures } from './scenario.ts';

export interface Results {
  readonly machine: Machine;
  /** A run that checked correctness only: its figures mean little. */
  readonly quick: boolean;
  /** Of the order in which sides took turns. */
  readonly seed: number;
  readonly threads: number;
  readonly repetitions: number;
  readonly seconds: number;
  /** Scenario by scenario, in the order they ran. */
  readonly rows: readonly RowResult[];
  readonly scenarios: readonly ScenarioResults[];
}

/** A row of the table: one side against another, or a figure of one side. */
export interface RowResult {
  readonly scenario: string;
  readonly name: string;
  readonly unit: Unit;
  /** Which way is better: a row with unit × of more than 1 is good with `more` and bad with `less`. */
  readonly better: 'more' | 'less';
  /** Whose figure it is. */
  readonly side: string;
  /** What it is compared with; none where it is a figure by itself. */
  readonly versus?: string;
  /** What kind of thing that is; none where there is no such thing. */
  readonly role?: RowRole;
  /** '≥ 0.9'; none where the row is there to be looked at. */
  readonly target?: string;
  /** Whether the target is met; none without one. */
  readonly met?: boolean;
  /** The median over the repetitions, with the smallest and the largest. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** The figures behind it, for people: '812 k/s vs 620 k/s'. */
  readonly absolute: string;
}

/** × is a ratio; anything else is a figure by itself. */
export type Unit = '×' | 'ms' | 'MB' | 'MB/s';

/** What a program would take in ganglion's place; the least that has to be done anyway; or ganglion in another way. */
export type RowRole = 'rival' | 'floor' | 'self';

export interface ScenarioResults {
  readonly name: string;
  readonly title: string;
  /** The part of the machine that nobody used just before it began, 0 to 1. */
  readonly idleBefore: number;
  /** Per side, in their order: what it is, and its settings where it had a choice. */
  readonly notes: Readonly<Record<string, string>>;
  /** Per side, its figures in each repetition, those of `BESIDE` among them. */
  readonly figures: Readonly<Record<string, readonly Figures[]>>;
  readonly charts: readonly Chart[];
  /** Why there are no figures. */
  readonly error?: string;
}

/** Measured beside speed, for every side of every scenario and each repetition: names of single figures. */
export const BESIDE: readonly { readonly figure: string; readonly label: string; readonly unit: string }[] = [
  { figure: 'mainCpuPercent', label: 'main thread busy', unit: '%' },
  { figure: 'cpuPercent', label: 'CPU of the process', unit: '%' },
  { figure: 'loopDelayP99Ms', label: 'event-loop delay p99', unit: 'ms' },
  { figure: 'loopDelayMaxMs', label: 'event-loop delay max', unit: 'ms' },
  { figure: 'peakRssMb', label: 'peak memory', unit: 'MB' },
];

/** The percentiles whose values stand in the array of a figure that a `percentiles` chart draws. */
export const PERCENTILES: readonly number[] = [
  0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 100,
];

/** A picture of a scenario's figures. Sides that have no such figure are left out of it. */
export type Chart = BarsChart | PercentilesChart | TimelineChart | ScalingChart;

interface ChartBase {
  readonly title: string;
  /** Of the values: 'events/s', 'µs', 'MB'. */
  readonly unit: string;
  /** Which sides it shows, in this order; all without it. */
  readonly sides?: readonly string[];
}

/** Per group a bar for each side: the median over the repetitions with its spread. */
export interface BarsChart extends ChartBase {
  readonly kind: 'bars';
  readonly better: 'more' | 'less';
  /** Each a single figure; one group has no need of its label. */
  readonly groups: readonly { readonly label: string; readonly figure: string }[];
  readonly log?: boolean;
}

/** Per side and figure a curve: the value (log axis) at each of `PERCENTILES`, medians over the repetitions. */
export interface PercentilesChart extends ChartBase {
  readonly kind: 'percentiles';
  readonly curves: readonly { readonly label: string; readonly figure: string }[];
}

/** Per side a line over time; each repetition has its own `at` (rising) beside values of the same number. */
export interface TimelineChart extends ChartBase {
  readonly kind: 'timeline' | 'memory';
  readonly at: string;
  /** What `at` counts. Default seconds. */
  readonly atLabel?: string;
  /** More than one: drawn as a line each ('median', 'slowest'). */
  readonly lines: readonly { readonly label: string; readonly figure: string }[];
  readonly log?: boolean;
}

/** Per side a line over x (threads, subscriptions): two figures that are arrays of the same number, the same x each time. */
export interface ScalingChart extends ChartBase {
  readonly kind: 'scaling';
  readonly x: string;
  readonly xLabel: string;
  readonly figure: string;
  /** Drawn beside the lines, from the first side's first point: growth with x, or the same everywhere. */
  readonly ideal: 'linear' | 'constant';
  /** Both axes. */
  readonly log?: boolean;
}
