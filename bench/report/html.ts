// report.html: one page that needs neither network nor script, in words of HTML that are well-formed XML as well.
import { chartSvg } from '../charts/chart.ts';
import { NARROW, WIDE } from '../charts/frame.ts';
import { element, escapeText } from '../charts/markup.ts';
import { chartTable, type Table } from '../charts/table.ts';
import type { Results, ScenarioResults } from '../results.ts';
import { rowsTable, sentence, sidesTable, totals, warnings } from './cells.ts';
import { PAGE_STYLE } from './html-style.ts';
import { ratiosSvg } from './ratios.ts';
import { score } from './standing.ts';

/** The whole page. All text in it is escaped; results may come from anywhere. */
export function reportHtml(results: Results): string {
  const head = element(
    'head',
    {},
    '<meta charset="utf-8"/>',
    '<meta name="viewport" content="width=device-width,initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    element('title', {}, escapeText(`ganglion bench, ${results.machine.date.slice(0, 10)}`)),
    `<style>${PAGE_STYLE}</style>`,
  );
  const body = [opening(results), overview(results), ...results.scenarios.map((one) => section(results, one))];
  return `<!DOCTYPE html>\n${element('html', { lang: 'en' }, head, element('body', {}, element('main', {}, ...body)))}\n`;
}

function opening(results: Results): string {
  const { machine, threads, repetitions, seed, seconds } = results;
  const facts: readonly (readonly [string, string])[] = [
    ['Machine', `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB`],
    ['System', `${machine.platform}, Node ${machine.node}`],
    ['Date', `${machine.date.slice(0, 16).replace('T', ' ')} UTC`],
    ['Load at start', machine.loadAtStart.toFixed(2)],
    [
      'Run',
      `${threads} handler threads, ${repetitions} repetition${repetitions === 1 ? '' : 's'} of each side, ${seconds.toFixed(0)} s in all`,
    ],
    ['Seed', String(seed)],
  ];
  return [
    element('h1', {}, 'ganglion bench'),
    paragraph(`${totals(results).join('; ')}.`),
    ...warnings(results).map((warning) => paragraph(warning, 'warning')),
    element(
      'dl',
      {},
      ...facts.flatMap(([name, fact]) => [element('dt', {}, name), element('dd', {}, escapeText(fact))]),
    ),
    paragraph(
      'Every side runs in a process of its own and is warm. Repetition by repetition all sides take turns, in an order shuffled by the seed. ' +
        'Figures are medians over the repetitions; the spread reaches from the smallest to the largest. ' +
        'A ratio compares sides within one repetition, so that what slows the machine slows both. ' +
        'Each scenario checks its own result, and fails when work was lost or done twice.',
      'soft',
    ),
  ].join('');
}

function overview({ rows, scenarios, quick }: Results): string {
  const links = scenarios.map(({ name }) => element('a', { href: `#${idOf(name)}` }, escapeText(name)));
  const nav = element('nav', { 'aria-label': 'Scenarios' }, ...links);
  const rivals = rows.filter(({ role }) => role === 'rival');
  if (quick || rivals.length === 0) return nav;
  const { behind } = score(rows);
  const losing =
    behind.length === 0
      ? paragraph('No rival is ahead in any row.')
      : paragraph('Rows in which a rival is ahead, over all repetitions:') +
        element('ul', {}, ...behind.map((row) => element('li', {}, escapeText(sentence(row)))));
  return (
    nav +
    element('h2', {}, 'Against other libraries, and what a program writes by hand') +
    losing +
    figure((width) => ratiosSvg(rivals, 'How many times as good as each rival', width))
  );
}

function section(results: Results, scenario: ScenarioResults): string {
  const heading = element('h2', { id: idOf(scenario.name) }, escapeText(scenario.name));
  const title = paragraph(scenario.title, 'soft');
  if (scenario.error !== undefined)
    return element('section', {}, heading, title, paragraph(`FAILED: ${scenario.error}`, 'warning'));
  const rows = rowsTable(
    results.rows.filter((row) => row.scenario === scenario.name),
    results.quick,
  );
  const charts = scenario.charts.map((chart) => {
    const drawn = figure((width) => chartSvg(results, scenario, chart, width));
    return element('div', { class: 'pair' }, drawn, tableHtml(chartTable(scenario, chart), chart.title));
  });
  const sides = element('h3', {}, 'What each side cost beside that');
  return element('section', {}, heading, title, tableHtml(rows), ...charts, sides, tableHtml(sidesTable(scenario)));
}

function figure(draw: (width: number) => string): string {
  const [wide, narrow] = [WIDE, NARROW].map(draw) as [string, string];
  return element('figure', {}, classed(wide, 'wide'), classed(narrow, 'narrow'));
}

function classed(svg: string, name: string): string {
  return svg.replace('class="chart"', `class="chart ${name}"`);
}

const MARKED: Readonly<Record<string, string>> = { ahead: 'ahead', behind: 'behind' };

function tableHtml({ head, rows, words = false }: Table, label?: string): string {
  if (rows.length === 0) return '';
  const wordy = (i: number): string | undefined => (words && i === head.length - 1 ? 'words' : undefined);
  const titles = head.map((cell, i) => element('th', { scope: 'col', class: wordy(i) }, escapeText(cell)));
  const lines = rows.map(([name, ...cells]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, escapeText(name!)),
      ...cells.map((cell, i) => {
        const mark = MARKED[cell] ?? (cell.endsWith(' MISSED') ? 'missed' : wordy(i + 1));
        return element('td', { class: mark }, escapeText(cell));
      }),
    ),
  );
  const table = element(
    'table',
    { 'aria-label': label },
    element('thead', {}, element('tr', {}, ...titles)),
    element('tbody', {}, ...lines),
  );
  return element('div', { class: 'scroll' }, table);
}

function paragraph(text: string, name?: string): string {
  return element('p', { class: name }, escapeText(text));
}

function idOf(name: string): string {
  return `scenario-${name.replace(/[^\w-]+/g, '-')}`;
}
