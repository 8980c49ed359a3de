// Runs every compiled test file in a process of its own, two at a time, and adds up what they say.
// node test/run.mjs [part of a file name …]
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../dist/test/', import.meta.url));
const wanted = process.argv.slice(2);
const FILE_LIMIT_MS = 300_000;
/** How long a file may live on after its totals: what keeps it alive is a thread or a timer left behind. */
const LINGER_MS = 10_000;

const files = readdirSync(root, { recursive: true })
  .filter((name) => name.endsWith('.test.js') && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .sort();
const isStress = (name) => name.startsWith(`stress${sep}`);

// uvu colours its totals when it is told to, and Node warns when both variables are set.
const env = { ...process.env, NO_COLOR: '1' };
delete env.FORCE_COLOR;

const total = { passed: 0, failed: 0 };
const times = [];
const running = new Set();

/** A file's whole process group, so that a process it has started does not outlive it and hold its pipes open. */
function killGroup(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing is left of the group.
  }
}
// A group of its own does not get the terminal's Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) killGroup(child);
    process.kill(process.pid, signal);
  });
}

function runFile(name) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(process.execPath, [join(root, name)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    running.add(child);
    let output = '';
    let killed = '';
    let linger;
    const kill = (why) => {
      killed = why;
      killGroup(child);
    };
    const limit = setTimeout(kill, FILE_LIMIT_MS, `killed at the file limit of ${FILE_LIMIT_MS / 1000} s`);
    const collect = (chunk) => {
      output += chunk;
      if (linger === undefined && /^ {2}Duration: /m.test(output)) {
        linger = setTimeout(kill, LINGER_MS, `killed: still alive ${LINGER_MS / 1000} s after its last test`);
      }
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('exit', () => killGroup(child));
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      clearTimeout(linger);
      running.delete(child);
      const totals = [...output.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)/gm)];
      const count = totals.reduce((sum, m) => sum + Number(m[1]), 0);
      const passed = totals.reduce((sum, m) => sum + Number(m[2]), 0);
      // A file that ends early, hangs, is killed or has no test has failed even if each test that ran has passed.
      const broken = killed !== '' || signal !== null || count === 0 || (code !== 0 && count === passed);
      const failed = count - passed + (broken ? 1 : 0);
      total.passed += passed;
      total.failed += failed;
      const seconds = (Date.now() - started) / 1000;
      times.push({ name, seconds });
      console.log(`${failed ? 'FAIL' : 'ok  '} ${name}  ${passed}/${count}  ${seconds.toFixed(1)} s`);
      if (failed) console.log(`${output}\n(${killed || `exit ${code ?? signal}`})`);
      resolve();
    });
  });
}

async function drain(queue) {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await runFile(name);
}
const plain = files.filter((name) => !isStress(name));
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, () => drain(plain)));
// Stress tests load every core and time themselves: each runs alone.
await drain(files.filter(isStress));

const slowest = times.sort((a, b) => b.seconds - a.seconds).slice(0, 5);
console.log(`slowest: ${slowest.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
