import * as assert from 'uvu/assert';
import { barsSvg } from '../../bench/charts/bars.ts';
import { chartSvg } from '../../bench/charts/chart.ts';
import { panelsOf, single } from '../../bench/charts/data.ts';
import { NARROW, standalone, WIDE } from '../../bench/charts/frame.ts';
import { escapeText, textWidth, wrap } from '../../bench/charts/markup.ts';
import { chartTable } from '../../bench/charts/table.ts';
import { tonesOf } from '../../bench/charts/tones.ts';
import { type Chart, PERCENTILES, type TimelineChart } from '../../bench/results.ts';
import { tests } from '../helpers.ts';
import { rowOf, sample, scenarioOf } from './sample.ts';
import { type Parsed, parseXml } from './xml.ts';

const test = tests('bench charts');
const origin = { rows: [], repetitions: 3 };
const memory: TimelineChart = {
  kind: 'memory',
  title: 'memory',
  unit: 'MB',
  at: 'at',
  lines: [{ label: 'resident', figure: 'rss' }],
};
const EACH_KIND: readonly Chart[] = [
  { kind: 'bars', title: 'bars', unit: 'events/s', better: 'more', groups: [{ label: 'all', figure: 'rate' }] },
  { kind: 'bars', title: 'dots', unit: 'µs', better: 'less', log: true, groups: [{ label: 'all', figure: 'rate' }] },
  { kind: 'percentiles', title: 'curves', unit: 'µs', curves: [{ label: 'all', figure: 'latency' }] },
  { ...memory, kind: 'timeline', title: 'storm', log: true },
  memory,
  {
    kind: 'scaling',
    title: 'lines',
    unit: 'tasks/s',
    x: 'threads',
    xLabel: 'threads',
    figure: 'rates',
    ideal: 'linear',
  },
  {
    kind: 'scaling',
    title: 'flat',
    unit: 'µs',
    x: 'threads',
    xLabel: 'n',
    figure: 'rates',
    ideal: 'constant',
    log: true,
  },
];

/** Every number in coordinates is one, and nothing sticks out of the picture. */
function checkDrawing(svg: string): Parsed {
  const parsed = parseXml(svg);
  const [, , width, height] = parsed.elements[0]!.attributes.viewBox!.split(' ').map(Number) as [
    number,
    number,
    number,
    number,
  ];
  for (const { name, attributes } of parsed.elements) {
    for (const key of ['x', 'x1', 'x2', 'cx', 'y', 'y1', 'y2', 'cy', 'width', 'height', 'r']) {
      const value = attributes[key];
      if (value === undefined) continue;
      const most = /^[xcw]/.test(key) && key !== 'cy' ? width : height;
      assert.ok(Number(value) >= 0 && Number(value) <= most, `${name} ${key}=${value} of ${most}`);
    }
    assert.not.match(attributes.d ?? '', /NaN|Infinity|undefined/);
  }
  assert.not.match(svg, />(NaN|undefined|∞|null)</);
  return parsed;
}

test('text is escaped, and what XML cannot hold is replaced', () => {
  assert.is(escapeText(`<a href="x" id='y'>&amp;`), '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;');
  assert.is(escapeText('a\u0000b\u001fc\ud800d\tе'), 'a\ufffdb\ufffdc\ufffdd\tе');
});

test('names out of results never become markup', () => {
  const evil = '</text><script>alert("1")</script>\u0001';
  const scenario = scenarioOf('s', { figures: { [evil]: [{ rate: 1 }] } });
  for (const chart of EACH_KIND) {
    const drawn = chartSvg(origin, scenario, { ...chart, title: evil, unit: evil }, WIDE);
    const { elements } = checkDrawing(drawn);
    assert.not.ok(elements.some(({ name }) => name === 'script'));
  }
});

test('every chart of a full run draws at both widths, as an element and as a file', () => {
  for (const scenario of sample.scenarios) {
    for (const chart of scenario.charts) {
      for (const width of [WIDE, NARROW]) {
        const svg = chartSvg(sample, scenario, chart, width);
        const { elements, texts } = checkDrawing(svg);
        assert.is(elements[0]!.attributes['aria-label'], chart.title);
        assert.is(texts('text', 'title').join(' '), chart.title);
        const file = checkDrawing(standalone(svg));
        assert.is(file.elements[0]!.attributes.xmlns, 'http://www.w3.org/2000/svg');
        assert.match(file.texts('style')[0]!, '@media (prefers-color-scheme:dark)');
      }
    }
  }
});

