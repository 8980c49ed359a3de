// node build.mjs          the package: dist/src and dist/workers, with declarations
// node build.mjs --dev    tests and bench as well, without declarations
//
// dist/standalone is what a bundled program takes along: what its threads run, without a node_modules to look into.
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

/** Points relative imports of what was written at the compiled neighbours. */
function rewriteImports(names) {
  for (const name of names) {
    const path = join(root, name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/(from\s+|import\s+|import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2'));
  }
}

for (const folder of folders) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
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
for (const name of files('workers', '.cjs')) copyFileSync(join(root, name), join(root, 'dist', name));

async function buildStandalone(folder) {
  rmSync(folder, { recursive: true, force: true });
  const options = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20.19', logLevel: 'warning' };
  // The audit worker bundles CommonJS, whose require() of Node's modules has to come from somewhere.
  const require =
    "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);";
  await build({
    ...options,
    entryPoints: ['workers/handler-host.ts', 'workers/audit-writer.ts'],
    outdir: folder,
    format: 'esm',
    banner: { js: require },
    keepNames: true,
  });
  copyFileSync(join(root, 'workers', 'pool-entry.cjs'), join(folder, 'pool-entry.cjs'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const piscina = join(folder, 'piscina');
  // Two files, since piscina starts its threads with a worker.js beside it.
  await build({
    ...options,
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
await buildStandalone(join(root, 'dist', 'standalone'));

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
