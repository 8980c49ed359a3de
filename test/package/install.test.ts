import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from '../helpers.ts';
import {
  emptyFolder,
  HANDLERS,
  link,
  PRINTED,
  project,
  run,
  SLOW_MS,
  tarball,
  USES_ALL_THREADS,
  write,
} from './project.ts';

const test = tests('package/install');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

test(
  'npm installs the tarball into an empty project, which uses it by import and by require()',
  async () => {
    const folder = emptyFolder();
    write(folder, {
      'package.json': '{ "private": true, "type": "module" }',
      'main.js': `import { EventBus } from 'ganglion';\nconst options = {};\nconst here = import.meta.url;\n${USES_ALL_THREADS}`,
      'main.cjs': `const { EventBus } = require('ganglion');
const { createTestBus } = require('ganglion/testing');
const { defineHandler } = require('ganglion/worker');
if (typeof createTestBus !== 'function' || typeof defineHandler !== 'function') throw new Error('no function');
const options = {};
const here = require('node:url').pathToFileURL(__filename);
${USES_ALL_THREADS}`,
      ...HANDLERS,
    });
    const installed = await run(
      npm,
      ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball()],
      folder,
    );
    assert.is(installed.code, 0, installed.stderr);
    assert.not.ok(existsSync(join(folder, 'node_modules', '@opentelemetry', 'api')), 'the optional peer stays away');
    for (const main of ['main.js', 'main.cjs']) {
      rmSync(join(folder, 'events.jsonl'), { force: true });
      assert.equal(await run(process.execPath, [main], folder), { code: 0, stdout: PRINTED, stderr: '' }, main);
    }
    if (process.platform === 'win32') return;
    const help = await run(join(folder, 'node_modules', '.bin', 'ganglion'), ['--help'], folder);
    assert.is(help.code, 0, help.stderr);
    assert.match(help.stdout, /ganglion <command>/);
  },
  SLOW_MS,
);

test(
  'a handler module may be CommonJS',
  async () => {
    const folder = project({
      'main.js': `import { EventBus } from 'ganglion';
const bus = new EventBus({ maxConcurrentHandlers: 1 });
bus.subscribe(new URL('./double.cjs', import.meta.url), 'n.found');
bus.subscribe({ module: new URL('./double.cjs', import.meta.url), export: 'half' }, 'n.found');
const { outcomes } = await bus.emitAndWait('n.found', { n: 8 });
console.log(outcomes.map(({ value }) => value).join());
await bus.shutdown();`,
      'double.cjs':
        'module.exports = ({ payload }) => payload.n * 2;\nmodule.exports.half = ({ payload }) => payload.n / 2;',
    });
    assert.equal(await run(process.execPath, ['main.js'], folder), { code: 0, stdout: '16,4\n', stderr: '' });
  },
  SLOW_MS,
);

const TYPED = `
import { type BusEvent, EventBus, getCurrentSpan, OtelMetrics, traced } from 'ganglion';
import { createTestBus, recordEvents } from 'ganglion/testing';
import { defineHandler } from 'ganglion/worker';

interface Events { 'user.login': { userId: string } }
const bus = new EventBus<Events>({ workersUrl: 'workers' });
bus.subscribe((event) => event.payload.userId.length, 'user.login');
// @ts-expect-error: another payload
bus.emit('user.login', { userId: 1 });
export const handler = defineHandler<Events, 'user.login'>((event) => event.payload.userId);
export const twice = traced('twice', (n: number) => n * 2);
export const n: number = twice(1);
export const record: readonly BusEvent[] = recordEvents(createTestBus()).events;
export const span = getCurrentSpan();
export const metrics = new OtelMetrics();
`;
const tsc = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
const compile = (folder: string): ReturnType<typeof run> => run(process.execPath, [tsc, '--noEmit', '-p', '.'], folder);
const config = (options: object): string =>
  JSON.stringify({
    compilerOptions: { strict: true, target: 'es2023', skipLibCheck: false, types: ['node'], ...options },
    include: ['*.ts'],
  });

