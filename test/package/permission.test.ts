import { realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from '../helpers.ts';
import type { Ended } from '../programs.ts';
import { emptyFolder, HANDLERS, PRINTED, run, SLOW_MS, USES_ALL_THREADS, write } from './project.ts';

const test = tests('package/permission');

const FLAG = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
const library = pathToFileURL(join(projectRoot, 'dist', 'src', 'index.js')).href;
const worker = pathToFileURL(join(projectRoot, 'dist', 'src', 'worker.js')).href;

function program(body: string): string {
  const folder = realpathSync(emptyFolder());
  write(folder, {
    'package.json': '{ "type": "module" }',
    'main.js': `import { EventBus } from '${library}';\n${body}`,
    ...HANDLERS,
    'double.js': HANDLERS['double.js']!.replace('ganglion/worker', worker),
  });
  return folder;
}

/** Under Node's permission model with these flags; without what Node itself says of it. */
async function permitted(folder: string, ...flags: readonly string[]): Promise<Ended> {
  const all = [FLAG, '--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning', ...flags];
  return run(process.execPath, [...all, 'main.js'], folder);
}

test(
  'with threads, the files read and the folder of the log allowed, everything works',
  async () => {
    const folder = program(`const options = {};\nconst here = import.meta.url;\n${USES_ALL_THREADS}`);
    const ended = await permitted(
      folder,
      '--allow-worker',
      `--allow-fs-read=${projectRoot}`,
      `--allow-fs-read=${folder}${sep}`,
      `--allow-fs-write=${folder}${sep}`,
    );
    assert.equal(ended, { code: 0, stdout: PRINTED, stderr: '' });
  },
  SLOW_MS,
);

const attempt = (what: string): string => `
try {
  ${what}
} catch (error) {
  console.log(error.name, error.code, error.message);
}`;
const tooLittle: readonly (readonly [what: string, body: string, flags: readonly string[], says: RegExp])[] = [
  [
    'no threads, for a handler module',
    attempt("new EventBus().subscribe(new URL('./double.js', import.meta.url), 'x');"),
    ['--allow-fs-read=*'],
    /^ThreadStartError ERR_GANGLION_THREAD_START .*start node with --allow-worker/,
  ],
  [
    'no threads, for the audit log',
    attempt("new EventBus({ eventLogPath: 'events.jsonl' });"),
    ['--allow-fs-read=*', '--allow-fs-write=*'],
    /^AuditOpenError ERR_GANGLION_AUDIT_OPEN .*start node with --allow-worker/,
  ],
  [
    'no writing, for the audit log',
    attempt("new EventBus({ eventLogPath: 'events.jsonl' });"),
    ['--allow-fs-read=*', '--allow-worker'],
    /^AuditOpenError ERR_GANGLION_AUDIT_OPEN .*events\.jsonl.*start node with --allow-fs-write=.*ganglion-package-/,
  ],
];
for (const [what, body, flags, says] of tooLittle) {
  test(`${what}: a coded error names the flag`, async () => {
    const { code, stdout, stderr } = await permitted(program(body), ...flags);
    assert.is(code, 0, stderr);
    assert.match(stdout, says);
  });
}

test.run();
