// The rows that most scenarios have: one side's figure by another's.
import type { Rounds, Row } from './scenario.ts';
import { median, quantile, ratio } from './statistics.ts';

export interface Comparison {
  readonly name: string;
  readonly side?: string;
  readonly versus: string;
  readonly figure: string;
  /** The figure of the other side, where it has another name. */
  readonly versusFigure?: string;
  /** What is better in the ratio. Default more. */
  readonly better?: 'more' | 'less';
  /** The figure is a time and the ratio one of speeds: the other's figure divided by `side`'s. */
  readonly inverse?: boolean;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  readonly format: (value: number) => string;
}

/** `side`'s figure divided by `versus`'s, repetition by repetition. */
export function compared({
  side = 'ganglion',
  versus,
  figure,
  versusFigure = figure,
  inverse = false,
  format,
  ...rest
}: Comparison): Row {
  return {
    ...rest,
    side,
    versus,
    unit: '×',
    measure: (rounds) => {
      const [own, other] = [rounds.each(side, figure), rounds.each(versus, versusFigure)];
      return inverse ? ratio(other, own) : ratio(own, other);
    },
    absolute: (rounds) =>
      `${format(median(rounds.each(side, figure)))} vs ${format(median(rounds.each(versus, versusFigure)))}`,
  };
}

/** A quantile over the samples of all repetitions; its spread is that of the repetitions' own quantiles. */
export function quantileOf(rounds: Rounds, side: string, figure: string, q: number): ReturnType<Row['measure']> {
  const each = rounds.series(side, figure).map((samples) => quantile(samples, q));
  return {
    value: quantile(rounds.samples(side, figure), q),
    low: Math.min(...each),
    high: Math.max(...each),
  };
}
