// Ratios to rivals in one picture.
import { type Bar, type BarGroup, barsSvg } from '../charts/bars.ts';
import { digits } from '../format.ts';
import type { RowResult } from '../results.ts';
import { advantage } from './standing.ts';

/** Dots on a log axis, scenario by scenario: right of the line at 1 ganglion is better, left of it the rival is. */
export function ratiosSvg(rows: readonly RowResult[], title: string, width: number): string {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  const groups = scenarios.map((scenario): BarGroup => {
    const own = rows.filter((row) => row.scenario === scenario);
    // A single group has no heading that could hold what they share.
    const shared = scenarios.length === 1 ? '' : sharedStart(own.map(({ name }) => name));
    return {
      label: [scenario, ...(shared === '' ? [] : [shared])].join(': '),
      bars: own.map((row) => bar(row, shared)),
    };
  });
  return barsSvg(groups, {
    title,
    note: 'log axis; twice the speed and half the time both count as 2; right of the line ganglion is better, left of it (grey) the rival is',
    width,
    log: true,
    reference: 1,
  });
}

function bar(row: RowResult, shared: string): Bar {
  const measured = advantage(row);
  const label = row.name.slice(shared.length).trim();
  return { label, kind: measured.value < 1 ? 'rival' : 'own', measured, text: `${digits(measured.value)}×` };
}

/** The words with which all names begin; none for a single name. */
function sharedStart(names: readonly string[]): string {
  const [first, ...others] = names.map((name) => name.split(' ')) as [string[], ...string[][]];
  if (others.length === 0) return '';
  const differs = first.findIndex((word, i) => others.some((other) => other[i] !== word));
  return first.slice(0, differs === -1 ? 0 : differs).join(' ');
}