test('nothing measured, one sample, zeros, nulls and huge ratios draw', () => {
  const flat = (value: number): number[] => PERCENTILES.map(() => value);
  const of = (rate: unknown, n: number): object => ({
    rate,
    latency: flat(n),
    at: [n],
    rss: [n],
    threads: [1],
    rates: [n],
  });
  const figures: readonly (readonly unknown[])[] = [
    [],
    [{}],
    [of(1, 1)],
    [of(0, 0)],
    [of(null, 5), of(null, 6)],
    [of(1e-9, 1e-9), of(1e15, 1e15)],
    [{ rate: [], latency: [], at: [], rss: [], threads: [], rates: [] }],
    [{ rate: 3, latency: [null], at: [0, 1], rss: [null, 2], threads: [null, 2], rates: [1] }],
  ];
  for (const each of figures) {
    const scenario = scenarioOf('s', { figures: { ganglion: each as never, other: [] } });
    for (const chart of EACH_KIND) {
      for (const width of [WIDE, NARROW]) checkDrawing(chartSvg(origin, scenario, chart, width));
      chartTable(scenario, chart);
    }
  }
  const empty = parseXml(chartSvg(origin, scenarioOf('s', {}), EACH_KIND[0]!, WIDE));
  assert.ok(empty.texts('text').includes('no figures'));
});

test('bars are as long as their medians, from zero, with whiskers from the smallest to the largest', () => {
  const scenario = scenarioOf('s', {
    figures: { ganglion: [{ rate: 100 }, { rate: 200 }, { rate: 300 }], b: [{ rate: 50 }] },
  });
  const { elements, texts } = checkDrawing(chartSvg(origin, scenario, EACH_KIND[0]!, WIDE));
  const [own, rival] = elements.filter(
    ({ name, attributes }) => name === 'rect' && attributes.class?.startsWith('bar'),
  );
  assert.is(own!.attributes.class, 'bar own');
  assert.is(rival!.attributes.class, 'bar rival');
  assert.is(own!.attributes.x, rival!.attributes.x);
  const perUnit = Number(own!.attributes.width) / 200;
  assert.ok(Math.abs(Number(rival!.attributes.width) - 50 * perUnit) < 0.2);
  const whisker = elements.find(({ attributes }) => attributes.class === 'whisker')!.attributes.d!;
  const [from, , to] = [...whisker.matchAll(/M([\d.]+) /g)].map((match) => Number(match[1]));
  assert.ok(Math.abs(to! - from! - 200 * perUnit) < 0.2, whisker);
  assert.equal(texts('text', 'value'), ['200', '50']);
});

test('a log axis has dots instead of bars, a floor is hollow, and the note says both', () => {
  const scenario = scenarioOf('s', { figures: { ganglion: [{ rate: 5 }], nothing: [{ rate: 9 }] } });
  const rows = [rowOf({ scenario: 's', versus: 'nothing', role: 'floor' })];
  const { elements, texts } = checkDrawing(chartSvg({ rows, repetitions: 1 }, scenario, EACH_KIND[1]!, WIDE));
  assert.equal(
    elements.filter(({ name }) => name === 'circle').map(({ attributes }) => attributes.class),
    ['dot own', 'dot floor'],
  );
  assert.not.ok(elements.some(({ attributes }) => attributes.class?.startsWith('bar')));
  assert.match(texts('text', 'note').join(' '), /µs, log axis; less is better; one repetition; hollow/);
});

test('long labels wrap beside their bars, and stand above them where there is no room', () => {
  const bar = {
    label: 'a side with a rather long name of its own, which goes on and on',
    kind: 'rival',
    measured: { value: 1, low: 1, high: 1 },
  } as const;
  const groups = [{ label: '', bars: [bar] }];
  const drawn = (width: number): { left: number; lines: string[] } => {
    const { elements, texts } = checkDrawing(barsSvg(groups, { title: 't', note: 'n', width }));
    const left = Number(elements.find(({ attributes }) => attributes.class === 'bar rival')!.attributes.x);
    return { left, lines: texts('text', 'halo').slice(0, -1) };
  };
  assert.ok(drawn(NARROW).left < 30);
  assert.is(drawn(NARROW).lines.join(' '), bar.label);
  assert.ok(Math.max(...drawn(NARROW).lines.map((line) => textWidth(line, 12))) < NARROW);
  assert.ok(drawn(WIDE).left > 200);
  const wide = drawn(WIDE).lines;
  assert.ok(wide.length < 3 && wide.join(' ') === bar.label, wide.join('|'));
});

test('percentiles and scaling take medians over the repetitions at each x', () => {
  const figures = {
    ganglion: [
      { x: [1, 2], y: [10, 20] },
      { x: [2, 1], y: [40, 30] },
      { x: [1], y: [11] },
    ],
  };
  const chart: Chart = { kind: 'scaling', title: '', unit: '', x: 'x', xLabel: '', figure: 'y', ideal: 'linear' };
  assert.equal(panelsOf(scenarioOf('s', { figures }), chart)[0]!.series[0]!.points, [
    { x: 1, value: 11, low: 10, high: 30 },
    { x: 2, value: 30, low: 20, high: 40 },
  ]);
});

