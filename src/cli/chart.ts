import { fill, widest } from './terminal.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More rows than these are hard to read at once. */
const MAX_ROWS = 60;
const MAX_HOURS = 72;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

export interface Bar {
  readonly label: string;
  readonly value: number;
}

/** A horizontal bar, exact to an eighth of a character. Nothing for 0, at least a sliver for anything above. */
export function bar(value: number, most: number, width: number): string {
  if (value <= 0 || most <= 0) return '';
  const eighths = Math.max(1, Math.round((value / most) * width * 8));
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]!;
}

export function barChart(bars: readonly Bar[], width: number, format: (value: number) => string): string[] {
  const most = Math.max(0, ...bars.map(({ value }) => value));
  const labels = widest(bars.map(({ label }) => label));
  return bars.map(({ label, value }) => {
    const drawn = bar(value, most, width);
    return `${fill(label, labels)}  ${drawn}${drawn === '' ? '' : ' '}${format(value)}`;
  });
}

/**
 * Counts by hour, numbered from the epoch, as bars without gaps: hours, days where they would be too many. Also how many
 * of the oldest were left out.
 */
export function timeBars(byHour: ReadonlyMap<number, number>): { bars: Bar[]; unit: 'hour' | 'day'; leftOut: number } {
  const hours = [...byHour.keys()].sort((a, b) => a - b);
  if (hours.length === 0) return { bars: [], unit: 'hour', leftOut: 0 };
  const byDay = hours.at(-1)! - hours[0]! >= MAX_HOURS;
  const step = byDay ? DAY_MS : HOUR_MS;
  const sums = new Map<number, number>();
  for (const [hour, n] of byHour) {
    const slot = Math.floor((hour * HOUR_MS) / step);
    sums.set(slot, (sums.get(slot) ?? 0) + n);
  }
  const slots = [...sums.keys()].sort((a, b) => a - b);
  const last = slots.at(-1)!;
  const first = Math.max(slots[0]!, last - MAX_ROWS + 1);
  const bars: Bar[] = [];
  for (let slot = first; slot <= last; slot++) {
    bars.push({ label: slotLabel(slot * step, byDay), value: sums.get(slot) ?? 0 });
  }
  const leftOut = slots.filter((slot) => slot < first).reduce((sum, slot) => sum + sums.get(slot)!, 0);
  return { bars, unit: byDay ? 'day' : 'hour', leftOut };
}

export function slotLabel(ms: number, byDay: boolean): string {
  const text = new Date(ms).toISOString();
  return byDay ? text.split('T')[0]! : text.slice(0, -8).replace('T', ' ');
}
