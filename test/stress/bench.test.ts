import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { BESIDE, type Chart, PERCENTILES, type Results, type ScenarioResults } from '../../bench/results.ts';
import { scenarios } from '../../bench/scenarios/index.ts';
import { inFolder, projectRoot, tests } from '../helpers.ts';
import { run } from '../programs.ts';

/** It ends within a minute on an idle machine; a loaded one takes longer. */
const QUICK_MS = 270_000;
const main = join(projectRoot, 'dist/bench/main.js');

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

async function bench(...args: string[]): Promise<Finished> {
  const { code, stdout, stderr } = await run(process.execPath, [main, ...args], { timeoutMs: QUICK_MS });
  return { code, output: stdout + stderr };
}

const figuresOf = (chart: Chart): string[] => {
  switch (chart.kind) {
    case 'bars':
      return chart.groups.map(({ figure }) => figure);
    case 'percentiles':
      return chart.curves.map(({ figure }) => figure);
    case 'scaling':
      return [chart.x, chart.figure];
    default:
      return [chart.at, ...chart.lines.map(({ figure }) => figure)];
  }
};

function checkChart(chart: Chart, { name, figures }: ScenarioResults): void {
  const sides = chart.sides ?? Object.keys(figures);
  for (const figure of figuresOf(chart)) {
    const values = sides.map((side) => figures[side]?.[0]?.[figure]).filter((value) => value !== undefined);
    assert.ok(values.length > 0, `${name}: no side has what its chart shows, ${figure}`);
    for (const value of values) assert.is(Array.isArray(value), chart.kind !== 'bars', `${name}: ${figure}`);
    if (chart.kind === 'percentiles') assert.is((values[0] as number[]).length, PERCENTILES.length);
  }
}

const test = tests('bench');

test(
  'a quick run of everything loses no work, and writes all that reports need',
  () =>
    inFolder(async (folder) => {
      const json = join(folder, 'quick.json');
      const { code, output } = await bench('--quick', '--json', json);
      assert.is(code, 0, output);
      const results = JSON.parse(readFileSync(json, 'utf8')) as Results;
      assert.equal(
        results.scenarios.map(({ name }) => name),
        scenarios.map(({ name }) => name),
      );
      for (const scenario of results.scenarios) {
        assert.is(scenario.error, undefined);
        for (const [side, repetitions] of Object.entries(scenario.figures)) {
          assert.is(repetitions.length, 1, `${scenario.name}, ${side}`);
          for (const { figure } of BESIDE) {
            assert.ok(Number.isFinite(repetitions[0]![figure]), `${scenario.name}, ${side}: ${figure}`);
          }
        }
        for (const chart of scenario.charts) checkChart(chart, scenario);
      }
      assert.ok(results.rows.length >= scenarios.length);
      for (const { name, value, side, versus, scenario } of results.rows) {
        assert.ok(Number.isFinite(value), `${name}: ${value}`);
        const { figures } = results.scenarios.find((one) => one.name === scenario)!;
        assert.ok(side in figures && (versus === undefined || versus in figures), `${name}: ${side}, ${versus}`);
      }
      assert.is(new Set(results.rows.map(({ scenario, name }) => `${scenario} ${name}`)).size, results.rows.length);
    }),
  QUICK_MS,
);

test('a wrong command line ends it with code 2 and a reason, before anything is measured', () =>
  inFolder(async (folder) => {
    const unknown = await bench('--scenario', 'troughput');
    assert.is(unknown.code, 2);
    assert.match(unknown.output, 'no scenario "troughput"; there are:\n  throughput');
    const missing = await bench('--compare', join(folder, 'missing.json'));
    assert.is(missing.code, 2);
    assert.match(missing.output, 'ENOENT');
    assert.is((await bench('--threats', '2')).code, 2);
  }));

test('--list and --help show what there is', async () => {
  const list = await bench('--list');
  assert.is(list.code, 0);
  for (const { name, title } of scenarios) assert.ok(list.output.includes(`  ${name} `) && list.output.includes(title));
  const help = await bench('--help');
  assert.is(help.code, 0);
  assert.match(help.output, '--compare file');
});

test(
  '--compare passes with ratios that held and fails with one that did not',
  () =>
    inFolder(async (folder) => {
      const json = join(folder, 'a.json');
      const run = ['--scenario', 'cpu-offload', '--repetitions', '1', '--seconds', '0.05'];
      assert.is((await bench(...run, '--json', json)).code, 0);
      const stored = JSON.parse(readFileSync(json, 'utf8')) as Results;
      const withRatio = (value: number): string => {
        const rows = stored.rows.map((row) => ({ ...row, value }));
        writeFileSync(json, JSON.stringify({ ...stored, rows }));
        return json;
      };
      const held = await bench(...run, '--compare', withRatio(0.001));
      assert.is(held.code, 0, held.output);
      assert.match(held.output, '1 of 1 ratios at 0.85× or more');
      const lost = await bench(...run, '--compare', withRatio(1000));
      assert.is(lost.code, 1, lost.output);
      assert.match(lost.output, 'WORSE cpu-offload');
    }),
  120_000,
);

test.run();
