// The pictures of the README: which, and as what files.
import { chartSvg } from '../charts/chart.ts';
import { NARROW, standalone, WIDE } from '../charts/frame.ts';
import type { Chart, Results } from '../results.ts';
import { ratiosSvg } from './ratios.ts';
import { hardest } from './standing.ts';

export interface Figure {
  readonly title: string;
  /** File names, the narrow one for telephones. */
  readonly wide: string;
  readonly narrow: string;
  /** Their content by file name. */
  readonly files: ReadonlyMap<string, string>;
}

/** The first chart of this kind in each scenario, what matters most first; a scenario that did not run has none. */
const SHOWN: readonly { readonly scenario: string; readonly kind: Chart['kind'] }[] = [
  { scenario: 'throughput', kind: 'bars' },
  { scenario: 'kill-storm', kind: 'timeline' },
  { scenario: 'latency', kind: 'percentiles' },
  { scenario: 'scaling', kind: 'scaling' },
  { scenario: 'memory-soak', kind: 'memory' },
];

export function figuresOf(results: Results): Figure[] {
  const against = hardest(results.rows);
  const title = 'How many times as good as the strongest rival of each scenario';
  const overview = against.length === 0 ? [] : [figure('rivals', title, (width) => ratiosSvg(against, title, width))];
  const charts = SHOWN.flatMap(({ scenario: name, kind }) => {
    const scenario = results.scenarios.find((one) => one.name === name && one.error === undefined);
    const chart = scenario?.charts.find((one) => one.kind === kind);
    if (scenario === undefined || chart === undefined) return [];
    return [figure(name, chart.title, (width) => chartSvg(results, scenario, chart, width))];
  });
  return [...overview, ...charts];
}

function figure(name: string, title: string, draw: (width: number) => string): Figure {
  const wide = `${name}.svg`;
  const narrow = `${name}-narrow.svg`;
  const files = new Map([
    [wide, standalone(draw(WIDE))],
    [narrow, standalone(draw(NARROW))],
  ]);
  return { title, wide, narrow, files };
}
