import * as assert from 'uvu/assert';
import { verdictOf } from '../../src/cli/doctor-checks.ts';
import { tests } from '../helpers.ts';
import { CONTROL, inFolder, run } from './cli.ts';

const test = tests('ganglion doctor');

interface Report {
  ok: boolean;
  verdict: string;
  checks: { name: string; status: string; diagnosis: string }[];
}

test('a fit machine: every check, one sentence, exit code 0', () =>
  inFolder({ 'good.mjs': 'export default () => {}; export const named = () => {};' }, async (cwd) => {
    const [text, json] = await Promise.all([
      run(['doctor', './good.mjs'], { cwd }),
      run(['doctor', '--on', 'a.*=./good.mjs#named', 'good.mjs', '--json'], { cwd }),
    ]);
    assert.is(text.code, 0, text.stdout);
    assert.not.match(text.stdout, CONTROL);
    assert.match(text.stdout.trimEnd().split('\n').at(-1)!, /^Fit\b.*\.$/);
    const report = JSON.parse(json.stdout) as Report;
    assert.ok(report.ok);
    assert.equal(
      report.checks.map(({ name }) => name),
      ['node', 'cores', 'shared memory', 'permission', 'disk', 'threads', 'good.mjs#named', 'good.mjs'],
    );
    assert.ok(report.checks.every(({ status }) => status !== 'failed'));
  }));

test('modules that do not load and a folder that can not be written: exit code 1, each named', () =>
  inFolder({ 'throws.mjs': 'throw new Error("at \\u001b[2J import")' }, async (cwd) => {
    const { code, stdout } = await run(['doctor', 'throws.mjs', 'missing.mjs', '--path', 'nowhere'], { cwd });
    assert.is(code, 1);
    assert.not.match(stdout, CONTROL);
    assert.match(stdout, /^FAIL {2}throws\.mjs .*at \\u001b\[2J import/m);
    assert.match(stdout, /^FAIL {2}missing\.mjs /m);
    assert.match(stdout, /^FAIL {2}disk .*can't be written/m);
    assert.match(stdout, /^Not fit: disk, throws\.mjs, missing\.mjs\.$/m);
  }));

test('the permission model without threads is told with its remedy', async () => {
  const flag = Number(process.versions.node.split('.')[0]) < 23 ? '--experimental-permission' : '--permission';
  const { code, stdout } = await run(['doctor', '--json'], {
    env: { NODE_OPTIONS: `${flag} --allow-fs-read=* --allow-fs-write=* --no-warnings` },
  });
  const { ok, checks } = JSON.parse(stdout) as Report;
  assert.equal([code, ok], [1, false]);
  assert.match(checks.find(({ name }) => name === 'permission')!.diagnosis, /--allow-worker/);
  assert.is(checks.find(({ name }) => name === 'threads')!.status, 'failed');
});

test('the verdict', () => {
  const finding = (name: string, status: 'ok' | 'degraded' | 'failed') => ({ name, status, diagnosis: '' });
  assert.is(verdictOf([finding('a', 'ok')]), 'Fit for a bus.');
  assert.is(verdictOf([finding('a', 'ok'), finding('b', 'degraded')]), 'Fit, but have a look at b.');
  assert.is(verdictOf([finding('a', 'failed'), finding('b', 'degraded')]), 'Not fit: a.');
});

test.run();
