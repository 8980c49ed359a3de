// node build.mjs          the package: dist/src and dist/workers, with declarations
// node build.mjs --dev    tests and bench as well, without declarations
//
// One output file per source file, so that `new URL(…, import.meta.url)` finds a worker entry point beside the
// library in source and in dist alike, and stack traces read like the source.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const dev = process.argv.includes('--dev');
const folders = dev ? ['src', 'workers', 'test', 'bench'] : ['src', 'workers'];

const files = (folder, ending) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(ending));

/** Leaves relative imports where they are and points them at the compiled neighbour. */
const oneFileEach = {
  name: 'one-file-each',
  setup(b) {
    b.onResolve({ filter: /^\.{1,2}\// }, (args) =>
      args.kind === 'entry-point' ? undefined : { path: args.path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};

for (const folder of folders) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: folders.flatMap((folder) => files(folder, '.ts')).filter((name) => !name.endsWith('.d.ts')),
  outdir: 'dist',
  outbase: '.',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  bundle: true,
  packages: 'external',
  sourcemap: dev ? 'linked' : false,
  plugins: [oneFileEach],
  logLevel: 'warning',
});

for (const name of files('workers', '.cjs')) copyFileSync(join(root, name), join(root, 'dist', name));

if (!dev) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  for (const name of files('dist/src', '.d.ts')) {
    const path = join(root, name);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/(from\s+|import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2'),
    );
  }
}
