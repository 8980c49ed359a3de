// Runs every compiled test file in a process of its own, two at a time, and adds up what they say.
// node test/run.mjs [part of a file name …]
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../dist/test/', import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(root, { recursive: true })
  .filter((name) => name.endsWith('.test.js') && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .sort();
const FILE_LIMIT_MS = 300_000;

const total = { passed: 0, failed: 0 };
const queue = [...files];

function runFile(name) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(process.execPath, [join(root, name)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let late = false;
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const limit = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, FILE_LIMIT_MS);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const totals = [...output.matchAll(/Total: +(\d+)\n +Passed: +(\d+)/g)];
      const count = totals.reduce((sum, m) => sum + Number(m[1]), 0);
      const passed = totals.reduce((sum, m) => sum + Number(m[2]), 0);
      // A file that ends early, hangs or prints no total has failed even if each test that ran has passed.
      const broken = late || signal !== null || totals.length === 0 || (code !== 0 && count === passed);
      const failed = count - passed + (broken ? 1 : 0);
      total.passed += passed;
      total.failed += failed;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      console.log(`${failed ? 'FAIL' : 'ok  '} ${name}  ${passed}/${count}  ${seconds} s`);
      if (failed) console.log(`${output}\n(${late ? 'killed at the file limit' : `exit ${code ?? signal}`})`);
      resolve();
    });
  });
}

async function worker() {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await runFile(name);
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