test('the ideal line grows from the first side’s first point', () => {
  const scenario = scenarioOf('s', { figures: { ganglion: [{ threads: [1, 2, 4], rates: [10, 19, 30] }] } });
  const drawn = checkDrawing(chartSvg(origin, scenario, EACH_KIND[5]!, WIDE));
  const points = drawn.elements.find(({ name, attributes }) => name === 'path' && attributes.class === 'ideal')!
    .attributes.d!;
  const ys = [...points.matchAll(/ ([\d.]+)/g)].map((match) => Number(match[1]));
  assert.is(ys.length, 3);
  assert.ok(Math.abs((ys[0]! - ys[2]!) / (ys[0]! - ys[1]!) - 3) < 0.05, points);
  assert.ok(drawn.texts('text').includes('ideal: in step with threads'));
});

test('a peak stays in a timeline however many moments it has', () => {
  const at = Array.from({ length: 10_000 }, (_, i) => i / 100);
  const peak = { at, rss: at.map((_, i) => (i === 7_777 ? 900 : 1)) };
  const points = panelsOf(scenarioOf('s', { figures: { ganglion: [peak] } }), memory)[0]!.series[0]!.points;
  assert.ok(points.length <= 200, String(points.length));
  assert.is(Math.max(...points.map(({ value }) => value)), 900);
  assert.equal(
    points.map(({ x }) => x),
    points.map(({ x }) => x).sort((a, b) => a - b),
  );
});

test('several sides and several lines make a panel for each line; one side has all its lines in one', () => {
  const lines = [
    { label: 'median', figure: 'm' },
    { label: 'slowest', figure: 'w' },
  ];
  const side = [{ at: [0, 1], m: [1, 2], w: [3, 4] }];
  const shape = (figures: Record<string, typeof side>): string[] =>
    panelsOf(scenarioOf('s', { figures }), { ...memory, lines }).map(
      ({ label, series }) => `${label}: ${series.map((one) => one.label).join()}`,
    );
  assert.equal(shape({ ganglion: side, b: side }), ['median: ganglion,b', 'slowest: ganglion,b']);
  assert.equal(shape({ ganglion: side }), [': median,slowest']);
});

test('a chart shows the sides it names, those without its figures left out', () => {
  const figures = { ganglion: [{ rate: 1 }], b: [{ rate: 2 }], c: [{ other: 3 }] };
  const table = chartTable(scenarioOf('s', { figures }), { ...EACH_KIND[0]!, sides: ['b', 'c', 'gone'] });
  assert.equal(table.rows, [['b', '2']]);
});

test('figures that are no numbers count for nothing', () => {
  const figures = { ganglion: [{ rate: null }, { rate: 4 }, { rate: 6 }] as never };
  assert.equal(single(scenarioOf('s', { figures }), 'ganglion', 'rate'), { value: 5, low: 4, high: 6 });
  assert.is(single(scenarioOf('s', { figures }), 'ganglion', 'none'), undefined);
});

test('tables beside charts hold the values that are told of such curves', () => {
  const latency = PERCENTILES.map((p) => p * 10);
  const figures = { ganglion: [{ latency, at: [0, 1, 2], rss: [5, 9, 7] }] };
  const scenario = scenarioOf('s', { figures });
  assert.equal(chartTable(scenario, EACH_KIND[2]!), {
    head: ['µs', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'],
    rows: [['ganglion', '500', '900', '990', '999', '1k', '1k']],
  });
  assert.equal(chartTable(scenario, memory), {
    head: ['MB', 'start', 'median', 'highest', 'end'],
    rows: [['ganglion', '5', '7', '9', '7']],
  });
});

test('ganglion alone stands out, and no two rivals look the same', () => {
  const rivals = Array.from({ length: 12 }, (_, i) => `rival ${i}`);
  const tones = tonesOf(['plain', 'ganglion', 'ganglion, binary', ...rivals]);
  assert.equal(
    [...tones].filter(([, { colour }]) => colour === 0).map(([side]) => side),
    ['ganglion', 'ganglion, binary'],
  );
  const looks = [...tones.values()].map(({ colour, dash }) => `${colour} ${dash}`);
  assert.is(new Set(looks).size, looks.length);
});

test('where no side is called ganglion the first one shown stands out', () => {
  const own = (sides: readonly string[], shown?: readonly string[]): string[] =>
    [...tonesOf(sides, shown)].filter(([, { colour }]) => colour === 0).map(([side]) => side);
  assert.equal(own(['audited', 'plain']), ['audited']);
  assert.equal(own(['audited', 'plain'], ['plain']), ['plain']);
  assert.equal(own(['ganglion', 'piscina'], ['piscina']), ['ganglion']);
  assert.equal(own(['only', 'other'], []), ['only']);
});

test('titles wrap between words', () => {
  assert.equal(wrap('one two three', 1e4, 12), ['one two three']);
  assert.equal(wrap('one two three', 1, 12), ['one', 'two', 'three']);
  assert.equal(wrap('', 10, 12), ['']);
});

test.run();
