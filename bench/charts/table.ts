// What a chart shows, in figures.

import { shortNumber } from '../format.ts';
import type { BarsChart, Chart, ScenarioResults } from '../results.ts';
import type { Measured } from '../scenario.ts';
import { type Panel, type Point, panelsOf, sidesOf, single } from './data.ts';

export interface Table {
  readonly head: readonly string[];
  /** The first cell of each names it. */
  readonly rows: readonly (readonly string[])[];
  /** The last column holds words, not figures. */
  readonly words?: boolean;
}

export function chartTable(scenario: ScenarioResults, chart: Chart): Table {
  return chart.kind === 'bars' ? barsTable(scenario, chart) : linesTable(panelsOf(scenario, chart), chart);
}

/** '812k (790k – 830k)' */
function withSpread({ value, low, high }: Measured): string {
  return low === value && high === value
    ? shortNumber(value)
    : `${shortNumber(value)} (${shortNumber(low)} – ${shortNumber(high)})`;
}

function barsTable(scenario: ScenarioResults, chart: BarsChart): Table {
  const rows = sidesOf(scenario, chart)
    .map((side) => ({ side, cells: chart.groups.map(({ figure }) => single(scenario, side, figure)) }))
    .filter(({ cells }) => cells.some((cell) => cell !== undefined))
    .map(({ side, cells }) => [side, ...cells.map((cell) => (cell === undefined ? '–' : withSpread(cell)))]);
  const labels = chart.groups.map(({ label }) => (chart.groups.length > 1 ? label : chart.unit));
  return { head: ['', ...labels], rows };
}

const TOLD_PERCENTILES = [50, 90, 99, 99.9, 99.99, 100];

function linesTable(panels: readonly Panel[], chart: Exclude<Chart, BarsChart>): Table {
  const series = panels.flatMap(({ label, series: of }) =>
    of.map((one) => ({ name: label === '' ? one.label : `${one.label}, ${label}`, points: one.points })),
  );
  if (chart.kind === 'timeline' || chart.kind === 'memory') {
    return {
      head: [chart.unit, 'start', 'median', 'highest', 'end'],
      rows: series.map(({ name, points }) => [name, ...alongTime(points).map(shortNumber)]),
    };
  }
  const xs =
    chart.kind === 'percentiles'
      ? TOLD_PERCENTILES
      : [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const title = (x: number): string => (chart.kind === 'scaling' ? shortNumber(x) : x === 100 ? 'max' : `p${x}`);
  return {
    head: [chart.kind === 'scaling' ? `${chart.unit} at ${chart.xLabel}` : chart.unit, ...xs.map(title)],
    rows: series.map(({ name, points }) => {
      const byX = new Map(points.map((point) => [point.x, point]));
      const cell = (x: number): string => (byX.has(x) ? withSpread(byX.get(x)!) : '–');
      return [name, ...xs.map(cell)];
    }),
  };
}

function alongTime(points: readonly Point[]): number[] {
  const sorted = points.map(({ value }) => value).sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  return [points[0]!.value, middle, sorted.at(-1)!, points.at(-1)!.value];
}
