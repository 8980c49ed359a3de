// The report for a terminal.
import type { Table } from '../charts/table.ts';
import type { Machine } from '../machine.ts';
import type { Results } from '../results.ts';
import { facts, figureOf, rowsTable, sidesTable, spreadOf, totals, warnings } from './cells.ts';
import { score } from './standing.ts';

export function factsText(machine: Machine, threads: number, repetitions: number, seed: number): string {
  return facts({ machine, threads, repetitions, seed }).join('\n');
}

/** Scenario by scenario its ratios and what each side cost; then where rivals are ahead, warnings and totals. */
export function reportText(results: Results): string {
  const { rows, scenarios, quick, seconds } = results;
  const parts = scenarios
    .filter(({ error }) => error === undefined)
    .map((scenario) => {
      const own = rows.filter((row) => row.scenario === scenario.name);
      const tables = [rowsTable(own, quick), ...(quick ? [] : [sidesTable(scenario)])];
      const shown = tables.filter((table) => table.rows.length > 0 && table.head.length > 1);
      return [`${scenario.name}: ${scenario.title}`, ...shown.map((table) => indent(tableText(table)))].join('\n');
    });
  const { behind } = score(rows);
  if (!quick && behind.length > 0) {
    const lines = behind.map((row) => `  ${row.scenario}: ${row.name}: ${figureOf(row)} (${spreadOf(row)})`);
    parts.push(`Behind a rival:\n${lines.join('\n')}`);
  }
  parts.push(...warnings(results).map((warning) => (warning.startsWith('FAILED') ? warning : `WARNING: ${warning}`)));
  parts.push([...totals(results), `${seconds.toFixed(0)} s`].join(', '));
  return parts.join('\n\n');
}

/** A cell longer than this holds words. */
const WORDY = 12;

/** Names and a last column of words begin at one edge, figures end at one. */
function tableText({ head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  const wordy = rows.some((row) => row.at(-1)!.length > WORDY);
  const left = head.map((_, i) => i === 0 || (wordy && i === head.length - 1));
  return all
    .map((row) =>
      row
        .map((cell, i) => (left[i] ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
