import { scaleLinear, scaleLog } from 'd3-scale';
import { shortNumber } from '../format.ts';

export interface Axis {
  /** The pixel of a value; values beyond the axis sit at its end. */
  at(value: number): number;
  /** Where to draw lines, with the label. */
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export type Range = readonly [from: number, to: number];

/** From zero to the largest value or a little beyond. */
export function linearAxis(values: readonly number[], range: Range, tickCount: number): Axis {
  const max = Math.max(0, ...values.filter(Number.isFinite)) || 1;
  const scale = scaleLinear([0, max], range).nice(tickCount).clamp(true);
  return { at: scale, ticks: scale.ticks(tickCount).map(labelled) };
}

/** Over all values above zero; whole powers of ten, unless they lie so close together that halves say more. */
export function logAxis(values: readonly number[], range: Range, tickCount: number): Axis {
  const usable = values.filter((value) => Number.isFinite(value) && value > 0);
  const low = usable.length === 0 ? 1 : Math.min(...usable);
  const high = usable.length === 0 ? 10 : Math.max(...usable);
  const domain =
    high / low > 8 ? [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))] : [low / 2, high * 2];
  const scale = scaleLog(domain, range).clamp(true);
  // The scale's own format leaves out the labels that would stand too close.
  const format = scale.tickFormat(tickCount);
  const ticks = scale.ticks(tickCount).filter((value) => format(value) !== '');
  return { at: scale, ticks: ticks.map(labelled) };
}

/** At places of the caller's: `values` share the range from the first to the last. */
export function placesAxis(ticks: readonly Tick[], range: Range): Axis {
  const places = ticks.map(({ value }) => value);
  const scale = scaleLinear([Math.min(...places), Math.max(...places)], range).clamp(true);
  return { at: scale, ticks };
}

function labelled(value: number): Tick {
  return { value, label: shortNumber(value) };
}
