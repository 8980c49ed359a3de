import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { tests } from '../helpers.ts';
import { project, run, SLOW_MS } from './project.ts';

const test = tests('package/runners');

/** A test of a program's own, on a test bus and on a real one; `test` and `equal` come from its runner. */
const BODY = `
import { EventBus } from 'ganglion';
import { createTestBus, recordEvents, waitUntilIdle } from 'ganglion/testing';

test('retries on a clock that stands still', async () => {
  const bus = createTestBus();
  const recorded = recordEvents(bus);
  bus.subscribe(new URL('./flaky.js', import.meta.url), 'mail.sent', {
    retry: { attempts: 3, backoffMs: 60_000, jitter: false },
  });
  bus.emit('mail.sent', {});
  await waitUntilIdle(bus);
  equal(recorded.types.join(), 'mail.sent,mail.delivered');
  await bus.shutdown();
});

test('threads', async () => {
  const bus = new EventBus({ maxConcurrentHandlers: 1 });
  bus.subscribe({ module: new URL('./flaky.js', import.meta.url), export: 'double' }, 'n.found');
  const { outcomes } = await bus.emitAndWait('n.found', { n: 4 });
  equal(outcomes[0].value, 8);
  await bus.shutdown();
});
`;
const FLAKY = `let calls = 0;
export default (event, context) => {
  if (++calls < 3) throw new Error('not yet');
  context.emit('mail.delivered', {});
};
export const double = ({ payload }) => payload.n * 2;`;

interface Runner {
  packages: readonly string[];
  file: string;
  head: string;
  tail: string;
  args: readonly string[];
  passed: RegExp;
}
const runners: Readonly<Record<string, Runner>> = {
  vitest: {
    packages: ['vitest', 'vite'],
    file: 'bus.test.js',
    head: "import { expect, test } from 'vitest';\nconst equal = (a, b) => expect(a).toBe(b);",
    tail: '',
    args: [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--root', '.'],
    passed: /Tests +2 passed \(2\)/,
  },
  'node:test': {
    packages: [],
    file: 'bus.test.js',
    head: "import { test } from 'node:test';\nimport { equal } from 'node:assert/strict';",
    tail: '',
    args: ['--test', '--test-reporter=tap'],
    passed: /^# pass 2\n# fail 0$/m,
  },
  uvu: {
    packages: ['uvu'],
    file: 'bus.test.js',
    head: "import { test } from 'uvu';\nimport { is as equal } from 'uvu/assert';",
    tail: 'test.run();',
    args: ['bus.test.js'],
    passed: /Passed: +2\n/,
  },
};

for (const [name, { packages, file, head, tail, args, passed }] of Object.entries(runners)) {
  test(
    `under ${name}`,
    async () => {
      const folder = project({ [file]: `${head}\n${BODY}\n${tail}\n`, 'flaky.js': FLAKY }, ...packages);
      const { code, stdout, stderr } = await run(process.execPath, args, folder);
      assert.match(stdout, passed, `${stdout}${stderr}`);
      assert.is(code, 0);
    },
    SLOW_MS,
  );
}

test.run();
