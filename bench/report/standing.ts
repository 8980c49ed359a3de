// What a row says about ganglion, whichever way its figures count.
import type { RowResult } from '../results.ts';
import type { Measured } from '../scenario.ts';

export type Standing = 'ahead' | 'level' | 'behind';

/** How many times as good as what it is compared with: 2 for half the time as well as for twice the speed. */
export function advantage({ better, value, low, high }: RowResult): Measured {
  return better === 'more' ? { value, low, high } : { value: 1 / value, low: 1 / high, high: 1 / low };
}

/** 'level' where repetitions disagree on who is ahead; none for rows that compare with nothing or with ganglion itself. */
export function standing(row: RowResult): Standing | undefined {
  if (row.role === undefined || row.role === 'self') return undefined;
  const { low, high } = advantage(row);
  if (low > 1) return 'ahead';
  return high < 1 ? 'behind' : 'level';
}

export interface Score {
  readonly ahead: readonly RowResult[];
  readonly level: readonly RowResult[];
  readonly behind: readonly RowResult[];
}

/** Against rivals alone. */
export function score(rows: readonly RowResult[]): Score {
  const rivals = rows.filter(({ role }) => role === 'rival');
  const of = (wanted: Standing): RowResult[] => rivals.filter((row) => standing(row) === wanted);
  return { ahead: of('ahead'), level: of('level'), behind: of('behind') };
}

/** Of each scenario the row in which a rival comes closest or leads by most, in the order of the rows. */
export function hardest(rows: readonly RowResult[]): RowResult[] {
  const worst = new Map<string, RowResult>();
  for (const row of rows) {
    if (row.role !== 'rival') continue;
    const before = worst.get(row.scenario);
    if (before === undefined || advantage(row).value < advantage(before).value) worst.set(row.scenario, row);
  }
  return [...worst.values()];
}
