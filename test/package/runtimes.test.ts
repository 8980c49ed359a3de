import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from '../helpers.ts';
import { emptyFolder, HANDLERS, PRINTED, run, SLOW_MS, USES_ALL_THREADS, write } from './project.ts';

const test = tests('package/runtimes');

const library = pathToFileURL(join(projectRoot, 'dist', 'src', 'index.js')).href;
const worker = pathToFileURL(join(projectRoot, 'dist', 'src', 'worker.js')).href;

/** A program around this checkout's build. */
function program(body: string): string {
  const folder = emptyFolder();
  write(folder, {
    'package.json': '{ "type": "module" }',
    'main.js': `import { EventBus, RuntimeError } from '${library}';\n${body}`,
    ...HANDLERS,
    'double.js': HANDLERS['double.js']!.replace('ganglion/worker', worker),
  });
  return folder;
}
const ALL = `const options = {};\nconst here = import.meta.url;\n${USES_ALL_THREADS}`;

for (const [name, version] of [
  ['bun', '1.4.5'],
  ['deno', '2.9.6'],
] as const) {
  test(`${name} is told: functions run, modules and the audit log do not`, async () => {
    const folder = program(`
Object.defineProperty(process, 'versions', { value: { ...process.versions, ${name}: '${version}' } });
const bus = new EventBus();
bus.subscribe(({ payload }) => console.log(payload.n), 'n.found');
await bus.emitAndWait('n.found', { n: 1 });
for (const attempt of [
  () => bus.subscribe(new URL('./double.js', import.meta.url), 'n.found'),
  () => new EventBus({ eventLogPath: 'events.jsonl' }),
]) {
  try {
    attempt();
  } catch (error) {
    console.log(RuntimeError.is(error), error.message);
  }
}
await bus.shutdown();`);
    const { code, stdout, stderr } = await run(process.execPath, ['main.js'], folder);
    assert.is(code, 0, stderr);
    const [first, ...rest] = stdout.trim().split('\n');
    assert.is(first, '1');
    assert.is(rest.length, 2);
    for (const line of rest) {
      assert.match(line, new RegExp(`^true .*${name} ${version}`, 'i'));
      assert.match(line, /Run it with node 20\.19 or newer/);
    }
  });
}

/** taskset is Linux's; elsewhere one handler thread stands for one core. */
function pinToOneCore(): readonly string[] {
  if (process.platform !== 'linux') return [];
  try {
    execFileSync('taskset', ['-c', '0', process.execPath, '--version'], { stdio: 'ignore' });
    return ['taskset', '-c', '0'];
  } catch {
    return [];
  }
}

test(
  'one core is enough',
  async () => {
    const words = [...pinToOneCore(), process.execPath, 'main.js'];
    assert.equal(await run(words[0]!, words.slice(1), program(ALL)), { code: 0, stdout: PRINTED, stderr: '' });
  },
  SLOW_MS,
);

test.run();
