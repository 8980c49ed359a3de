// Lines with the spread as a band behind them, in one panel or in several that share their axes.
import { type Axis, linearAxis, logAxis, type Range, type Tick } from './axis.ts';
import type { Panel, Point, Series } from './data.ts';
import { type Body, FONT, frame, type Heading, line, nothing, PAD, ROOMY, text } from './frame.ts';
import { BOLD, element, short, textWidth } from './markup.ts';
import type { Tone } from './tones.ts';

export interface LinesOptions extends Heading {
  readonly width: number;
  readonly xLabel: string;
  readonly xAxis: (xs: readonly number[], range: Range, tickCount: number) => Axis;
  readonly logY: boolean;
  /** Each point marked: where every one of them was measured by itself. */
  readonly marks: boolean;
  readonly tone: (series: Series) => Tone;
  /** A line to hold the others against. */
  readonly ideal?: Omit<Series, 'side'>;
}

const HEIGHT = 230;
const PANEL_HEIGHT = 170;
const GAP = 22;

export function linesSvg(panels: readonly Panel[], options: LinesOptions): string {
  const filled = panels.filter(({ series }) => series.length > 0);
  return frame(options, options.width, (top) => (filled.length === 0 ? nothing(top) : draw(filled, top, options)));
}

function draw(panels: readonly Panel[], top: number, options: LinesOptions): Body {
  const { width, logY, ideal } = options;
  const key = legend(panels, top, options);
  const columns = panels.length > 1 && width >= ROOMY ? 2 : 1;
  const panelWidth = (width - 2 * PAD - (columns - 1) * GAP) / columns;
  const height = panels.length > 1 ? PANEL_HEIGHT : HEIGHT;
  const shown = [...panels.flatMap(({ series }) => series), ...(ideal === undefined ? [] : [ideal])];
  const points = shown.flatMap((series) => series.points);
  const xs = points.map(({ x }) => x);
  const values = points.flatMap(({ value, low, high }) => [value, low, high]);

  const markup = [key.markup];
  let y = top + key.height;
  for (const [i, panel] of panels.entries()) {
    const column = i % columns;
    const label = panels.length > 1 ? FONT + 14 : 0;
    const left = PAD + column * (panelWidth + GAP);
    const yAxis = (logY ? logAxis : linearAxis)(values, [y + label + height, y + label], 5);
    const gutter = Math.max(...yAxis.ticks.map((tick) => textWidth(tick.label, FONT))) + 8;
    const range: Range = [left + gutter, left + panelWidth - 8];
    const xAxis = options.xAxis(xs, range, panelWidth < 400 ? 4 : 7);
    if (label > 0) markup.push(text(left, y + FONT, panel.label, 'group'));
    markup.push(axes(xAxis, yAxis, range, [y + label + height, y + label]));
    if (ideal !== undefined) markup.push(element('path', { class: 'ideal', d: path(ideal.points, xAxis, yAxis) }));
    // What stands out is drawn last, over the others.
    const order = panel.series.toSorted((a, b) => options.tone(b).colour - options.tone(a).colour);
    for (const series of order) markup.push(curve(series, xAxis, yAxis, options));
    if (column === columns - 1 || i === panels.length - 1) y += label + height + 26;
  }
  markup.push(text(width / 2, y + FONT, options.xLabel, 'note', 'middle'));
  return { markup: markup.join(''), height: y + FONT + 4 - top };
}

function axes(xAxis: Axis, yAxis: Axis, [left, right]: Range, [bottom, top]: Range): string {
  const across = yAxis.ticks.map(({ value, label }) => {
    const y = yAxis.at(value);
    return line(left, y, right, y, 'grid') + text(left - 6, y + 4, label, 'tick', 'end');
  });
  const up = spaced(xAxis).map(({ value, label }) => {
    const x = xAxis.at(value);
    return line(x, bottom, x, top, 'grid') + text(x, bottom + 16, label, 'tick', 'middle');
  });
  return [...across, ...up, line(left, bottom, right, bottom, 'axis')].join('');
}

/** Without the ticks whose labels would run into the one before; the last one stays. */
function spaced({ at, ticks }: Axis): Tick[] {
  const kept: Tick[] = [];
  let free = Number.POSITIVE_INFINITY;
  for (const tick of ticks.toReversed()) {
    const half = textWidth(tick.label, FONT) / 2 + 3;
    if (at(tick.value) + half > free) continue;
    kept.push(tick);
    free = at(tick.value) - half;
  }
  return kept.reverse();
}

function curve(series: Series, xAxis: Axis, yAxis: Axis, options: LinesOptions): string {
  const { points } = series;
  const { colour, dash } = options.tone(series);
  const at = (x: number, y: number): string => `${short(xAxis.at(x))} ${short(yAxis.at(y))}`;
  const upper = points.map(({ x, high }) => at(x, high));
  const lower = points.toReversed().map(({ x, low }) => at(x, low));
  const band = element('path', { class: `band t${colour}`, d: `M${[...upper, ...lower].join('L')}Z` });
  const drawn = element('path', { class: `curve t${colour} d${dash}`, d: path(points, xAxis, yAxis) });
  // A line of one point is none.
  if (!options.marks && points.length > 1) return band + drawn;
  const marks = points.map(({ x, value }) =>
    element('circle', { cx: xAxis.at(x), cy: yAxis.at(value), r: 3, class: `mark t${colour}` }),
  );
  return band + drawn + marks.join('');
}

function path(points: readonly Point[], xAxis: Axis, yAxis: Axis): string {
  return points.length === 0
    ? ''
    : `M${points.map(({ x, value }) => `${short(xAxis.at(x))} ${short(yAxis.at(value))}`).join('L')}`;
}

const SAMPLE = 24;

function legend(panels: readonly Panel[], top: number, { width, tone, ideal }: LinesOptions): Body {
  const unique = new Map(panels.flatMap(({ series }) => series).map((series) => [series.label, series]));
  const entries = [...unique.values()].map((series) => {
    const { colour, dash } = tone(series);
    return { label: series.label, kind: `curve t${colour} d${dash}`, own: colour === 0 };
  });
  if (ideal !== undefined) entries.push({ label: ideal.label, kind: 'ideal', own: false });
  let x = PAD;
  let y = top;
  const markup = entries.map(({ label, kind, own }) => {
    const needed = SAMPLE + 6 + textWidth(label, FONT * (own ? BOLD : 1));
    if (x > PAD && x + needed > width - PAD) {
      x = PAD;
      y += FONT + 8;
    }
    const drawn = line(x, y + 5, x + SAMPLE, y + 5, kind) + text(x + SAMPLE + 6, y + 9, label, own ? 'own' : 'key');
    x += needed + 16;
    return drawn;
  });
  return { markup: markup.join(''), height: y - top + FONT + 12 };
}
