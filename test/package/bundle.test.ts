import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import * as assert from 'uvu/assert';
import { build as vite } from 'vite';
import { tests } from '../helpers.ts';
import { HANDLERS, PRINTED, project, run, SLOW_MS, USES_ALL_THREADS } from './project.ts';

const test = tests('package/bundle');

/** A program whose handler modules are entry points of their own, as a bundle needs it. */
const app = (options: string): string => `import { EventBus } from 'ganglion';
const here = import.meta.url;
const options = ${options};
${USES_ALL_THREADS}`;
const WHOLE = app("{ workersUrl: new URL('./ganglion/', import.meta.url) }");
const AROUND = app('{}');
const ENTRIES = ['main.js', 'double.js', 'hang.js'];

type Bundler = (folder: string, external: boolean, minify: boolean) => Promise<unknown>;

const bundlers: Readonly<Record<string, Bundler>> = {
  esbuild: (folder, external, minify) =>
    esbuild({
      absWorkingDir: folder,
      entryPoints: ENTRIES,
      bundle: true,
      platform: 'node',
      format: 'esm',
      outdir: 'out',
      external: external ? ['ganglion'] : [],
      minify,
      logLevel: 'silent',
    }),
  vite: (folder, external, minify) =>
    vite({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      ssr: external ? { external: ['ganglion'] } : { noExternal: true },
      build: {
        ssr: true,
        minify,
        outDir: 'out',
        rollupOptions: { input: ENTRIES.map((name) => join(folder, name)), output: { entryFileNames: '[name].js' } },
      },
    }),
};

/** With a copy of dist/standalone beside it, and no node_modules. */
async function runsAlone(folder: string): Promise<void> {
  cpSync(join(folder, 'node_modules', 'ganglion', 'dist', 'standalone'), join(folder, 'out', 'ganglion'), {
    recursive: true,
  });
  rmSync(join(folder, 'node_modules'), { recursive: true });
  const ended = await run(process.execPath, ['out/main.js'], folder);
  assert.equal(ended, { code: 0, stdout: PRINTED, stderr: '' });
}

for (const [name, bundle] of Object.entries(bundlers)) {
  test(
    `${name} bundles a program whole, with a copy of dist/standalone beside it and no node_modules`,
    async () => {
      const folder = project({ 'main.js': WHOLE, ...HANDLERS });
      await bundle(folder, false, true);
      await runsAlone(folder);
    },
    SLOW_MS,
  );

  test(
    `${name} bundles a program around ganglion, which stays in node_modules`,
    async () => {
      const folder = project({ 'main.js': AROUND, ...HANDLERS });
      await bundle(folder, true, false);
      const ended = await run(process.execPath, ['out/main.js'], folder);
      assert.equal(ended, { code: 0, stdout: PRINTED, stderr: '' });
    },
    SLOW_MS,
  );
}

test(
  'esbuild bundles a program whole as CommonJS, too',
  async () => {
    const folder = project({
      'main.js': `const { EventBus } = require('ganglion');
const here = require('node:url').pathToFileURL(__filename);
const options = { workersUrl: require('node:path').join(__dirname, 'ganglion') };
${USES_ALL_THREADS}`,
      'package.json': '{}',
      'double.js':
        'exports.default = ({ payload }) => payload.text.repeat(2) + require("ganglion/worker").getCorrelationId();',
      'hang.js': HANDLERS['hang.js']!.replace('export default', 'exports.default ='),
    });
    const { warnings } = await esbuild({
      absWorkingDir: folder,
      entryPoints: ENTRIES,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outdir: 'out',
      logLevel: 'silent',
    });
    assert.equal(
      warnings.filter(({ id }) => id !== 'empty-import-meta'),
      [],
    );
    await runsAlone(folder);
  },
  SLOW_MS,
);

test(
  'a bundle without its worker files says what is missing and where to get it',
  async () => {
    const folder = project({ 'main.js': AROUND, ...HANDLERS });
    await bundlers.esbuild!(folder, false, false);
    const { code, stderr } = await run(process.execPath, ['out/main.js'], folder);
    assert.is(code, 1);
    assert.match(stderr, /ERR_GANGLION_CONFIG/);
    assert.match(stderr, /no worker files of ganglion in .*: is it part of a bundle\?/);
    assert.match(stderr, /dist\/standalone beside the bundle and name the copy by the option workersUrl/);
  },
  SLOW_MS,
);

test.run();
