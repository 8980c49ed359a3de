import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { verifyAuditLog } from '../../src/audit/verify.ts';
import { lockPath } from '../../src/audit-format.ts';
import { tests } from '../helpers.ts';
import { Child, faultyWriter, folder, indices, upTo } from './helpers.ts';

const test = tests('audit log at the end of its process');

const LINES = 2_000;
const ends = [
  ['exit', 7],
  ['throw', 1],
  ['reject', 1],
  ['sigterm', 8],
  ['natural', 0],
  ['close', 0],
] as const;

for (const [end, code] of ends) {
  test(`${end}: every line is there, sealed, and the lock is gone`, async () => {
    const path = join(folder(), 'events.jsonl');
    const child = new Child({ options: { path, seal: 100 }, lines: LINES, end });
    assert.is(await child.ended, code);
    assert.equal(indices(path), upTo(LINES));
    const { ok, unsealed } = await verifyAuditLog(path);
    assert.equal({ ok, unsealed }, { ok: true, unsealed: 0 });
    assert.not.ok(existsSync(lockPath(path)));
  });
}

test('process.exit() before the worker has even started', async () => {
  const path = join(folder(), 'events.jsonl');
  const child = new Child({ options: { path }, lines: 1, end: 'exit' });
  assert.is(await child.ended, 7);
  assert.equal(indices(path), [0]);
});

test('process.exit() while the worker is dead: another one writes the rest', async () => {
  const path = join(folder(), 'events.jsonl');
  // Each worker dies in its second batch; a file takes one of these lines, so there are many.
  const writer = faultyWriter('call=writeSync&at=2&when=half&what=exit').href;
  const child = new Child({ options: { path, maxLogSizeBytes: 100, maxLogFiles: 30 }, writer, lines: 20, end: 'exit' });
  assert.is(await child.ended, 7);
  assert.equal([...indices(path, 30), ...indices(path)], upTo(20));
});

/** What a process whose audit worker does nothing, and that appends two lines and then does this, has to say. */
function lastWords(end: string): string {
  const idle = 'data:text/javascript,setInterval(() => {}, 1_000_000)';
  const source = `
    import { AuditLog } from ${JSON.stringify(new URL('../../src/audit/log.js', import.meta.url).href)};
    const log = new AuditLog({ path: process.argv[1] }, {}, { writer: new URL(${JSON.stringify(idle)}) });
    log.append('{}');
    log.append('{}');
    ${end}`;
  const args = ['--input-type=module', '--eval', source, join(folder(), 'events.jsonl')];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 3, stderr);
  return stderr;
}

test('lines that could not be written before the exit are told', () => {
  assert.match(lastWords('process.exit(3);'), /before 2 lines could be written, after 10000 ms/);
});

test('an exit while a close that ran out of time ends the worker: nothing is waited for', () => {
  // The second timer comes after the first, which is the close's, and before the worker's end can be heard of.
  const end = 'void log.close(1); setTimeout(() => process.exit(3), 1);';
  assert.match(lastWords(end), /before 2 lines could be written, since its close ran out of time/);
});

test.run();