for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const) {
  test(
    `its types hold by moduleResolution ${moduleResolution}, libraries checked, with and without @opentelemetry/api`,
    async () => {
      const files = { 'main.ts': TYPED, 'tsconfig.json': config({ module, moduleResolution }) };
      const folder = project(files, '@types/node', 'undici-types');
      assert.equal(await compile(folder), { code: 0, stdout: '', stderr: '' });

      link(folder, '@opentelemetry/api');
      write(folder, {
        'span.ts': "import { span } from './main.js';\n// @ts-expect-error: no such method\nspan?.fly();\n",
      });
      assert.equal(await compile(folder), { code: 0, stdout: '', stderr: '' });
    },
    SLOW_MS,
  );
}

test(
  'a handler module in TypeScript runs as it is where Node strips types, else its error names the remedy',
  async () => {
    const folder = project({
      'main.js': `import { EventBus } from 'ganglion';
const bus = new EventBus({ maxConcurrentHandlers: 1 });
bus.subscribe(new URL('./double.ts', import.meta.url), 'n.found');
const { outcomes: [{ value, reason, error }] } = await bus.emitAndWait('n.found', { n: 8 });
console.log(value ?? [reason, error.code, error.message].join('\\n'));
await bus.shutdown();`,
      'double.ts': `import type { BusEvent } from 'ganglion/worker';
export default ({ payload }: BusEvent<{ n: number }>): number => payload.n * 2;`,
    });
    const { code, stdout } = await run(process.execPath, ['main.js'], folder);
    assert.is(code, 0);
    if ((process.features as { typescript?: unknown }).typescript) {
      assert.is(stdout, '16\n');
      return;
    }
    assert.match(stdout, /^handler_load_error\nERR_GANGLION_HANDLER_LOAD\n/);
    assert.match(stdout, /double\.ts/);
    assert.match(stdout, /Node 22\.18/);
    assert.match(stdout, /or compile the module and name its \.js file/);
  },
  SLOW_MS,
);

test(
  'the tarball holds no test, benchmark, source or source map, and is as large as the README says',
  async () => {
    const { stdout } = await run('tar', ['-tvzf', tarball()], emptyFolder());
    const rows = stdout.trim().split('\n');
    const paths = rows.map((row) => row.slice(row.indexOf('package/') + 'package/'.length));
    const allowed =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/(src|workers)\/.+\.(js|cjs|d\.ts)|dist\/standalone\/.+)$/;
    assert.equal(
      paths.filter((path) => !allowed.test(path)),
      [],
    );
    for (const path of ['dist/src/index.js', 'dist/src/index.d.ts', 'dist/workers/pool-entry.cjs'])
      assert.ok(paths.includes(path), path);
    const folder = project({});
    const said = /(\d+) kB packed, (\d+) kB unpacked/.exec(readFileSync(join(projectRoot, 'README.md'), 'utf8'));
    assert.ok(said !== null, 'the README states the size');
    const near = (kilobytes: string | undefined, bytes: number): void =>
      assert.ok(
        Math.abs(Number(kilobytes) * 1_000 - bytes) < bytes * 0.15,
        `${kilobytes} kB said, ${bytes} bytes found`,
      );
    near(said[1], readFileSync(tarball()).length);
    const { stdout: sizes } = await run(
      process.execPath,
      [
        '-e',
        `const fs = require('node:fs'); let sum = 0;
for (const entry of fs.readdirSync('node_modules/ganglion', { recursive: true, withFileTypes: true }))
  if (entry.isFile()) sum += fs.statSync(entry.parentPath + '/' + entry.name).size;
console.log(sum);`,
      ],
      folder,
    );
    near(said[2], Number(sizes));
  },
  SLOW_MS,
);

test.run();
