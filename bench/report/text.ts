import { digits } from '../format.ts';
import { type Machine, QUIET_IDLE } from '../machine.ts';
import type { Results, RowResult } from '../results.ts';

export function factsText(machine: Machine, threads: number, repetitions: number, seed: number): string {
  const { cpu, cores, memoryGb, node, platform, loadAtStart } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}, load ${loadAtStart.toFixed(2)}`,
    `${threads} handler threads, ${repetitions} repetition${repetitions === 1 ? '' : 's'}, seed ${seed}`,
  ].join('\n');
}

/** Ratios first, absolute figures second; then which settings the rivals took, and what went wrong. */
export function reportText({ rows, scenarios, quick, seconds }: Results): string {
  const parts: string[] = [];
  if (rows.length > 0) parts.push(table(rows, !quick));
  const notes = scenarios.flatMap(({ name, notes: of }) =>
    Object.entries(of).map(([side, note]) => `  ${name}, ${side}: ${note}`),
  );
  if (notes.length > 0) parts.push(`Settings with which rivals were fastest here:\n${notes.join('\n')}`);
  const busy = scenarios.filter(({ idleBefore }) => idleBefore < QUIET_IDLE);
  if (busy.length > 0) {
    const list = busy.map(({ name, idleBefore }) => `${name} (${percent(1 - idleBefore)} busy)`).join(', ');
    parts.push(`WARNING: the machine had other work before ${list}; figures are noisy, ratios less so.`);
  }
  const failed = scenarios.filter(({ error }) => error !== undefined);
  for (const { name, error } of failed) parts.push(`FAILED ${name}: ${error}`);
  if (quick)
    parts.push('This was a quick run: it checks that work is neither lost nor repeated, its figures mean little.');
  const judged = rows.filter(({ met }) => met !== undefined);
  const targets = quick ? '' : `, ${judged.filter(({ met }) => met).length} of ${judged.length} targets met`;
  parts.push(
    `${scenarios.length - failed.length} of ${scenarios.length} scenarios verified${targets}, ${seconds.toFixed(0)} s`,
  );
  return parts.join('\n\n');
}

function table(rows: readonly RowResult[], judged: boolean): string {
  const head = ['what', 'ratio', 'target', 'met', 'spread', 'absolute'];
  const cells = rows.map(({ name, value, unit, target, met, low, high, absolute }) => [
    name,
    unit === '×' ? `${digits(value)}×` : `${digits(value)} ${unit}`,
    target ?? '–',
    judged && met !== undefined ? (met ? 'yes' : 'NO') : '–',
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
