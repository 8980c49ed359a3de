import { readFileSync } from 'node:fs';
import { digits } from './format.ts';
import { UsageError } from './options.ts';
import type { Results, RowResult } from './results.ts';

/** A ratio may come down to this share of the stored one: more than noise, less than anybody should shrug off. */
export const LEAST_SHARE = 0.85;

/** Throws UsageError when it can't be read or is no result of a full run. */
export function readResults(path: string): Results {
  let stored: Partial<Results> | null;
  try {
    stored = JSON.parse(readFileSync(path, 'utf8')) as Partial<Results> | null;
  } catch (error) {
    throw new UsageError(`--compare ${path}: ${(error as Error).message}`);
  }
  if (!Array.isArray(stored?.rows) || !Array.isArray(stored.scenarios)) {
    throw new UsageError(`--compare ${path}: not a file that --json has written`);
  }
  if (stored.quick !== false) throw new UsageError(`--compare ${path}: from a quick run, whose figures mean little`);
  return stored as Results;
}

export interface Change {
  readonly scenario: string;
  readonly name: string;
  readonly before: number;
  /** None: the row is gone, since its scenario failed or is no more. */
  readonly after: number | undefined;
  /** 1: as good as before; less is worse, whichever way the row counts. */
  readonly share: number;
  readonly worse: boolean;
}

/**
 * How today's ratios stand to stored ones. Ratios alone: what two machines, or one machine on two days, can tell of
 * each other. Scenarios that did not run today are left out.
 */
export function changes(before: Results, after: Results): Change[] {
  const ran = new Set(after.scenarios.map(({ name }) => name));
  const key = ({ scenario, name }: RowResult): string => `${scenario}\n${name}`;
  const today = new Map(after.rows.map((row) => [key(row), row]));
  return before.rows
    .filter(({ unit, scenario }) => unit === '×' && ran.has(scenario))
    .map((row): Change => {
      const now = today.get(key(row))?.value;
      const share = now === undefined ? 0 : row.better === 'less' ? row.value / now : now / row.value;
      // A share that is no number is no pass.
      return {
        scenario: row.scenario,
        name: row.name,
        before: row.value,
        after: now,
        share,
        worse: !(share >= LEAST_SHARE),
      };
    });
}

/** The rows that came down, or a line that none did. */
export function changesText(all: readonly Change[], path: string): string {
  const worse = all.filter((change) => change.worse);
  const head = `Against ${path}: ${all.length - worse.length} of ${all.length} ratios at ${LEAST_SHARE}× or more of what they were`;
  const lines = worse.map(({ scenario, name, before, after, share }) => {
    const now = after === undefined ? 'gone' : `${digits(after)}×`;
    return `  WORSE ${scenario}: ${name}: ${digits(before)}× → ${now} (${digits(share)} of it)`;
  });
  return [head, ...lines].join('\n');
}
