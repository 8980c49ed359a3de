import { digits } from './format.ts';
import { type Machine, QUIET_IDLE } from './machine.ts';
import { roundsOf, type ScenarioResult } from './runner.ts';
import type { Row } from './scenario.ts';

/** A row of the table with its figures. */
export interface RowResult {
  readonly scenario: string;
  readonly name: string;
  readonly unit: Row['unit'];
  readonly target: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly met: boolean;
  readonly absolute: string;
}

export interface Report {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly seed: number;
  readonly threads: number;
  readonly repetitions: number;
  readonly seconds: number;
  readonly rows: readonly RowResult[];
  readonly results: readonly ScenarioResult[];
}

export function rowsOf(result: ScenarioResult): RowResult[] {
  if (result.error !== undefined) return [];
  const rounds = roundsOf(result);
  return result.scenario.rows.map((row) => {
    const { value, low, high } = row.measure(rounds);
    const met =
      (row.atLeast === undefined || value >= row.atLeast) && (row.atMost === undefined || value <= row.atMost);
    const target = row.atLeast !== undefined ? `≥ ${row.atLeast}` : `≤ ${row.atMost}`;
    const { name, unit } = row;
    return {
      scenario: result.scenario.name,
      name,
      unit,
      target,
      value,
      low,
      high,
      met,
      absolute: row.absolute(rounds),
    };
  });
}

export function factsText(machine: Machine, threads: number, repetitions: number, seed: number): string {
  const { cpu, cores, memoryGb, node, platform, loadAtStart } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}, load ${loadAtStart.toFixed(2)}`,
    `${threads} handler threads, ${repetitions} repetition${repetitions === 1 ? '' : 's'}, seed ${seed}`,
  ].join('\n');
}

/** Ratios first, absolute figures second; then which settings the rivals took, and what went wrong. */
export function reportText({ rows, results, quick, seconds }: Report): string {
  const parts: string[] = [];
  if (rows.length > 0) parts.push(table(rows, !quick));
  const notes = results.flatMap(({ scenario, notes: of }) =>
    Object.entries(of).map(([side, note]) => `  ${scenario.name}, ${side}: ${note}`),
  );
  if (notes.length > 0) parts.push(`Settings with which rivals were fastest here:\n${notes.join('\n')}`);
  const busy = results.filter(({ idleBefore }) => idleBefore < QUIET_IDLE);
  if (busy.length > 0) {
    const list = busy
      .map(({ scenario, idleBefore }) => `${scenario.name} (${percent(1 - idleBefore)} busy)`)
      .join(', ');
    parts.push(`WARNING: the machine had other work before ${list}; figures are noisy, ratios less so.`);
  }
  const failed = results.filter(({ error }) => error !== undefined);
  for (const { scenario, error } of failed) parts.push(`FAILED ${scenario.name}: ${error}`);
  if (quick)
    parts.push('This was a quick run: it checks that work is neither lost nor repeated, its figures mean little.');
  const met = rows.filter((row) => row.met).length;
  const targets = quick ? '' : `, ${met} of ${rows.length} targets met`;
  parts.push(
    `${results.length - failed.length} of ${results.length} scenarios verified${targets}, ${seconds.toFixed(0)} s`,
  );
  return parts.join('\n\n');
}

function table(rows: readonly RowResult[], judged: boolean): string {
  const head = ['what', 'ratio', 'target', 'met', 'spread', 'absolute'];
  const cells = rows.map(({ name, value, unit, target, met, low, high, absolute }) => [
    name,
    unit === '×' ? `${digits(value)}×` : `${digits(value)} ${unit}`,
    target,
    judged ? (met ? 'yes' : 'NO') : '–',
    `${digits(low)} – ${digits(high)}`,
    absolute,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)));
  const left = new Set([0, 5]);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (left.has(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n');
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** All figures, for programs. */
export function reportJson({ machine, quick, seed, threads, repetitions, seconds, rows, results }: Report): string {
  const scenarios = results.map(({ scenario, figures, notes, idleBefore, error }) => ({
    name: scenario.name,
    title: scenario.title,
    idleBefore,
    notes,
    figures,
    ...(error === undefined ? {} : { error }),
  }));
  return `${JSON.stringify({ machine, quick, seed, threads, repetitions, seconds, rows, scenarios }, null, 2)}\n`;
}
