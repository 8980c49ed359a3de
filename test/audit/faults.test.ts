import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { AuditLog, type AuditOptions } from '../../src/audit/log.ts';
import type { AuditFault } from '../../src/audit/messages.ts';
import { verifyAuditLog } from '../../src/audit/verify.ts';
import { segmentPath } from '../../src/audit-format.ts';
import { AuditWriteError } from '../../src/errors.ts';
import { tests } from '../helpers.ts';
import { eventLine, faultyWriter, folder, indices, linesOf, upTo } from './helpers.ts';

const test = tests('audit log and a file system that fails');

/** Collects what a log reports, and lets a test wait for it. */
class Reports {
  readonly faults: AuditFault[] = [];
  readonly recoveries: string[] = [];
  #look: (() => void) | undefined;

  fault(fault: AuditFault): void {
    this.faults.push(fault);
    this.#look?.();
  }
  recovered({ code }: { code: string }): void {
    this.recoveries.push(code);
    this.#look?.();
  }
  roomAgain(): void {
    this.#look?.();
  }
  until(isIt: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (isIt()) resolve();
      };
      this.#look();
    });
  }
}

function gaps(path: string): unknown[] {
  return linesOf(path)
    .map((line) => JSON.parse(line) as { event_type: string; payload: unknown })
    .filter(({ event_type }) => event_type === 'system.audit_gap')
    .map(({ payload }) => payload);
}

const failures = [
  ['writeSync', 'ENOSPC', 'before'],
  ['writeSync', 'ENOSPC', 'half'],
  ['writeSync', 'EIO', 'after'],
  ['openSync', 'EACCES', 'before'],
  ['statSync', 'EACCES', 'before'],
] as const;
for (const [call, code, when] of failures) {
  test(`${code} of ${call}, ${when} it is done: reported, back-pressure, and nothing lost or doubled when it ends`, async () => {
    const at = folder();
    const path = join(at, 'events.jsonl');
    const trouble = join(at, 'trouble');
    const reports = new Reports();
    const writer = faultyWriter(`call=${call}&while=${encodeURIComponent(trouble)}&when=${when}&what=${code}`);
    const options: AuditOptions = { path, ringBytes: 65_536, maxLogSizeBytes: 10_000, maxLogFiles: 100 };
    const log = new AuditLog(options, reports, { writer });
    await log.ready();
    let i = 0;
    for (; i < 100; i++) assert.ok(log.append(eventLine(i)));
    assert.ok(await log.flush(10_000));
    writeFileSync(trouble, '');
    while (log.append(eventLine(i))) i++;
    await reports.until(() => reports.faults.some((fault) => fault.code === code && fault.attempts > 2));
    while (log.append(eventLine(i))) i++;
    assert.not.ok(log.hasRoom);
    assert.ok(log.stats().errors > 2);
    assert.ok(log.stats().lag_events > 0);
    assert.is(await log.flush(1), false);
    unlinkSync(trouble);
    await reports.until(() => reports.recoveries.includes(code) && log.hasRoom);
    for (let more = 0; more < 100; more++) assert.ok(log.append(eventLine(i++)));
    assert.ok(await log.close(10_000));
    assert.equal([...indices(path, 100), ...indices(path)], upTo(i));
    assert.is(new Set(reports.recoveries).size, 1);
  });
}

const sealed = [
  ['writeSync', 'ENOSPC', 'half'],
  ['ftruncateSync', 'EIO', 'before'],
  ['renameSync', 'EACCES', 'before'],
  ['closeSync', 'EIO', 'after'],
] as const;
for (const [call, code, when] of sealed) {
  test(`${code} of ${call}, ${when} it is done, at one call after the other of a sealed log: it verifies`, async () => {
    // Newer Node reads the worker's own module with the first three.
    for (let at = 4; at <= 15; at++) {
      const path = join(folder(), 'events.jsonl');
      const reports = new Reports();
      const writer = faultyWriter(`call=${call}&at=${at}&when=${when}&what=${code}`);
      const log = new AuditLog({ path, maxLogSizeBytes: 2_000, maxLogFiles: 100, seal: 4 }, reports, { writer });
      for (let i = 0; i < 60; i++) log.append(eventLine(i));
      assert.ok(await log.close(10_000));
      assert.equal([...indices(path, 100), ...indices(path)], upTo(60), `call ${at}`);
      const { firstProblem, unsealed } = await verifyAuditLog(path);
      assert.equal({ firstProblem, unsealed }, { firstProblem: undefined, unsealed: 0 }, `call ${at}`);
    }
  }, 60_000);
}

test('fsync that fails: the batch is written anew, since its pages may be gone', async () => {
  for (const fsync of ['batch', 'rotate'] as const) {
    const path = join(folder(), 'events.jsonl');
    const reports = new Reports();
    const writer = faultyWriter('call=fsyncSync&at=2&what=EIO');
    const log = new AuditLog({ path, fsync, maxLogSizeBytes: 1_000, maxLogFiles: 100 }, reports, { writer });
    for (let i = 0; i < 50; i++) log.append(eventLine(i));
    assert.ok(await log.close(10_000));
    assert.equal([...indices(path, 100), ...indices(path)], upTo(50));
    assert.is(reports.faults.length, 1);
    assert.is(reports.faults[0]!.code, 'EIO');
  }
});

