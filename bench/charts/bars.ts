// Horizontal bars from zero, or dots on a log axis, where a bar would have no honest beginning.
import { shortNumber } from '../format.ts';
import type { Measured } from '../scenario.ts';
import { type Axis, linearAxis, logAxis } from './axis.ts';
import { type Body, FONT, frame, type Heading, line, nothing, PAD, ROOMY, text } from './frame.ts';
import { BOLD, element, textWidth, wrap } from './markup.ts';

/** ganglion, another library, or the least that has to be done anyway. */
export type BarKind = 'own' | 'rival' | 'floor';

export interface Bar {
  readonly label: string;
  readonly kind: BarKind;
  readonly measured: Measured;
  /** What stands at its end; the median without it. */
  readonly text?: string;
}

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface BarsOptions extends Heading {
  readonly width: number;
  readonly log?: boolean;
  /** A value with a line of its own across all groups. */
  readonly reference?: number;
}

const ROW = 22;
const THICK = 13;
const GROUP_GAP = 8;
const LINE = 14;
/** Labels take at most this share beside the bars; longer ones wrap, or stand above where there is little room. */
const MOST_LABEL_SHARE = 0.4;

export function barsSvg(
  groups: readonly BarGroup[],
  { log = false, reference, width, ...heading }: BarsOptions,
): string {
  const filled = groups.filter(({ bars }) => bars.length > 0);
  return frame(heading, width, (top) =>
    filled.length === 0 ? nothing(top) : draw(filled, top, width, log, reference),
  );
}

function draw(groups: readonly BarGroup[], top: number, width: number, log: boolean, reference?: number): Body {
  const bars = groups.flatMap((group) => group.bars);
  const most = width * MOST_LABEL_SHARE;
  const needed = Math.max(...bars.map(({ label, kind }) => textWidth(label, labelFont(kind))));
  const above = needed > most && width < ROOMY;
  const labelWidth = Math.min(needed, most);
  const valueWidth = Math.max(...bars.map((bar) => textWidth(valueText(bar), FONT)));
  const left = above ? PAD + 6 : PAD + labelWidth + 10;
  const right = width - PAD - valueWidth - 8;
  const values = bars.flatMap(({ measured: { value, low, high } }) => [value, low, high]);
  if (reference !== undefined) values.push(reference);
  const axis = (log ? logAxis : linearAxis)(values, [left, right], width < ROOMY ? 4 : 6);

  const rows: string[] = [];
  let y = top;
  const titled = groups.length > 1;
  for (const { label, bars: of } of groups) {
    if (titled) {
      for (const one of wrap(label, width - 2 * PAD, FONT * BOLD)) {
        rows.push(text(PAD, y + FONT, one, 'group halo'));
        y += LINE;
      }
      y += 4;
    }
    for (const bar of of) {
      const kind = bar.kind === 'own' ? 'own halo' : 'halo';
      if (above) {
        for (const one of wrap(bar.label, width - 2 * PAD, labelFont(bar.kind))) {
          y += LINE;
          rows.push(text(PAD, y + 1, one, kind));
        }
        rows.push(barMarkup(bar, axis, left, y + 2 + ROW / 2, log));
        y += 2 + ROW;
        continue;
      }
      const lines = wrap(bar.label, labelWidth, labelFont(bar.kind));
      const height = ROW + (lines.length - 1) * LINE;
      for (const [i, one] of lines.entries()) rows.push(text(left - 10, y + ROW / 2 + 4 + i * LINE, one, kind, 'end'));
      rows.push(barMarkup(bar, axis, left, y + height / 2, log));
      y += height;
    }
    if (titled) y += GROUP_GAP;
  }
  const grid = axis.ticks.map(({ value, label }) => {
    const x = axis.at(value);
    return line(x, top - 2, x, y + 2, 'grid') + text(x, y + 16, label, 'tick', 'middle');
  });
  const start = log ? '' : line(left, top - 2, left, y + 2, 'axis');
  const level =
    reference === undefined ? '' : line(axis.at(reference), top - 2, axis.at(reference), y + 2, 'reference');
  return { markup: [...grid, start, level, ...rows].join(''), height: y + 18 - top };
}

function labelFont(kind: BarKind): number {
  return kind === 'own' ? FONT * BOLD : FONT;
}

function valueText({ text: given, measured }: Bar): string {
  return given ?? shortNumber(measured.value);
}

function barMarkup(bar: Bar, axis: Axis, left: number, middle: number, log: boolean): string {
  const { value, low, high } = bar.measured;
  const x = axis.at(value);
  const from = axis.at(low);
  const to = axis.at(high);
  const shape = log
    ? element('circle', { cx: x, cy: middle, r: 5, class: `dot ${bar.kind}` })
    : element('rect', { x: left, y: middle - THICK / 2, width: x - left, height: THICK, class: `bar ${bar.kind}` });
  const whisker = element('path', {
    class: 'whisker',
    d: `M${from.toFixed(1)} ${middle - 3}v6M${from.toFixed(1)} ${middle}H${to.toFixed(1)}M${to.toFixed(1)} ${middle - 3}v6`,
  });
  const end = Math.max(x + (log ? 5 : 0), to);
  const label = text(end + 6, middle + 4, valueText(bar), bar.kind === 'own' ? 'value own halo' : 'value halo');
  return (log ? whisker + shape : shape + whisker) + label;
}
