import * as assert from 'uvu/assert';
import { loadModule, tearDown } from '../../workers/thread-modules.ts';
import { tests } from '../helpers.ts';

const test = tests('modules of a thread');

declare global {
  var moduleLog: string[];
  var moduleGates: Record<string, Promise<void>>;
}

/** A module whose import, and then its setup, wait for a gate each. */
const module = (name: string) => ({
  index: 0,
  exportName: 'default',
  href: `data:text/javascript,const { moduleGates: gates, moduleLog: log } = globalThis;
    await gates.import_${name};
    export async function setup() { log.push('setup ${name}'); await gates.setup_${name}; }
    export function teardown() { log.push('teardown ${name}'); }
    export default () => {};`,
});

test('a teardown waits for what is being set up; what is imported only then is not set up any more', async () => {
  globalThis.moduleLog = [];
  const opened: Record<string, () => void> = {};
  globalThis.moduleGates = {};
  for (const name of ['setup_b', 'import_c'])
    globalThis.moduleGates[name] = new Promise((resolve) => (opened[name] = resolve));

  const [a, b, c] = ['a', 'b', 'c'].map((name) => loadModule(module(name), 10_000)) as [
    ReturnType<typeof loadModule>,
    ReturnType<typeof loadModule>,
    ReturnType<typeof loadModule>,
  ];
  await a.loaded;
  while (!globalThis.moduleLog.includes('setup b')) await new Promise((resolve) => setImmediate(resolve));
  const ended = tearDown(10_000);
  while (!globalThis.moduleLog.includes('teardown a')) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(globalThis.moduleLog, ['setup a', 'setup b', 'teardown a'], 'it does not wait for b');
  opened.setup_b!();
  assert.equal(await ended, []);
  opened.import_c!();
  await c.loaded;
  assert.is(b.error, undefined);
  assert.match(c.error!.message, /its thread is about to be ended/);
  assert.equal(globalThis.moduleLog, ['setup a', 'setup b', 'teardown a', 'teardown b']);
});

test.run();