test('a rotation that fails: reported, the file grows, and later it is rotated after all', async () => {
  const path = join(folder(), 'events.jsonl');
  const reports = new Reports();
  const writer = faultyWriter('call=renameSync&at=1&what=EACCES');
  const log = new AuditLog({ path, maxLogSizeBytes: 10_000, maxLogFiles: 100, ringBytes: 65_536 }, reports, { writer });
  const lines = 10_000;
  for (let i = 0; i < lines; i++) while (!log.append(eventLine(i))) assert.ok(log.blockForRoom(10_000));
  assert.ok(await log.close(10_000));
  assert.equal([...indices(path, 100), ...indices(path)].at(-1), lines - 1);
  assert.ok(log.stats().rotations > 0);
  assert.equal(
    reports.faults.map(({ code }) => code),
    ['EACCES'],
  );
});

test('a log whose disk stays full is closed in its time, and says that lines are lost', async () => {
  const at = folder();
  const trouble = join(at, 'trouble');
  const writer = faultyWriter(`call=writeSync&while=${encodeURIComponent(trouble)}&what=ENOSPC`);
  const path = join(at, 'events.jsonl');
  const log = new AuditLog({ path }, {}, { writer });
  await log.ready();
  writeFileSync(trouble, '');
  log.append(eventLine(0));
  assert.is(await log.close(100), false);
  const again = new AuditLog({ path });
  assert.ok(await again.close(10_000));
});

test('a file that is deleted: a new one begins with a record of what is gone', async () => {
  const path = join(folder(), 'events.jsonl');
  const reports = new Reports();
  const log = new AuditLog({ path }, reports);
  for (let i = 0; i < 10; i++) log.append(eventLine(i));
  assert.ok(await log.flush(10_000));
  unlinkSync(path);
  for (let i = 10; i < 20; i++) log.append(eventLine(i));
  assert.ok(await log.flush(10_000));
  assert.equal(indices(path), upTo(20).slice(10));
  assert.equal(gaps(path), [{ missing: 10, code: 'DELETED' }]);
  assert.ok(JSON.parse(linesOf(path)[0]!).event_type === 'system.audit_gap', 'it stands before what came after');
  await reports.until(() => reports.faults.some(({ code }) => code === 'DELETED'));
  assert.ok(await log.close(10_000));
});

test('a file that is renamed keeps its lines, and a new one goes on', async () => {
  const path = join(folder(), 'events.jsonl');
  const reports = new Reports();
  const log = new AuditLog({ path }, reports);
  for (let i = 0; i < 10; i++) log.append(eventLine(i));
  assert.ok(await log.flush(10_000));
  renameSync(path, `${path}.moved`);
  for (let i = 10; i < 20; i++) log.append(eventLine(i));
  assert.ok(await log.flush(10_000));
  for (let i = 20; i < 30; i++) log.append(eventLine(i));
  assert.ok(await log.close(10_000));
  assert.equal([...indices(`${path}.moved`), ...indices(path)], upTo(30));
  assert.ok(existsSync(path));
  assert.equal(gaps(path), []);
  assert.ok(reports.faults.some(({ code }) => code === 'RENAMED'));
});

test('a file that something else cuts or writes to', async () => {
  const path = join(folder(), 'events.jsonl');
  const reports = new Reports();
  const log = new AuditLog({ path }, reports);
  for (let i = 0; i < 10; i++) log.append(eventLine(i));
  assert.ok(await log.flush(10_000));
  truncateSync(path);
  log.append(eventLine(10));
  assert.ok(await log.flush(10_000));
  log.append(eventLine(11));
  assert.ok(await log.flush(10_000));
  assert.equal(indices(path), [10, 11]);
  assert.equal(gaps(path), [{ missing: 10, code: 'TRUNCATED' }]);
  appendFileSync(path, `${eventLine(-1)}\n`);
  log.append(eventLine(12));
  assert.ok(await log.close(10_000));
  assert.equal(indices(path), [10, 11, -1, 12]);
  assert.equal(
    reports.faults.map(({ code }) => code),
    ['TRUNCATED', 'TRUNCATED'],
  );
});

test('a file that is cut before its last line says so', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path });
  for (let i = 0; i < 10; i++) log.append(eventLine(i));
  assert.ok(await log.flush(10_000));
  truncateSync(path);
  log.append(eventLine(10));
  assert.ok(await log.close(10_000));
  assert.equal(indices(path), [10]);
  assert.equal(gaps(path), [{ missing: 10, code: 'TRUNCATED' }]);
});

