import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from './helpers.ts';

/**
 * The files of test/fixtures/types say with `@ts-expect-error <number>` which line does not compile, and why. The
 * compiler itself takes any error there; so here it reads them without these marks, and must report just these errors.
 */
const FOLDER = join(projectRoot, 'test', 'fixtures', 'types');
const MARK = /^\s*\/\/ @ts-expect-error (\d+)$/;

function compile(folder: string): Promise<string> {
  const tsc = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

const test = tests('types');

test('each marked line, and no other, fails to compile, for the reason given', async () => {
  const base = join(projectRoot, 'dist', 'test', 'types');
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, 'run-'));
  try {
    const expected: string[] = [];
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
    for (const file of files) {
      const lines = readFileSync(join(FOLDER, file), 'utf8')
        .replaceAll("'../../../src/", `'${projectRoot}src/`)
        .split('\n');
      for (const [i, line] of lines.entries()) {
        const code = MARK.exec(line)?.[1];
        assert.ok(code !== undefined || !line.includes('@ts-expect-error'), `${file}:${i + 1} names no error`);
        if (code !== undefined) expected.push(`${file}:${i + 2} TS${code}`);
        lines[i] = line.replace(MARK, '');
      }
      writeFileSync(join(folder, file), lines.join('\n'));
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(projectRoot, 'tsconfig.json'), include: ['*.ts'] }),
    );
    const output = await compile(folder);
    const found = [...output.matchAll(/^(.+?)\((\d+),\d+\): error (TS\d+)/gm)].map((m) => `${m[1]}:${m[2]} ${m[3]}`);
    assert.ok(files.length > 1 && expected.length > 10);
    assert.equal(found.toSorted(), expected.toSorted(), output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

test.run();
