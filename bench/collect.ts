// From what sides measured to what reports show.
import type { Results, RowResult, ScenarioResults } from './results.ts';
import { roleOf } from './roles.ts';
import { roundsOf, type ScenarioResult } from './runner.ts';
import type { Row } from './scenario.ts';

export function rowsOf(result: ScenarioResult): RowResult[] {
  if (result.error !== undefined) return [];
  const rounds = roundsOf(result);
  return result.scenario.rows.map((row): RowResult => {
    const { value, low, high } = row.measure(rounds);
    const { name, unit, versus } = row;
    return {
      scenario: result.scenario.name,
      name,
      unit,
      better: betterOf(row),
      side: row.side ?? Object.keys(result.scenario.sides)[0]!,
      ...(versus === undefined ? {} : { versus, role: roleOf(versus) }),
      ...judge(row, value),
      value,
      low,
      high,
      absolute: row.absolute(rounds),
    };
  });
}

function betterOf({ unit, better, atLeast, atMost }: Row): 'more' | 'less' {
  if (atLeast !== undefined) return 'more';
  if (atMost !== undefined) return 'less';
  return better ?? (unit === '×' ? 'more' : 'less');
}

function judge({ atLeast, atMost }: Row, value: number): { target?: string; met?: boolean } {
  if (atLeast !== undefined) return { target: `≥ ${atLeast}`, met: value >= atLeast };
  if (atMost !== undefined) return { target: `≤ ${atMost}`, met: value <= atMost };
  return {};
}

export function scenarioResults({ scenario, figures, notes, idleBefore, error }: ScenarioResult): ScenarioResults {
  return {
    name: scenario.name,
    title: scenario.title,
    idleBefore,
    notes,
    figures,
    charts: scenario.charts ?? [],
    ...(error === undefined ? {} : { error }),
  };
}

/** All figures, for programs. */
export function resultsJson(results: Results): string {
  return `${JSON.stringify(results, null, 1)}\n`;
}
