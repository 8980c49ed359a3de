import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { figuresOf } from '../../bench/report/figures.ts';
import { performanceSection, replaceSection } from '../../bench/report/readme-section.ts';
import type { Results } from '../../bench/results.ts';
import { inFolder, projectRoot, tests } from '../helpers.ts';
import { type Ended, run } from '../programs.ts';
import { resultsOf, rowOf, sample } from './sample.ts';
import { parseXml } from './xml.ts';

const test = tests('the README’s section on performance');
const README = '# x\n\n<!-- performance:start -->\nold\n<!-- performance:end -->\n\nafter <old>\n';

test('only what stands between the markers is replaced', () => {
  assert.is(
    replaceSection(README, '\nnew $& $1\n'),
    '# x\n\n<!-- performance:start -->\nnew $& $1\n<!-- performance:end -->\n\nafter <old>\n',
  );
  assert.is(replaceSection(replaceSection(README, 'new'), 'old'), README);
});

test('missing, doubled or turned markers are an error', () => {
  for (const readme of [
    '# x\n',
    README.replace('<!-- performance:end -->', ''),
    README.replace('<!-- performance:start -->', ''),
    README + README,
    '<!-- performance:end --><!-- performance:start -->',
  ]) {
    assert.throws(() => replaceSection(readme, 'new'), /must have <!-- performance:start -->/);
  }
});

test('the section names machine, date and seed, the score, the hardest rows and the lost ones', () => {
  const section = performanceSection(sample, figuresOf(sample), 'figures');
  assert.match(section, 'Measured on AMD EPYC &lt;9000&gt; &amp; "more", 2 cores, 24 GB, linux x64, Node v20.20.2');
  assert.match(section, '2026-11-24 10:00 UTC; 2 handler threads, 5 repetitions, seed 42');
  assert.match(
    section,
    'Of 3 comparisons with rivals, which are other libraries and what a program writes by hand, ganglion is ahead in 1, behind in 1, and level in 1',
  );
  assert.match(
    section.replace(/ +/g, ' '),
    '| throughput | emit, all settled, vs piscina.run per batch of 64 | 1.08× | 0.970 – 1.20 | 410 k/s vs 380 k/s |',
  );
  assert.match(section, '- open-loop: p99 at 50 % load vs raw postMessage: 0.769× (0.667 – 0.833)');
  assert.match(
    section.replace(/ +/g, ' '),
    '| memory-soak | resident memory grown | 8.00 MB | 5.00 – 9.00 | ≤ 30 | 132 MB → 140 MB |',
  );
  assert.match(section, '**The machine had other work before throughput (30 % busy)');
  assert.match(section, '**FAILED ingest: ganglion: 3 of 1,000 lines were lost &lt;b&gt;**');
  assert.not.match(section, /NaN|undefined|\n\n\n/);
});

test('every row is in the section, whatever it compares with', () => {
  const section = performanceSection(sample, figuresOf(sample), 'figures').replace(/ +/g, ' ');
  for (const { scenario, name } of sample.rows) assert.match(section, `| ${scenario} | ${name} |`);
});

test('a formatter of Markdown leaves the section as it is', () => {
  const readme = replaceSection(README, performanceSection(sample, figuresOf(sample), 'figures'));
  const biome = join(projectRoot, 'node_modules/@biomejs/biome/bin/biome');
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'format', '--stdin-file-path=README.md'], {
    cwd: projectRoot,
    input: readme,
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.is(stdout, readme, stderr);
});

test('names are neither Markdown nor HTML', () => {
  const name = 'a|b\n<b> *c* _d_ `e` [f]';
  const section = performanceSection(resultsOf({ rows: [rowOf({ name, role: 'rival', versus: 'x' })] }), [], 'figures');
  assert.match(section.replace(/ +/g, ' '), '| a\\|b &lt;b&gt; \\*c\\* \\_d\\_ \\`e\\` \\[f\\] |');
});

test('pictures are files that parse, wide and narrow, and the section shows each of them', () => {
  const figures = figuresOf(sample);
  assert.equal(
    figures.map(({ wide }) => wide),
    ['rivals.svg', 'throughput.svg', 'kill-storm.svg', 'scaling.svg', 'memory-soak.svg'],
  );
  const section = performanceSection(sample, figures, 'some/where');
  for (const { files, title, wide, narrow } of figures) {
    assert.equal([...files.keys()], [wide, narrow]);
    for (const content of files.values()) assert.is(parseXml(content).elements[0]!.attributes['aria-label'], title);
    assert.match(section, `srcset="some/where/${narrow}"`);
    assert.match(section, `<img src="some/where/${wide}" alt="${title}"/>`);
  }
});

function generator(
  readme: string,
  results: Results | string,
  check: (folder: string, write: (path: string) => Promise<Ended>) => Promise<void>,
): Promise<void> {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'README.md'), readme);
    writeFileSync(join(folder, 'results.json'), typeof results === 'string' ? results : JSON.stringify(results));
    const main = join(projectRoot, 'dist/bench/report/readme.js');
    return check(folder, (path) => run(process.execPath, [main, join(folder, path), folder]));
  });
}

test('the command writes README and pictures, the same ones again from the same results, and takes old ones away', () =>
  generator(README, sample, async (folder, write) => {
    mkdirSync(join(folder, 'bench/figures'), { recursive: true });
    writeFileSync(join(folder, 'bench/figures/gone.svg'), '');
    assert.equal(await write('results.json'), {
      code: 0,
      stdout: `README.md and 5 pictures in bench/figures written from ${join(folder, 'results.json')}\n`,
      stderr: '',
    });
    const files = readdirSync(join(folder, 'bench/figures'));
    assert.is(files.length, 10);
    assert.not.ok(files.includes('gone.svg'));
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const name of files) assert.match(readme, `"bench/figures/${name}"`);
    assert.match(readme, /^# x\n\n<!-- performance:start -->\nMeasured on /);
    assert.is((await write('results.json')).code, 0);
    assert.is(readFileSync(join(folder, 'README.md'), 'utf8'), readme);
  }));

test('the command says what is wrong and writes nothing', async () => {
  const cases: readonly (readonly [readme: string, results: Results | string, path: string, message: string])[] = [
    ['# no markers\n', sample, 'results.json', 'the README must have <!-- performance:start -->'],
    [README, { ...sample, quick: true }, 'results.json', 'from a quick run'],
    [README, '{"rows": 1}', 'results.json', 'is not a file that --json'],
    [README, 'null', 'results.json', 'is not a file that --json'],
    [README, sample, 'none.json', 'ENOENT'],
  ];
  for (const [readme, results, path, message] of cases) {
    await generator(readme, results, async (folder, write) => {
      const { code, stderr } = await write(path);
      assert.is(code, 1, message);
      assert.match(stderr, message);
      assert.is(readFileSync(join(folder, 'README.md'), 'utf8'), readme);
      assert.not.ok(existsSync(join(folder, 'bench/figures')));
    });
  }
});

test.run();
