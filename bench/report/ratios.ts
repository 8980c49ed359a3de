// All ratios to other libraries in one picture.
import { type BarGroup, barsSvg } from '../charts/bars.ts';
import { digits } from '../format.ts';
import type { RowResult } from '../results.ts';
import { advantage } from './standing.ts';

/** Dots on a log axis, scenario by scenario: right of the line at 1 ganglion is better, left of it the rival is. */
export function ratiosSvg(rows: readonly RowResult[], width: number): string {
  const groups: BarGroup[] = [...new Set(rows.map(({ scenario }) => scenario))].map((scenario) => ({
    label: scenario,
    bars: rows
      .filter((row) => row.scenario === scenario)
      .map((row) => {
        const measured = advantage(row);
        return {
          label: row.name,
          kind: measured.value < 1 ? 'rival' : 'own',
          measured,
          text: `${digits(measured.value)}×`,
        };
      }),
  }));
  return barsSvg(groups, {
    title: 'How many times as good as each rival',
    note: 'log axis; twice the speed and half the time both count as 2; right of the line ganglion is better, left of it (grey) the rival is',
    width,
    log: true,
    reference: 1,
  });
}
