import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../helpers.ts';
import { type Ended, run as runProgram } from '../programs.ts';

/** Everything here takes a fresh Node, npm or a compiler. */
export const SLOW_MS = 180_000;

/** Without colours, whatever the terminal is. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return runProgram(command, args, { cwd, env: { NO_COLOR: '1', ...env } });
}

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ganglion-package-'));
  folders.add(folder);
  return folder;
}

let packed: string | undefined;
/** The path of the tarball that npm would publish. */
export function tarball(): string {
  packed ??= execFileSync(process.execPath, ['test/pack.mjs', emptyFolder()], {
    cwd: projectRoot,
    encoding: 'utf8',
  }).trim();
  return packed;
}

/** Of this package's own dependencies, by link: what these tests are about is what the tarball holds. */
export function link(folder: string, ...names: readonly string[]): void {
  for (const name of names) {
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(projectRoot, 'node_modules', name), path, 'junction');
  }
}

/** A project of these files in which the tarball is installed, without asking a registry. */
export function project(files: Readonly<Record<string, string>>, ...linked: readonly string[]): string {
  const folder = emptyFolder();
  const target = join(folder, 'node_modules', 'ganglion');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', tarball(), '-C', target, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  link(folder, ...Object.keys(dependencies), ...linked);
  write(folder, { 'package.json': '{ "type": "module" }', ...files });
  return folder;
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** One event through a function, a module, a kill and the audit log. Prints `done`. */
export const USES_ALL_THREADS = `
const bus = new EventBus({ maxConcurrentHandlers: 1, eventLogPath: 'events.jsonl', ...options });
bus.subscribe(({ payload }) => console.log('inline', payload.text), 'text.*');
bus.subscribe(new URL('./double.js', here), 'text.*');
bus.subscribe(new URL('./hang.js', here), 'hang.up', { timeoutMs: 50 });
const run = async () => {
  await bus.ready();
  const { outcomes } = await bus.emitAndWait('text.received', { text: 'ab' }, { correlationId: 'c1' });
  console.log(outcomes[1].value, outcomes[1].error?.message ?? '');
  const hung = await bus.emitAndWait('hang.up', {});
  console.log(hung.outcomes[0].reason, hung.outcomes[0].error.name);
  console.log((await bus.getEvents()).filter(({ eventType }) => !eventType.startsWith('system.')).length);
  await bus.shutdown();
  console.log('done');
};
run();
`;
export const HANDLERS: Readonly<Record<string, string>> = {
  'double.js': `import { getCorrelationId } from 'ganglion/worker';
export default ({ payload }) => payload.text.repeat(2) + getCorrelationId();`,
  'hang.js': 'export default () => { for (;;); };',
};
export const PRINTED = 'inline ab\nababc1 \nhandler_timeout HandlerTimeoutError\n2\ndone\n';
