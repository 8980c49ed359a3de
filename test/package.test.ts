import { execFileSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from './helpers.ts';

const test = tests('package');

interface Packed {
  files: { path: string }[];
}

// Says nothing about what must be there: the package's own build need not have run when the suite does. publint and
// attw look at a package that is built.
test('the package holds no test, benchmark, source or source map', () => {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  // An array of packages, or from npm 12 on an object of them by name.
  const [packed] = Object.values(JSON.parse(json) as Record<string, Packed>);
  const paths = packed?.files.map(({ path }) => path) ?? [];
  assert.ok(paths.includes('package.json'));
  const allowed = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/(src|workers)\/.+\.(js|cjs|d\.ts))$/;
  const surplus = paths.filter((path) => !allowed.test(path));
  assert.equal(surplus, []);
});

test.run();
