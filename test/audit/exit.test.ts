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

test.run();
