// node build.mjs          the package: dist/src and dist/workers, with declarations
// node build.mjs --dev    tests and bench as well, without declarations
//
// The library is compiled file by file, so that `new URL(…, import.meta.url)` finds a worker entry point beside it in
// source and in dist alike, and stack traces read like the source. What a thread starts with is one file: each of its
// thirty modules, resolved and read on its own, cost a thread a third of its start.
//
// dist/standalone is what a bundled program takes along: what its threads run, without a node_modules to look into.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const dev = process.argv.includes('--dev');
/** Compiled file by file; of the workers only tests want single files. */
const folders = dev ? ['src', 'workers', 'test', 'bench'] : ['src'];
const THREADS = ['workers/handler-host.ts', 'workers/audit-writer.ts'];

const files = (folder, ending) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(ending));

/** Points relative imports of what was written at the compiled neighbours. */
function rewriteImports(names) {
  for (const name of names) {
    const path = join(root, name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/(from\s+|import\s+|import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2'));
  }
}

for (const folder of ['workers', ...folders]) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: folders.flatMap((folder) => files(folder, '.ts')).filter((name) => !name.endsWith('.d.ts')),
  outdir: 'dist',
  outbase: '.',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Not bundled: a bundled class that names itself is renamed, and an error's name is its class's.
  bundle: false,
  sourcemap: dev ? 'linked' : false,
  logLevel: 'warning',
});

for (const folder of folders) rewriteImports(files(join('dist', folder), '.js'));

const bundled = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20.19', logLevel: 'warning' };

/**
 * A bundled class that names itself is called _ and its name, and an error's name is its class's. Not by keepNames, which
 * defines the name of every closure anew, each time it is made.
 */
function nameClasses(path) {
  let text = readFileSync(path, 'utf8');
  for (const [, name] of text.matchAll(/^var (\w+) = class _\1\b/gm))
    text = text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name);
  const [renamed] = /= class _\w+/.exec(text) ?? [];
  if (renamed !== undefined) throw new Error(`${path}: the bundle renames a class: ${renamed}`);
  writeFileSync(path, text);
}

/** What threads start with, each in one file. */
async function bundleThreads(folder, more) {
  await build({
    ...bundled,
    entryPoints: THREADS,
    outdir: folder,
    format: 'esm',
    sourcemap: dev ? 'linked' : false,
    ...more,
  });
  for (const name of THREADS) nameClasses(join(folder, basename(name).replace(/ts$/, 'js')));
  copyFileSync(join(root, 'workers', 'pool-entry.cjs'), join(folder, 'pool-entry.cjs'));
}
await bundleThreads(join(root, 'dist', 'workers'), { packages: 'external' });

async function bundleStandalone(folder) {
  rmSync(folder, { recursive: true, force: true });
  // The audit worker bundles CommonJS, whose require() of Node's modules has to come from somewhere.
  const require =
    "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);";
  await bundleThreads(folder, { banner: { js: require } });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const piscina = join(folder, 'piscina');
  // Two files, since piscina starts its threads with a worker.js beside it.
  await build({
    ...bundled,
    entryPoints: ['main', 'worker'].map((name) => join(root, 'node_modules', 'piscina', 'dist', `${name}.js`)),
    outdir: piscina,
    format: 'cjs',
    external: ['@napi-rs/nice'],
  });
  writeFileSync(join(piscina, 'package.json'), '{ "type": "commonjs" }\n');
  const licences = ['piscina', 'sonic-boom', 'atomic-sleep'].map(
    (name) => `${name}\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`,
  );
  writeFileSync(join(folder, 'LICENSES.txt'), licences.join('\n---\n\n'));
}
await bundleStandalone(join(root, 'dist', 'standalone'));

/** @opentelemetry/api is an optional peer: without it its types are `any`, also for who has its libraries checked. */
function forgiveMissingPeers(names) {
  for (const name of names) {
    const path = join(root, name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/^import type .* from '@opentelemetry\/api';$/gm, '// @ts-ignore\n$&'));
  }
}

if (!dev) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  rewriteImports(files('dist/src', '.d.ts'));
  forgiveMissingPeers(files('dist/src', '.d.ts'));
}
