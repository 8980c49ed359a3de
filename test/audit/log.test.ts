import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { AuditLog } from '../../src/audit/log.ts';
import { AuditLockedError, AuditOpenError } from '../../src/errors.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';
import { eventLine, folder, indices, linesOf, upTo } from './helpers.ts';

const test = tests('audit log');

test("lines are in the file in the order of append, the file is its owner's alone, its folder is made", async () => {
  const path = join(folder(), 'a', 'b', 'events.jsonl');
  const log = new AuditLog({ path });
  await log.ready();
  for (let i = 0; i < 1000; i++) assert.ok(log.append(eventLine(i)));
  assert.ok(await log.flush(10_000));
  assert.equal(indices(path), upTo(1000));
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.ok(await log.close(10_000));
});

test('nothing is written before it is redacted, error tokens and binary sizes included', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path, redactor: new Redactor().toConfig() });
  log.append(eventLine(0, { password: 'hunter2', note: 'mail ann@example.com' }), 12);
  log.append(eventLine(1), 0);
  assert.ok(await log.close(10_000));
  const text = readFileSync(path, 'utf8');
  assert.not.match(text, /hunter2|ann@/);
  assert.match(text, /"password":"\[REDACTED\]","note":"mail \[REDACTED_EMAIL\]"/);
  const [first, second] = linesOf(path).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.is(first!.body_bytes, 12);
  assert.is(second!.body_bytes, 0);
  assert.is(Object.keys(first!).join(), 'event_type,payload,timestamp,event_id,source,correlation_id,body_bytes');
});

test('line feeds, U+2028, lone surrogates and 5 MB strings', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path, redactor: new Redactor().toConfig(), ringBytes: 65_536 });
  const payloads = ['a\nb\r\n', '\u2028\u2029', '\ud800x\udc00', 'é😀', 'z'.repeat(5_000_000), '😀'.repeat(100_000)];
  for (const [i, text] of payloads.entries()) {
    while (!log.append(eventLine(i, { text }))) assert.ok(log.blockForRoom(10_000));
  }
  assert.ok(await log.flush(10_000));
  const events = await log.read({ eventType: 'test.*' });
  assert.equal(events.map((event) => event.payload.text).reverse(), payloads);
  assert.is(readFileSync(path).filter((byte) => byte === 10).length, payloads.length);
  assert.ok(await log.close(10_000));
});

test("a ring that is full refuses, tells when there is room, and keeps the order of what can't be refused", async () => {
  const path = join(folder(), 'events.jsonl');
  let again: (() => void) | undefined;
  const log = new AuditLog({ path, ringBytes: 65_536 }, { roomAgain: () => again?.() });
  let i = 0;
  for (let round = 0; round < 20; round++) {
    while (log.append(eventLine(i))) i++;
    for (let more = 0; more < 10; more++) log.appendOrWait(eventLine(i++));
    await new Promise<void>((resolve) => {
      again = resolve;
    });
  }
  assert.ok(await log.close(10_000));
  assert.equal(indices(path), upTo(i));
});

test('blocking for room and flushing without the event loop', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path, ringBytes: 65_536 });
  for (let i = 0; i < 5000; i++) while (!log.append(eventLine(i))) assert.ok(log.blockForRoom(10_000));
  assert.ok(log.flushSync(10_000));
  assert.is(log.stats().lag_events, 0);
  assert.is(linesOf(path).length, 5000);
  assert.ok(await log.close(10_000));
});

test('stats count what the log held, without what is only a seal', async () => {
  const path = join(folder(), 'events.jsonl');
  const first = new AuditLog({ path, seal: 10 });
  for (let i = 0; i < 25; i++) first.append(eventLine(i));
  assert.ok(await first.close(10_000));
  const log = new AuditLog({ path });
  await log.ready();
  assert.is(log.stats().total_events_logged, 25);
  assert.is(log.stats().log_file_size, statSync(path).size);
  log.append(eventLine(25));
  assert.is(log.stats().total_events_logged, 26);
  assert.is(log.stats().lag_events + log.stats().lines, 1);
  assert.ok(await log.close(10_000));
  assert.is(log.stats().lines, 1);
});

test('clear empties the log in its place among the lines', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path, maxLogSizeBytes: 2000 });
  for (let i = 0; i < 100; i++) log.append(eventLine(i));
  const cleared = log.clear();
  log.append(eventLine(100));
  assert.is(await cleared, true);
  assert.ok(await log.flush(10_000));
  assert.equal(indices(path), [100]);
  assert.is(log.stats().total_events_logged, 1);
  assert.ok(await log.close(10_000));
  assert.equal(indices(path, 10), []);
});

test("a path that can't be a log gives a coded error and leaves no lock", () => {
  const path = folder();
  const error = refused(() => new AuditLog({ path }));
  assert.ok(AuditOpenError.is(error));
  assert.is((error as AuditOpenError).path, path);
  const file = join(path, 'file');
  writeFileSync(file, '');
  assert.ok(AuditOpenError.is(refused(() => new AuditLog({ path: join(file, 'events.jsonl') }))));
  assert.not.ok(AuditLockedError.is(refused(() => new AuditLog({ path }))));
});

function refused(open: () => unknown): unknown {
  try {
    open();
  } catch (error) {
    return error;
  }
  throw new Error('it was opened');
}

test.run();
