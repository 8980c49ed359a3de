// Packs what npm would publish, and prints the tarball's path.
// node test/pack.mjs <folder for the tarball>
// Built from a copy, so that the checkout's dist/ stays as the tests need it.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const target = resolve(process.argv[2]);

function run(command, args, cwd) {
  const options = { cwd, encoding: 'utf8', shell: process.platform === 'win32' };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0) return stdout;
  console.error(`${stdout ?? ''}${stderr ?? ''}${error ?? ''}`);
  throw new Error(`${command} ${args.join(' ')} failed`);
}

const copy = mkdtempSync(join(target, 'build-'));
try {
  const skip = new Set(['node_modules', 'dist', '.git', 'coverage']);
  cpSync(root, copy, { recursive: true, filter: (path) => !skip.has(basename(path)) });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  run(process.execPath, ['build.mjs'], copy);
  const packed = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', target], copy);
  // An array of packages, or from npm 12 on an object of them by name.
  console.log(join(target, Object.values(JSON.parse(packed))[0].filename));
} finally {
  rmSync(copy, { recursive: true, force: true });
}
