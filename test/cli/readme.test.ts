import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from '../helpers.ts';
import { inFolder } from './cli.ts';

const test = tests('command line in the readme');

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
const chapter = /\n## Command line\n(.*?)\n## /s.exec(readme)?.[1] ?? '';

test('its table names every command that there is', () => {
  const main = readFileSync(join(projectRoot, 'src', 'cli', 'main.ts'), 'utf8');
  const commands = [...main.matchAll(/^ {2}(\w+): \{ summary/gm)].map(([, name]) => name);
  const shown = [...chapter.matchAll(/^\| `ganglion (\w+)/gm)].map(([, name]) => name);
  assert.ok(commands.length > 0);
  assert.equal(shown, commands);
});

if (process.platform !== 'win32') {
  test('its example prints what it says', () =>
    inFolder({}, async (cwd) => {
      const [, script] = /\n```sh\n(.*?)```\n/s.exec(chapter) ?? [];
      assert.ok(script !== undefined);
      const bin = join(cwd, 'bin');
      mkdirSync(bin);
      const main = join(projectRoot, 'dist', 'src', 'cli', 'main.js');
      writeFileSync(join(bin, 'ganglion'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 });
      const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
      const stdout = await new Promise<string>((resolve, reject) => {
        execFile('sh', ['-e', '-c', script], { cwd, env, timeout: 25_000 }, (error, out) => {
          if (error === null) resolve(out);
          else reject(error);
        });
      });
      assert.is(stdout, [...script.matchAll(/# → (.*)\n/g)].map(([, line]) => `${line}\n`).join(''));
    }));
}

test.run();
