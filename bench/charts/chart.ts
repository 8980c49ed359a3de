// A scenario's chart, drawn from its figures.

import { shortNumber } from '../format.ts';
import type { BarsChart, Chart, Results, RowResult, ScalingChart, ScenarioResults } from '../results.ts';
import { type Axis, linearAxis, logAxis, placesAxis, type Range, type Tick } from './axis.ts';
import { type Bar, type BarKind, barsSvg } from './bars.ts';
import { type Panel, type Point, panelsOf, type Series, sidesOf, single } from './data.ts';
import { type LinesOptions, linesSvg } from './lines.ts';
import { DASHES, type Tone, tonesOf } from './tones.ts';

/** Where a scenario comes from: roles stand in the rows, the number of repetitions in the whole. */
export type Origin = Pick<Results, 'rows' | 'repetitions'>;

/** SVG markup of so many pixels' width, which takes its style from the page around it; see `standalone` for a file. */
export function chartSvg(origin: Origin, scenario: ScenarioResults, chart: Chart, width: number): string {
  return chart.kind === 'bars' ? bars(origin, scenario, chart, width) : lines(origin, scenario, chart, width);
}

function bars(origin: Origin, scenario: ScenarioResults, chart: BarsChart, width: number): string {
  const kind = kindsOf(origin.rows, scenario, sidesOf(scenario, chart));
  const groups = chart.groups.map(({ label, figure }) => ({
    label,
    bars: sidesOf(scenario, chart).flatMap((side): Bar[] => {
      const measured = single(scenario, side, figure);
      return measured === undefined ? [] : [{ label: side, kind: kind(side), measured }];
    }),
  }));
  const hollow = groups.some((group) => group.bars.some((bar) => bar.kind === 'floor'));
  const how = [
    chart.log === true ? `${chart.unit}, log axis` : chart.unit,
    `${chart.better} is better`,
    medians(origin, 'whiskers'),
    ...(hollow ? ['hollow: the floor, what has to be done anyway'] : []),
  ];
  return barsSvg(groups, { title: chart.title, note: how.join('; '), width, log: chart.log === true });
}

/** What a row calls a floor is one. */
function kindsOf(
  rows: readonly RowResult[],
  scenario: ScenarioResults,
  shown: readonly string[],
): (side: string) => BarKind {
  const tones = tonesOf(Object.keys(scenario.figures), shown);
  const floors = new Set(
    rows.filter((row) => row.scenario === scenario.name && row.role === 'floor').map((row) => row.versus),
  );
  return (side) => (floors.has(side) ? 'floor' : tones.get(side)?.colour === 0 ? 'own' : 'rival');
}

function medians({ repetitions }: Origin, shape: string): string {
  return repetitions < 2 ? 'one repetition' : `median of ${repetitions}, ${shape} from smallest to largest`;
}

function lines(origin: Origin, scenario: ScenarioResults, chart: Exclude<Chart, BarsChart>, width: number): string {
  const panels = panelsOf(scenario, chart);
  const logY = chart.kind === 'percentiles' || chart.log === true;
  const note = `${chart.unit}${logY ? ', log axis' : ''}; ${medians(origin, 'band')}`;
  const ideal = chart.kind === 'scaling' ? idealOf(chart, panels) : undefined;
  return linesSvg(panels, {
    title: chart.title,
    note,
    width,
    logY,
    marks: chart.kind === 'scaling',
    ...axisOf(chart),
    tone: tones(scenario, panels),
    ...(ideal === undefined ? {} : { ideal }),
  });
}

/** By side; lines of one side alone are told apart by dashes. */
function tones(scenario: ScenarioResults, panels: readonly Panel[]): (series: Series) => Tone {
  const all = panels.flatMap(({ series }) => series);
  const bySide = tonesOf(
    Object.keys(scenario.figures),
    all.map(({ side }) => side),
  );
  const labels = [...new Set(all.map(({ label }) => label))];
  return ({ side, label }) => {
    const tone = bySide.get(side)!;
    return label === side ? tone : { ...tone, dash: labels.indexOf(label) % DASHES };
  };
}

type LineAxis = Pick<LinesOptions, 'xLabel' | 'xAxis'>;

function axisOf(chart: Exclude<Chart, BarsChart>): LineAxis {
  if (chart.kind === 'percentiles') return { xLabel: 'percentile', xAxis: percentileAxis };
  if (chart.kind === 'scaling') return { xLabel: chart.xLabel, xAxis: chart.log === true ? logAxis : atPoints };
  return { xLabel: 'seconds', xAxis: linearAxis };
}

function atPoints(xs: readonly number[], range: Range): Axis {
  const places = [...new Set(xs)].sort((a, b) => a - b);
  return placesAxis(
    places.map((value) => ({ value, label: shortNumber(value) })),
    range,
  );
}

const PERCENTILE_TICKS: readonly Tick[] = [
  { value: 0, label: 'min' },
  { value: 50, label: '50' },
  { value: 90, label: '90' },
  { value: 99, label: '99' },
  { value: 99.9, label: '99.9' },
  { value: 99.99, label: '99.99' },
  { value: 100, label: 'max' },
];

/** The place of the largest value, which has infinitely many nines. */
const MAX_NINES = 4.5;

/** As in HDR histograms: each further nine of a percentile is as far as the one before, 90, 99, 99.9. */
function nines(percentile: number): number {
  return Math.min(MAX_NINES, -Math.log10(1 - percentile / 100));
}

function percentileAxis(_: readonly number[], range: Range): Axis {
  const { at } = placesAxis(
    [nines(0), nines(100)].map((value) => ({ value, label: '' })),
    range,
  );
  return { at: (percentile) => at(nines(percentile)), ticks: PERCENTILE_TICKS };
}

/** What the first side's first point promises: as much again for each further x, or the same everywhere. */
function idealOf({ ideal, xLabel }: ScalingChart, panels: readonly Panel[]): Omit<Series, 'side'> | undefined {
  const [first, ...more] = panels[0]?.series[0]?.points ?? [];
  if (first === undefined || more.length === 0) return undefined;
  const points = [first, ...more].map(({ x }): Point => {
    const value = ideal === 'linear' ? (first.value * x) / first.x : first.value;
    return { x, value, low: value, high: value };
  });
  return { label: ideal === 'linear' ? `ideal: in step with ${xLabel}` : 'ideal: the same everywhere', points };
}
