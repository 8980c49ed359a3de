// The README's section on performance, in Markdown.
import { ROOMY } from '../charts/frame.ts';
import { element } from '../charts/markup.ts';
import { digits } from '../format.ts';
import type { Results, RowResult, RowRole } from '../results.ts';
import { facts, figureOf, spreadOf, warnings } from './cells.ts';
import type { Figure } from './figures.ts';
import { advantage, hardest, score } from './standing.ts';

const START = '<!-- performance:start -->';
const END = '<!-- performance:end -->';

/** So many pictures stand open, the others are folded away. */
const SHOWN = 3;

/** Throws when the markers are not there, once each and in order. */
export function replaceSection(readme: string, section: string): string {
  const [before, rest, ...more] = readme.split(START);
  const [, after, ...later] = rest?.split(END) ?? [];
  if (after === undefined || more.length > 0 || later.length > 0) {
    throw new Error(`the README must have ${START} and ${END}, once each and in this order`);
  }
  return `${before}${START}\n${section.trim()}\n${END}${after}`;
}

/** `folder`: where the figures lie, as seen from the README. */
export function performanceSection(results: Results, figures: readonly Figure[], folder: string): string {
  const { rows } = results;
  const of = (wanted?: RowRole): RowResult[] => rows.filter(({ role }) => role === wanted);
  const rivals = of('rival');
  const { ahead, level, behind } = score(rows);
  const [shown, more] = [figures.slice(0, SHOWN), figures.slice(SHOWN)].map((some) =>
    some.map((figure) => picture(figure, folder)).join('\n\n'),
  ) as [string, string];
  const parts = [
    `Measured on ${facts(results).map(markdown).join('; ')}. Medians, with the spread over the repetitions; in a ratio sides are compared within one repetition. A ratio of 2 is twice the speed or half the time, below 1 ganglion is worse.`,
    ...warnings(results).map((warning) => `**${markdown(warning)}**`),
    shown,
    rivals.length === 0
      ? ''
      : `Of ${rivals.length} comparisons with rivals, which are other libraries and what a program writes by hand, ganglion is ahead in ${ahead.length}, behind in ${behind.length}, and level in ${level.length}, where repetitions disagree. In each scenario, the one in which a rival does best:`,
    ratiosTable(hardest(rows)),
    behind.length === 0 ? '' : `A rival is ahead in:\n\n${behind.map(item).join('\n')}`,
    folded('More pictures', more),
    folded(`All ${rivals.length} comparisons with rivals`, ratiosTable(rivals)),
    folded('Against the floor, the least that has to be done anyway', ratiosTable(of('floor'))),
    folded('ganglion against itself: what an option costs, and what a fault', ratiosTable(of('self'))),
    folded('Figures that compare nothing', figuresTable(of())),
    'All rows, the settings of every rival, and what each side cost in CPU, event-loop delay and memory: `npm run bench -- --html report.html`.',
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function picture({ title, wide, narrow }: Figure, folder: string): string {
  const source = element('source', { media: `(max-width: ${ROOMY}px)`, srcset: `${folder}/${narrow}` });
  return element('picture', {}, source, element('img', { src: `${folder}/${wide}`, alt: title }));
}

function ratiosTable(rows: readonly RowResult[]): string {
  return table(
    ['scenario', 'what', 'ratio', 'spread', 'figures'],
    rows.map((row) => {
      const { value, low, high } = advantage(row);
      return [row.scenario, row.name, `${digits(value)}×`, spreadOf({ ...row, low, high }), row.absolute];
    }),
    2,
  );
}

function figuresTable(rows: readonly RowResult[]): string {
  const cells = rows.map((row) => [
    row.scenario,
    row.name,
    figureOf(row),
    spreadOf(row),
    row.target ?? '–',
    row.absolute,
  ]);
  return table(['scenario', 'what', 'median', 'spread', 'target', 'figures'], cells, 2);
}

/** As a formatter of Markdown would lay it out. The columns from `right` on, except the last, are figures. */
function table(head: readonly string[], rows: readonly (readonly string[])[], right: number): string {
  if (rows.length === 0) return '';
  const lines = [head, ...rows.map((row) => row.map(markdown))];
  const widths = head.map((_, i) => Math.max(3, ...lines.map((cells) => cells[i]!.length)));
  const isFigure = (i: number): boolean => i >= right && i < head.length - 1;
  const pad = (cell: string, i: number): string => (isFigure(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!));
  const rule = widths.map((width, i) => (isFigure(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [titles, ...cells] = lines.map((line) => line.map(pad));
  return [titles!, rule, ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function item(row: RowResult): string {
  const { value, low, high } = advantage(row);
  return `- ${markdown(`${row.scenario}: ${row.name}: ${digits(value)}× (${spreadOf({ ...row, low, high })})`)}`;
}

function folded(summary: string, content: string): string {
  if (content === '') return '';
  return `<details>\n<summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** On one line, with nothing in it that Markdown or HTML would take for its own. */
function markdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[&<>]/g, (char) => HTML[char]!)
    .replace(/[\\`*_[\]|]/g, '\\$&');
}
