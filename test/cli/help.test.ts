import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from '../helpers.ts';
import { CONTROL, run } from './cli.ts';

const test = tests('help');

const COMMANDS = ['run', 'tail', 'trace', 'verify', 'dlq', 'stats', 'doctor'] as const;

test('help and version, on standard output; no command and an unknown one are wrong usage', async () => {
  const [help, version, none, unknown] = await Promise.all([
    run(['--help']),
    run(['--version']),
    run([]),
    run(['toString']),
  ]);
  assert.equal([help.code, help.stderr], [0, '']);
  for (const name of COMMANDS) assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'));
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  assert.equal([version.code, version.stdout], [0, `${manifest.version}\n`]);
  assert.equal([none.code, none.stdout], [2, '']);
  assert.equal([unknown.code, unknown.stdout], [2, '']);
  assert.match(unknown.stderr, /no command "toString"/);
});

for (const name of COMMANDS) {
  test(`${name} --help names each of its options; an unknown one is wrong usage`, async () => {
    const [help, unknown] = await Promise.all([run([name, '--help']), run([name, '--unheard-of', '1'])]);
    assert.equal([help.code, help.stderr], [0, '']);
    assert.not.match(help.stdout, CONTROL);
    const source = readFileSync(join(projectRoot, 'src', 'cli', `${name}.ts`), 'utf8');
    const options = [...source.matchAll(/'?([\w-]+)'?: \{ type: '(?:string|boolean)'/g)].map(([, option]) => option);
    assert.ok(options.length > 0);
    for (const option of options) assert.ok(help.stdout.includes(`--${option}`), `--${option} is not in the help`);
    assert.equal([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, new RegExp(`^ganglion ${name}: .*--unheard-of.*\nganglion ${name} --help`));
  });
}

const WRONG: readonly (readonly string[])[] = [
  ['run', 'events.ndjson'],
  ['run', '--on', 'a'],
  ['run', '--on', '=./a.mjs'],
  ['run', '--on', 'a=./a.mjs', 'no-such-file'],
  ['run', '--on', 'a=./a.mjs', '.'],
  ['run', '--on', 'a=./a.mjs', '--threads', '0', '-'],
  ['run', '--on', 'a=./a.mjs', '--threads', '1.5', '-'],
  ['run', '--on', 'a=./a.mjs', '--timeout-ms', '-1', '-'],
  ['run', '--on', 'a=./a.mjs', '--overflow', 'wait', '-'],
  ['run', '--on', 'a=./a.mjs', '--type', ' ', '-'],
  ['run', '--on', 'a=./a.mjs', '-', 'second'],
  ['run', '--on', 'a=./a.mjs', 'package.json', '--audit', './package.json'],
  ['run', '--on', 'a=./a.mjs', '-', '--audit', 'x', '--rejects', 'x'],
  ['tail', '--file', 'no-such-file'],
  ['tail', '--since', 'yesterday'],
  ['tail', '-n', 'many'],
  ['tail', '-n', '-1'],
  ['tail', ''],
  ['tail', '--file', ''],
  ['tail', '--file', 'package.json', '--correlation', ''],
  ['tail', 'a', 'b'],
  ['trace'],
  ['trace', '', '--file', 'package.json'],
  ['trace', 'id', '--file', 'no-such-file'],
  ['verify'],
  ['verify', 'no-such-file'],
  ['verify', 'package.json', '--expect-head', 'abc'],
  ['dlq'],
  ['dlq', 'eat'],
  ['dlq', 'list'],
  ['dlq', 'list', '--file', 'no-such-file'],
  ['dlq', 'list', '--file', 'package.json', '--yes'],
  ['dlq', 'list', '--file', 'package.json', '--type', ''],
  ['dlq', 'list', '--file', 'package.json', '--reason', 'handler_eror'],
  ['dlq', 'show', '--file', 'package.json'],
  ['dlq', 'retry', '--file', 'package.json'],
  ['dlq', 'purge', '--file', 'package.json'],
  ['dlq', 'purge', '--file', 'package.json', '--older-than', 'a while'],
  ['stats'],
  ['stats', 'no-such-file'],
  ['stats', 'package.json', '--top', '0'],
  ['stats', 'package.json', '--top', '1e3'],
  ['stats', 'src'],
  ...(process.platform === 'win32' ? [] : [['verify', '/dev/zero']]),
  ['doctor', '--on', 'a'],
];

test('what the command line can not mean is wrong usage, in one or two lines, and nothing is done', async () => {
  for (let at = 0; at < WRONG.length; at += 4) {
    await Promise.all(
      WRONG.slice(at, at + 4).map(async (args) => {
        const { code, stdout, stderr } = await run(args, { cwd: projectRoot });
        assert.equal([code, stdout], [2, ''], `${args.join(' ')}: ${stderr}`);
        assert.not.match(stderr, /\\n/, args.join(' '));
        assert.match(stderr, /^ganglion \w+: [^\n]+\nganglion \w+ --help says what it takes\.\n$/, args.join(' '));
      }),
    );
  }
}, 60_000);

test.run();
