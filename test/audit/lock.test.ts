import { closeSync, linkSync, mkdirSync, openSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { takeLock } from '../../src/audit/lock.ts';
import { AuditLog } from '../../src/audit/log.ts';
import { ownIdentity } from '../../src/audit/process-identity.ts';
import { lockPath } from '../../src/audit-format.ts';
import { AuditLockedError } from '../../src/errors.ts';
import { tests } from '../helpers.ts';
import { Child, eventLine, folder, indices, upTo } from './helpers.ts';

const test = tests('audit lock');

function isLocked(path: string | URL): boolean {
  try {
    const log = new AuditLog({ path });
    void log.close(10_000);
    return false;
  } catch (error) {
    if (AuditLockedError.is(error)) return true;
    throw error;
  }
}

test('a second log of this process is refused, whatever leads to the file', async () => {
  const at = folder();
  const path = join(at, 'events.jsonl');
  const log = new AuditLog({ path });
  mkdirSync(join(at, 'sub'));
  symlinkSync(path, join(at, 'link.jsonl'));
  symlinkSync(at, join(at, 'sub', 'folder'));
  linkSync(path, join(at, 'hard.jsonl'));
  const spellings = [
    path,
    `${at}/./sub/../events.jsonl`,
    relative(process.cwd(), path),
    pathToFileURL(path),
    join(at, 'link.jsonl'),
    join(at, 'sub', 'folder', 'events.jsonl'),
    join(at, 'hard.jsonl'),
  ];
  for (const spelling of spellings) assert.ok(isLocked(spelling), String(spelling));
  assert.ok(await log.close(10_000));
  assert.not.ok(isLocked(path));
});

test('a link to a file that is not there yet names the file that will be', async () => {
  const at = folder();
  symlinkSync('real.jsonl', join(at, 'link.jsonl'));
  const log = new AuditLog({ path: join(at, 'link.jsonl') });
  assert.ok(isLocked(join(at, 'real.jsonl')));
  assert.ok(await log.close(10_000));
});

test('a closed log leaves nothing but the file', async () => {
  const at = folder();
  const log = new AuditLog({ path: join(at, 'events.jsonl') });
  assert.ok(await log.close(10_000));
  assert.equal(readdirSync(at), ['events.jsonl']);
});

test('another process has it, dies by kill -9, and its lock is taken over', async () => {
  const path = join(folder(), 'events.jsonl');
  const child = new Child({ options: { path }, lines: 10, end: 'stay' });
  await child.message(({ done }) => done === true);
  assert.ok(isLocked(path));
  await child.kill();
  const log = new AuditLog({ path });
  log.append(eventLine(10));
  assert.ok(await log.close(10_000));
  const written = indices(path);
  assert.is(written.at(-1), 10);
  assert.equal(readdirSync(join(path, '..')), ['events.jsonl']);
});

test('another process has it by another hard link, or opens it by two at once', async () => {
  if (process.platform !== 'linux') return;
  const path = join(folder(), 'events.jsonl');
  const other = join(folder(), 'other.jsonl');
  const child = new Child({ options: { path }, lines: 10, end: 'stay' });
  await child.message(({ open }) => open === true);
  linkSync(path, other);
  assert.ok(isLocked(other), 'at once');
  await child.message(({ done }) => done === true);
  assert.ok(isLocked(other), 'when its worker has the file');
  await child.kill();
  // A reader is no writer, and a link that nobody has open is no reason to refuse.
  const reader = openSync(path, 'r');
  const log = new AuditLog({ path: other });
  const second = new Child({ options: { path }, lines: 1, end: 'stay' });
  assert.is((await second.message(({ error }) => error !== undefined)).error, 'ERR_GANGLION_AUDIT_LOCKED');
  await second.ended;
  assert.ok(isLocked(path), 'from this process');
  assert.ok(await log.close(10_000));
  closeSync(reader);
  assert.ok(await new AuditLog({ path }).close(10_000));
});

test('of many processes that find a stale lock one gets it', async () => {
  const path = join(folder(), 'events.jsonl');
  for (let round = 0; round < 3; round++) {
    writeFileSync(lockPath(path), JSON.stringify({ ...ownIdentity(), pid: 2 ** 22 - 1 }));
    const many = upTo(6).map(() => new Child({ options: { path }, lines: 1, end: 'stay' }));
    const answers = await Promise.all(
      many.map((child) => child.message(({ open, error }) => open || error !== undefined)),
    );
    assert.equal(answers.filter(({ open }) => open).length, 1, JSON.stringify(answers));
    assert.equal(answers.filter(({ error }) => error === 'ERR_GANGLION_AUDIT_LOCKED').length, many.length - 1);
    await Promise.all(many.map((child) => child.kill()));
  }
});

test('a number that another process has by now holds nothing', () => {
  const path = join(folder(), 'lock');
  writeFileSync(path, JSON.stringify({ ...ownIdentity(), start: 'before' }));
  const lock = takeLock(path);
  assert.ok(lock);
  assert.is(takeLock(path), undefined);
  lock!.release();
  assert.equal(readdirSync(join(path, '..')), []);
});

test("whoever can't be asked after counts as alive until it has been silent for long", () => {
  for (const other of [JSON.stringify({ ...ownIdentity(), namespace: 'another' }), '', 'no lock of ours']) {
    const path = join(folder(), 'lock');
    writeFileSync(path, other);
    assert.is(takeLock(path), undefined);
    utimesSync(path, new Date(0), new Date(0));
    assert.ok(takeLock(path));
  }
});

test('a lock whose nonce would lead elsewhere is no lock of ours', () => {
  const at = folder();
  mkdirSync(join(at, 'logs', 'x.over-'), { recursive: true });
  const path = join(at, 'logs', 'x');
  writeFileSync(path, JSON.stringify({ ...ownIdentity(), pid: 2 ** 22 - 1, nonce: '/../../elsewhere' }));
  assert.is(takeLock(path), undefined);
  assert.equal(readdirSync(at), ['logs']);
  utimesSync(path, new Date(0), new Date(0));
  assert.ok(takeLock(path));
});

test('a process that died while it took a lock over does not keep others from it', () => {
  const path = join(folder(), 'lock');
  const dead = { ...ownIdentity(), pid: 2 ** 22 - 1 };
  writeFileSync(path, JSON.stringify(dead));
  writeFileSync(`${path}.over-${dead.nonce}`, JSON.stringify({ ...ownIdentity(), pid: 2 ** 22 - 2 }));
  assert.ok(takeLock(path));
});

test.run();
