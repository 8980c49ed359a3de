// Runs every static check and reports each by name, also after one has failed.
// node test/check.mjs [part of a check's name …]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'ganglion-check-'));
const wanted = process.argv.slice(2);
const LIMIT_MS = 300_000;
const total = { passed: 0, failed: 0 };

function run(command, args, cwd = root) {
  const options = { cwd, encoding: 'utf8', timeout: LIMIT_MS, shell: process.platform === 'win32' };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error ?? ''}` };
}
const tool = (name, ...args) => run(join(root, 'node_modules', '.bin', name), args);

let packed;
function pack() {
  packed ??= run(process.execPath, ['test/pack.mjs', scratch]);
  return packed;
}
function packageTool(name, ...args) {
  const { ok, output } = pack();
  if (!ok) return { ok, output: `no package to look at: ${wanted.length > 0 ? output : 'see pack'}` };
  const tarball = readdirSync(scratch).find((file) => file.endsWith('.tgz'));
  return tool(name, ...args, join(scratch, tarball));
}

const checks = {
  tsc: () => tool('tsc', '--noEmit'),
  biome: () => tool('biome', 'check', '--error-on-warnings', '.'),
  oxlint: () => tool('oxlint'),
  knip: () => tool('knip', '--treat-config-hints-as-errors'),
  pack,
  publint: () => packageTool('publint', 'run', '--strict'),
  attw: () => packageTool('attw', '--profile', 'esm-only'),
};

for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const started = Date.now();
  const { ok, output } = check();
  total[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}  ${((Date.now() - started) / 1000).toFixed(1)} s`);
  if (!ok) console.log(output);
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
