import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { resultsJson } from '../../bench/collect.ts';
import { changes, changesText, LEAST_SHARE, readResults } from '../../bench/compare.ts';
import { UsageError } from '../../bench/options.ts';
import type { Results, RowResult, ScenarioResults } from '../../bench/results.ts';
import { inFolder, tests } from '../helpers.ts';

type Some = Partial<RowResult> & Pick<RowResult, 'name' | 'value'>;

function results(rows: readonly Some[], scenarios: readonly string[] = ['s'], quick = false): Results {
  return {
    machine: { cpu: 'c', cores: 2, memoryGb: 4, node: 'v20', platform: 'p', loadAtStart: 0, date: '2026-01-01' },
    quick,
    seed: 1,
    threads: 2,
    repetitions: 5,
    seconds: 1,
    rows: rows.map((row) => ({
      scenario: 's',
      unit: '×' as const,
      better: 'more' as const,
      side: 'a',
      low: row.value,
      high: row.value,
      absolute: '',
      ...row,
    })),
    scenarios: scenarios.map(
      (name): ScenarioResults => ({ name, title: '', idleBefore: 1, notes: {}, figures: {}, charts: [] }),
    ),
  };
}

const test = tests('bench compare');

test('a ratio just above the least share passes, one just below fails', () => {
  const before = results([
    { name: 'up', value: 2 },
    { name: 'near', value: 1 },
    { name: 'down', value: 1 },
  ]);
  const after = results([
    { name: 'up', value: 4 },
    { name: 'near', value: LEAST_SHARE + 0.001 },
    { name: 'down', value: LEAST_SHARE - 0.001 },
  ]);
  const all = changes(before, after);
  assert.equal(
    all.map(({ name, worse }) => [name, worse]),
    [
      ['up', false],
      ['near', false],
      ['down', true],
    ],
  );
  assert.is(all[0]!.share, 2);
  assert.match(changesText(all, 'old.json'), 'Against old.json: 2 of 3 ratios');
  assert.match(changesText(all, 'old.json'), /WORSE s: down: 1\.00× → 0\.849× \(0\.849 of it\)$/);
});

test('where less is better a ratio fails by growing', () => {
  const before = results([{ name: 'latency', value: 0.4, better: 'less' }]);
  const at = (value: number) => changes(before, results([{ name: 'latency', value, better: 'less' }]))[0]!;
  assert.is(at(0.2).worse, false);
  assert.is(at(0.46).worse, false);
  assert.is(at(0.48).worse, true);
});

test('absolute figures are no reason: another machine has others', () => {
  const before = results([{ name: 'took', value: 1, unit: 'ms', better: 'less' }]);
  assert.equal(changes(before, results([{ name: 'took', value: 100, unit: 'ms', better: 'less' }])), []);
});

test('a row that is gone fails, one of a scenario that did not run does not count', () => {
  const before = results(
    [
      { name: 'a', value: 1 },
      { name: 'b', value: 1, scenario: 'other' },
    ],
    ['s', 'other'],
  );
  const [gone, ...others] = changes(before, results([], ['s']));
  assert.is(others.length, 0);
  assert.is(gone!.worse, true);
  assert.match(changesText([gone!], 'f'), 'a: 1.00× → gone');
});

test('a ratio that is no number fails', () => {
  const before = results([{ name: 'a', value: 1 }]);
  assert.is(changes(before, results([{ name: 'a', value: Number.NaN }]))[0]!.worse, true);
});

test('reads what --json writes, and nothing else', () =>
  inFolder((folder) => {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const fault = (path: string): string => {
      try {
        readResults(path);
      } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
      }
      throw new Error(`${path} was read`);
    };
    const stored = results([{ name: 'a', value: 1.5 }]);
    assert.equal(readResults(file('good.json', resultsJson(stored))), stored);
    assert.match(fault(join(folder, 'missing.json')), 'ENOENT');
    assert.match(fault(file('text.json', 'throughput')), 'JSON');
    for (const other of ['null', '[]', '{"rows":[]}'])
      assert.match(fault(file('other.json', other)), 'not a file that');
    assert.match(fault(file('quick.json', resultsJson(results([], [], true)))), 'quick run');
  }));

test.run();
