// From the figures of repetitions to what charts and their tables show.
import { type Chart, PERCENTILES, type ScenarioResults } from '../results.ts';
import type { Figures, Measured } from '../scenario.ts';
import { spread } from '../statistics.ts';

/** A line over x. */
export interface Series {
  readonly label: string;
  readonly side: string;
  readonly points: readonly Point[];
}

/** The median over the repetitions at one x, with the smallest and the largest. */
export interface Point extends Measured {
  readonly x: number;
}

/** Series that are seen together; one with a label of its own where there are several. */
export interface Panel {
  readonly label: string;
  readonly series: readonly Series[];
}

/** More points than this no eye tells apart on a page. */
const MOST_CELLS = 150;

export function sidesOf(scenario: ScenarioResults, chart: Pick<Chart, 'sides'>): string[] {
  const all = Object.keys(scenario.figures);
  return chart.sides === undefined ? all : chart.sides.filter((side) => all.includes(side));
}

/** The median of a single figure; undefined where the side has none. */
export function single(scenario: ScenarioResults, side: string, figure: string): Measured | undefined {
  const values = repetitions(scenario, side).map((one) => one[figure]);
  return measured(values.filter((value) => typeof value === 'number'));
}

/** JSON has no NaN and no Infinity: what it holds in their place is no figure. */
function measured(values: readonly (number | null | undefined)[]): Measured | undefined {
  const finite = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  return finite.length === 0 ? undefined : spread(finite);
}

function repetitions(scenario: ScenarioResults, side: string): readonly Figures[] {
  return scenario.figures[side] ?? [];
}

function array(one: Figures, figure: string): readonly number[] {
  const value = one[figure];
  return Array.isArray(value) ? value : [];
}

/** One panel per line of the chart with all sides in it, or a single panel where there is one side or one line. */
export function panelsOf(scenario: ScenarioResults, chart: Exclude<Chart, { kind: 'bars' }>): Panel[] {
  const sides = sidesOf(scenario, chart);
  const lines =
    chart.kind === 'percentiles'
      ? chart.curves
      : chart.kind === 'scaling'
        ? [{ label: '', figure: chart.figure }]
        : chart.lines;
  const points = (side: string, figure: string): Point[] => {
    if (chart.kind === 'percentiles') return overPercentiles(scenario, side, figure);
    if (chart.kind === 'scaling') return overX(scenario, side, chart.x, figure);
    return overTime(scenario, side, chart.at, figure);
  };
  const all = lines.map(({ label, figure }) => ({
    label,
    series: sides
      .map((side): Series => ({ label: side, side, points: points(side, figure) }))
      .filter((series) => series.points.length > 0),
  }));
  const shown = all.filter(({ series }) => series.length > 0);
  const drawn = new Set(shown.flatMap(({ series }) => series.map(({ side }) => side)));
  if (shown.length < 2 || drawn.size > 1) return shown.length === 1 ? [{ ...shown[0]!, label: '' }] : shown;
  return [{ label: '', series: shown.flatMap(({ label, series }) => series.map((one) => ({ ...one, label }))) }];
}

function overPercentiles(scenario: ScenarioResults, side: string, figure: string): Point[] {
  const each = repetitions(scenario, side).map((one) => array(one, figure));
  return PERCENTILES.flatMap((x, i) =>
    point(
      x,
      each.map((values) => values[i]),
    ),
  );
}

function overX(scenario: ScenarioResults, side: string, x: string, figure: string): Point[] {
  const each = repetitions(scenario, side).map((one) => ({ xs: array(one, x), values: array(one, figure) }));
  const xs = [...new Set(each.flatMap((one) => one.xs))].filter(Number.isFinite).sort((a, b) => a - b);
  return xs.flatMap((at) =>
    point(
      at,
      each.map((one) => one.values[one.xs.indexOf(at)]),
    ),
  );
}

/**
 * Repetitions look at their own moments, so time is cut into cells, in which each repetition counts with its highest
 * value: a peak must not vanish because a page has fewer pixels than a run has moments.
 */
function overTime(scenario: ScenarioResults, side: string, at: string, figure: string): Point[] {
  const each = repetitions(scenario, side)
    .map((one) => ({ times: array(one, at), values: array(one, figure) }))
    .filter(({ times }) => times.length > 0);
  if (each.length === 0) return [];
  const start = Math.min(...each.map(({ times }) => times[0]!));
  const end = Math.max(...each.map(({ times }) => times.at(-1)!));
  const cells = Math.max(1, Math.min(MOST_CELLS, ...each.map(({ times }) => times.length)));
  const width = (end - start) / cells || 1;
  const highest = each.map(({ times, values }) => {
    const of: (number | undefined)[] = [];
    for (const [i, time] of times.entries()) {
      const cell = Math.min(cells - 1, Math.floor((time - start) / width));
      const value = values[i];
      if (typeof value === 'number' && !(value < of[cell]!)) of[cell] = value;
    }
    return of;
  });
  return Array.from({ length: cells }, (_, cell) => start + (cell + 0.5) * width).flatMap((x, cell) =>
    point(
      x,
      highest.map((of) => of[cell]),
    ),
  );
}

function point(x: number, values: readonly (number | undefined)[]): Point[] {
  const of = measured(values);
  return of === undefined ? [] : [{ x, ...of }];
}
