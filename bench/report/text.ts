// The report for a terminal.
import type { Table } from '../charts/table.ts';
import type { Machine } from '../machine.ts';
import type { Results } from '../results.ts';
import { facts, rowsTable, sentence, sidesTable, totals, warnings } from './cells.ts';
import { score } from './standing.ts';

export function factsText(machine: Machine, threads: number, repetitions: number, seed: number): string {
  return facts({ machine, threads, repetitions, seed }).join('\n');
}

/** Scenario by scenario its ratios and what each side cost; then where rivals are ahead, warnings and totals. */
export function reportText(results: Results): string {
  const { rows, scenarios, quick, seconds } = results;
  const parts = scenarios.map((scenario) => {
    const heading = `${scenario.name}: ${scenario.title}`;
    if (scenario.error !== undefined) return `${heading}\n${indent(`FAILED: ${scenario.error}`)}`;
    const own = rows.filter((row) => row.scenario === scenario.name);
    const tables = [rowsTable(own, quick), ...(quick ? [] : [sidesTable(scenario)])];
    const shown = tables.filter((table) => table.rows.length > 0 && table.head.length > 1);
    return [heading, ...shown.map((table) => indent(tableText(table)))].join('\n');
  });
  const { behind } = score(rows);
  if (!quick && behind.length > 0) {
    const lines = behind.map((row) => `  ${sentence(row)}`);
    parts.push(`Behind a rival:\n${lines.join('\n')}`);
  }
  parts.push(...warnings(results).map((warning) => (warning.startsWith('FAILED') ? warning : `WARNING: ${warning}`)));
  parts.push([...totals(results), `${seconds.toFixed(0)} s`].join(', '));
  return parts.join('\n\n');
}

/** Names and a last column of words begin at one edge, figures end at one. */
function tableText({ head, rows, words = false }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  const left = head.map((_, i) => i === 0 || (words && i === head.length - 1));
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