test('a folder that is removed and comes back', async () => {
  const at = join(folder(), 'logs');
  const path = join(at, 'events.jsonl');
  const reports = new Reports();
  const log = new AuditLog({ path }, reports);
  assert.ok(log.append(eventLine(0)));
  assert.ok(await log.flush(10_000));
  rmSync(at, { recursive: true });
  assert.ok(log.append(eventLine(1)));
  await reports.until(() => reports.faults.some(({ code }) => code === 'ENOENT'));
  mkdirSync(at);
  assert.ok(await log.close(10_000));
  assert.equal(indices(path), [1]);
  assert.equal(gaps(path), [{ missing: 1, code: 'DELETED' }]);
});

test('a pipe and a device in the place of the file: reported, and written to no more than a folder', async () => {
  if (process.platform === 'win32') return;
  for (const make of [
    (path: string) => spawnSync('mkfifo', [path]),
    (path: string) => symlinkSync('/dev/null', path),
    (path: string) => mkdirSync(path),
  ]) {
    const path = join(folder(), 'events.jsonl');
    const reports = new Reports();
    const log = new AuditLog({ path }, reports);
    log.append(eventLine(0));
    assert.ok(await log.flush(10_000));
    renameSync(path, `${path}.moved`);
    make(path);
    // The first goes where the file went: only then is it seen.
    log.append(eventLine(1));
    await reports.until(() => reports.faults.some(({ code }) => code === 'RENAMED'));
    log.append(eventLine(2, { text: 'x'.repeat(200_000) }));
    await reports.until(() => reports.faults.some(({ message }) => /no regular file|EISDIR/.test(message)));
    rmSync(path, { recursive: true });
    assert.ok(await log.close(10_000));
    assert.equal([...indices(`${path}.moved`), ...indices(path)], [0, 1, 2]);
    assert.equal(gaps(path), []);
  }
});

test('old files that can not be removed at opening: reported, and the log is open', async () => {
  const path = join(folder(), 'events.jsonl');
  writeFileSync(segmentPath(path, 1), `${eventLine(0)}\n`);
  mkdirSync(segmentPath(path, 2));
  const reports = new Reports();
  const log = new AuditLog({ path, maxLogSizeBytes: 10_000, maxLogFiles: 1 }, reports);
  await log.ready();
  log.append(eventLine(1));
  assert.ok(await log.close(10_000));
  assert.equal([...indices(path, 1), ...indices(path)], [0, 1]);
  assert.ok(reports.faults.some(({ message }) => message.includes('removing old files failed')));
});

test('no memory for a line that is too large for the ring: it waits as for room', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path, ringBytes: 65_536 });
  await log.ready();
  const Shared = globalThis.SharedArrayBuffer;
  globalThis.SharedArrayBuffer = class {
    constructor() {
      throw new RangeError('Array buffer allocation failed');
    }
  } as never;
  try {
    assert.is(log.append(eventLine(0, { text: 'x'.repeat(100_000) })), false);
    log.appendOrWait(eventLine(1, { text: 'x'.repeat(100_000) }));
    log.appendOrWait(eventLine(2));
    assert.not.ok(log.hasRoom);
  } finally {
    globalThis.SharedArrayBuffer = Shared;
  }
  assert.ok(await log.close(10_000));
  assert.equal(indices(path), [1, 2]);
});

test('the process is warned once, with a coded error', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on('warning', listen);
  const reports = new Reports();
  const writer = faultyWriter('call=fsyncSync&from=1&what=EIO');
  const log = new AuditLog({ path: join(folder(), 'events.jsonl'), maxLogSizeBytes: 500 }, reports, { writer });
  for (let i = 0; i < 50; i++) log.append(eventLine(i));
  assert.ok(await log.close(10_000));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  assert.ok(reports.faults.length > 1);
  assert.is(warnings.filter((warning) => AuditWriteError.is(warning)).length, 1);
});

/** A disk of 1 MiB, where this process may mount one. */
function mountSmallDisk(at: string): boolean {
  if (process.platform !== 'linux') return false;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at]).status === 0;
}

for (const more of [{}, { maxLogSizeBytes: 20_000, maxLogFiles: 1_000, seal: 10 }])
  test(`a disk that is really full, and then is not ${Object.keys(more).join()}`, async () => {
    const at = folder();
    if (!mountSmallDisk(at)) return;
    try {
      const filler = join(at, 'filler');
      writeFileSync(filler, Buffer.alloc(900_000));
      const path = join(at, 'events.jsonl');
      const reports = new Reports();
      const log = new AuditLog({ path, ringBytes: 65_536, ...more }, reports);
      let i = 0;
      while (!reports.faults.some(({ code }) => code === 'ENOSPC')) {
        if (log.append(eventLine(i))) i++;
        else await reports.until(() => log.hasRoom || reports.faults.length > 0);
      }
      assert.is(await log.flush(1), false);
      if (existsSync(path)) for (const line of linesOf(path)) JSON.parse(line);
      unlinkSync(filler);
      await reports.until(() => reports.recoveries.includes('ENOSPC'));
      assert.ok(await log.close(10_000));
      assert.equal([...indices(path, 100), ...indices(path)], upTo(i));
      if ('seal' in more) assert.is((await verifyAuditLog(path)).firstProblem, undefined);
    } finally {
      spawnSync('umount', [at]);
    }
  });

test.run();
