// What the cells of tables say, in the terminal and on the page alike.
import { single } from '../charts/data.ts';
import type { Table } from '../charts/table.ts';
import { digits, shortNumber } from '../format.ts';
import { QUIET_IDLE } from '../machine.ts';
import { BESIDE, type Results, type RowResult, type ScenarioResults } from '../results.ts';
import { score, standing } from './standing.ts';

export function figureOf({ unit, value }: RowResult): string {
  return unit === '×' ? `${digits(value)}×` : `${digits(value)} ${unit}`;
}

export function spreadOf({ low, high }: RowResult): string {
  return low === high ? '–' : `${digits(low)} – ${digits(high)}`;
}

/** A row in a sentence: whose ratio, how sure, and how to take it. */
export function sentence(row: RowResult): string {
  const of = spreadOf(row);
  return `${row.scenario}: ${row.name}: ${figureOf(row)} (${of === '–' ? '' : `${of}, `}${row.better} is better)`;
}

/** What it comes to first, the figures behind it last. Targets are judged in full runs alone. */
export function rowsTable(rows: readonly RowResult[], quick: boolean): Table {
  const judge = (row: RowResult): string => (row.met === undefined || quick ? '' : row.met ? ' met' : ' MISSED');
  const columns: readonly (readonly [head: string, cell: (row: RowResult) => string])[] = [
    ['', ({ name }) => name],
    ['median', figureOf],
    ['spread', spreadOf],
    ['good is', ({ better }) => better],
    ['standing', (row) => (quick ? '–' : told(row))],
    ['target', (row) => (row.target === undefined ? '–' : `${row.target}${judge(row)}`)],
    ['figures', ({ absolute }) => absolute],
  ];
  const worth = columns.filter(([, cell], i) => i < 2 || rows.some((row) => cell(row) !== '–'));
  return {
    head: worth.map(([head]) => head),
    rows: rows.map((row) => worth.map(([, cell]) => cell(row))),
    words: true,
  };
}

function told(row: RowResult): string {
  if (row.role === 'floor') return 'vs floor';
  if (row.role === 'self') return 'vs itself';
  return standing(row) ?? '–';
}

/** Per side what it cost beside its speed, and its settings. */
export function sidesTable(scenario: ScenarioResults): Table {
  const sides = Object.keys(scenario.figures).filter((side) => (scenario.figures[side] ?? []).length > 0);
  const measured = BESIDE.filter(({ figure }) => sides.some((side) => single(scenario, side, figure) !== undefined));
  const noted = sides.some((side) => scenario.notes[side] !== undefined);
  return {
    words: noted,
    head: ['', ...measured.map(({ label }) => label), ...(noted ? ['what it is, its settings'] : [])],
    rows: sides.map((side) => [
      side,
      ...measured.map(({ figure, unit }) => {
        const of = single(scenario, side, figure);
        return of === undefined ? '–' : `${shortNumber(of.value)} ${unit}`;
      }),
      ...(noted ? [scenario.notes[side] ?? '–'] : []),
    ]),
  };
}

/** The machine and the moment; then how the run went about it. */
export function facts({
  machine,
  threads,
  repetitions,
  seed,
}: Pick<Results, 'machine' | 'threads' | 'repetitions' | 'seed'>): string[] {
  const { cpu, cores, memoryGb, node, platform, loadAtStart, date } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}, load ${loadAtStart.toFixed(2)} at start, ${dateOf(date)}`,
    `${threads} handler threads, ${repetitions} repetition${repetitions === 1 ? '' : 's'}, seed ${seed}`,
  ];
}

/** To the minute, in UTC. */
function dateOf(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

/** What a reader has to know before the figures; empty when there is nothing. */
export function warnings({ scenarios, quick }: Results): string[] {
  const busy = scenarios.filter(({ idleBefore }) => idleBefore < QUIET_IDLE);
  const list = busy.map(({ name, idleBefore }) => `${name} (${Math.round((1 - idleBefore) * 100)} % busy)`).join(', ');
  return [
    ...(quick
      ? ['This was a quick run: it checks that work is neither lost nor repeated, its figures mean little.']
      : []),
    ...(busy.length > 0 ? [`The machine had other work before ${list}: figures are noisy, ratios less so.`] : []),
    ...scenarios.flatMap(({ name, error }) => (error === undefined ? [] : [`FAILED ${name}: ${error.split('\n')[0]}`])),
  ];
}

/** How many scenarios were verified, targets met, rivals beaten. */
export function totals({ rows, scenarios, quick }: Results): string[] {
  const verified = scenarios.filter(({ error }) => error === undefined);
  const judged = rows.filter(({ met }) => met !== undefined);
  const { ahead, level, behind } = score(rows);
  const rivals = ahead.length + level.length + behind.length;
  return [
    `${verified.length} of ${scenarios.length} scenarios verified`,
    ...(quick || judged.length === 0
      ? []
      : [`${judged.filter(({ met }) => met).length} of ${judged.length} targets met`]),
    ...(quick || rivals === 0
      ? []
      : [
          `of ${rivals} rows against rivals ahead in ${ahead.length}, level in ${level.length}, behind in ${behind.length}`,
        ]),
  ];
}
