import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { inFolder, projectRoot, tests } from './helpers.ts';
import { type Ended, run } from './programs.ts';

const main = join(projectRoot, 'dist/bench/demo/main.js');

const demo = (args: readonly string[], nodeArgs: readonly string[] = []): Promise<Ended> =>
  run(process.execPath, [...nodeArgs, main, ...args]);

/** In the order of the walk: the third of five is the one in the middle, on which the lines handler hangs. */
const FILES: readonly (readonly [path: string, lines: number, line: string])[] = [
  ['a.txt', 9_000, 'the first of two with the same content, so that the hashes find it'],
  ['b/c.txt', 9_000, 'the first of two with the same content, so that the hashes find it'],
  ['b/d.js', 4, 'hangs()'],
  ['b/e/f.js', 5_000, 'export const f = 1;'],
  ['g.md', 0, ''],
];
/** The terminal's cursor goes to the line's start. */
const COLUMN_1 = '\u001b[1G';
const TRAP = join('b', 'd.js');

function fill(folder: string): { bytes: number; lines: number } {
  let bytes = 0;
  let lines = 0;
  for (const [path, count, line] of FILES) {
    const content = `${line}\n`.repeat(count);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    bytes += content.length;
    lines += count;
  }
  return { bytes, lines };
}

const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** The text after a label of the report. */
function row(stdout: string, label: string): string {
  const line = stdout.split('\n').find((l) => l.startsWith(label.padEnd(12)));
  assert.ok(line, `no row ${label} in:\n${stdout}`);
  return line!.slice(12).trim();
}

const test = tests('demo');

test('reports what is in the folder, the file that hung, and a balanced account', () =>
  inFolder(async (folder) => {
    const { bytes, lines } = fill(folder);
    writeFileSync(join(folder, 'large.bin'), '');
    truncateSync(join(folder, 'large.bin'), 3_000_000);
    symlinkSync(folder, join(folder, 'loop'), 'junction');

    const { code, stdout, stderr } = await demo([folder, '--threads', '1']);
    assert.is(stderr, '');
    assert.is(code, 0);
    const [first, second] = stdout.split('\n');
    assert.is(first, `${folder}: 5 files, ${MB(bytes)}, on 1 thread`);
    assert.is(second, 'left out: 1 file over 1024 KiB (3.0 MB), 1 symbolic link');

    assert.match(row(stdout, 'work'), `5 files, ${MB(bytes)} in `);
    assert.match(row(stdout, 'brotli'), `${MB(bytes)} → 0.0 MB`);
    assert.is(
      row(stdout, 'SHA-256'),
      `1 file (${MB(FILES[1]![1] * (FILES[1]![2].length + 1))}) with the content of another`,
    );
    // All but the trap's.
    assert.match(row(stdout, 'lines'), `${(lines - 4).toLocaleString('en-US')}; .txt 2, .js 1, .md 1`);
    assert.match(row(stdout, 'one thread'), `measured on all files (5 files, ${MB(bytes)} in `);
    assert.match(row(stdout, 'compress'), /^5 +[\d.]+ ms +[\d.]+ ms +[\d.]+ ms$/);
    assert.match(row(stdout, 'failed'), 'nothing else');

    assert.match(row(stdout, 'timed out'), `lines on ${TRAP}: settled `);
    assert.match(row(stdout, 'timed out'), / after its deadline of 1000 ms, 1 thread replaced$/);
    assert.is(stdout.match(/^timed out/gm)?.length, 1);
    // Found and compressed 5 times, counted 4 times, stuck once.
    assert.is(row(stdout, 'accounting'), 'emitted 15 = completed 14 + failed 1 + dropped 0 + pending 0');
  }));

test('prints plain lines when stdout is no terminal, the hang as it happens', () =>
  inFolder(async (folder) => {
    fill(folder);
    const { code, stdout } = await demo([folder]);
    assert.is(code, 0);
    assert.not.ok(stdout.includes('\u001b') || stdout.includes('\r'), stdout);
    const lines = stdout.split('\n');
    const at = (part: string): number => lines.findIndex((line) => line.includes(part));
    assert.ok(at('100 %  5 of 5 files') > 0, stdout);
    const stuck = at(`lines is in a busy loop on ${TRAP}`);
    const ended = at('after its deadline; 1 thread ended and replaced');
    assert.ok(stuck > 0 && ended > stuck && at('accounting') > ended, stdout);
  }));

test('rewrites one line on a terminal', () =>
  inFolder(async (folder) => {
    fill(folder);
    const terminal = 'data:text/javascript,process.stdout.isTTY=true;process.stdout.columns=100';
    const { code, stdout } = await demo([folder], ['--import', terminal]);
    assert.is(code, 0);
    const drawn = stdout.split(COLUMN_1).filter((text) => text.includes('of 5 files'));
    assert.ok(drawn.length >= 2, stdout);
    // What a terminal shows in the end: nothing of a line that the cursor went back on.
    const shown = stdout.split('\n').map((line) => line.split(COLUMN_1).at(-1)!);
    assert.not.ok(
      shown.some((line) => line.includes('of 5 files')),
      stdout,
    );
    assert.match(stdout, 'after its deadline; 1 thread ended and replaced');
  }));

test('a folder that is none, a bad option and an empty folder end it with a reason', () =>
  inFolder(async (folder) => {
    const missing = join(folder, 'missing');
    writeFileSync(join(folder, 'file'), '');
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const cases: [args: string[], reason: string][] = [
      [[missing], `no such folder: ${missing}`],
      [[join(folder, 'file')], `not a folder: ${join(folder, 'file')}`],
      [[empty], `no file to work on in ${empty}`],
      [[folder, empty], `one folder at a time, got ${folder} ${empty}`],
      [['--threads', '0', folder], '--threads must be a whole number from 1 to 256, got 0'],
      [['--threads', 'two', folder], '--threads must be a whole number from 1 to 256, got two'],
      [['--thread', '2', folder], "Unknown option '--thread'"],
    ];
    const finished = await Promise.all(cases.map(([args]) => demo(args)));
    for (const [i, { code, stdout, stderr }] of finished.entries()) {
      assert.is(code, 2);
      assert.is(stdout, '');
      assert.ok(stderr.includes(cases[i]![1]), stderr);
    }
  }));

test('--help says what it takes', async () => {
  const { code, stdout } = await demo(['--help']);
  assert.is(code, 0);
  for (const word of ['folder', '--threads N', '--help']) assert.match(stdout, word);
});

test.run();
