import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { AuditLog } from '../../src/audit/log.ts';
import { AuditOpenError, BusClosedError, ConfigError } from '../../src/errors.ts';
import { workerFiles } from '../../src/worker-urls.ts';
import { tests } from '../helpers.ts';
import { eventLine, folder, indices, rejection, upTo } from './helpers.ts';

const test = tests('audit log at its ends');

/** A worker's entry point with this source. */
function writerOf(source: string): URL {
  const entry = join(folder(), 'writer.mjs');
  writeFileSync(entry, source);
  return pathToFileURL(entry);
}

const logs: AuditLog[] = [];

test('a worker that dies at load again and again: ready rejects', async () => {
  const log = new AuditLog({ path: join(folder(), 'log') }, {}, { writer: writerOf('throw new Error("spoilt")') });
  const error = await rejection(log.ready());
  assert.ok(AuditOpenError.is(error));
  assert.match((error as Error).message, 'spoilt');
  await log.close(100);
});

test('a closed log can be read, and refuses to be cleared', async () => {
  const path = join(folder(), 'log');
  const log = new AuditLog({ path });
  for (const i of upTo(3)) log.append(eventLine(i));
  assert.ok(await log.close(10_000));
  assert.ok(BusClosedError.is(await rejection(log.clear())));
  assert.is((await log.read()).length, 3);
  assert.equal(indices(path), [0, 1, 2]);
});

test('a closed log takes nothing, and counts nothing as on its way', async () => {
  const path = join(folder(), 'log');
  const log = new AuditLog({ path });
  log.append(eventLine(0));
  assert.ok(await log.close(10_000));
  assert.is(log.append(eventLine(1)), false);
  log.appendOrWait(eventLine(2));
  assert.not.ok(log.hasRoom);
  assert.ok(log.isOver);
  const { lag_events, total_events_logged } = log.stats();
  assert.equal({ lag_events, total_events_logged }, { lag_events: 0, total_events_logged: 1 });
  assert.ok(await log.flush(10_000));
  assert.is(await log.close(1), true, 'closed twice');
  assert.equal(indices(path), [0]);
});

test('who waits for a log that closes without having written is told', async () => {
  // It lives, and does nothing.
  const writer = writerOf('setInterval(() => {}, 1_000_000);');
  const log = new AuditLog({ path: join(folder(), 'log') }, {}, { writer });
  log.append(eventLine(0));
  const waiting = [log.read(), log.clear(), log.flush(Number.POSITIVE_INFINITY)];
  assert.is(await log.close(50), false);
  assert.equal(await Promise.all(waiting), [[], false, false]);
  assert.is(await log.flush(Number.POSITIVE_INFINITY), false);
  assert.equal(await log.read(), []);
});

test('a query is checked, and read, before the log is waited for', async () => {
  const path = join(folder(), 'log');
  writeFileSync(
    path,
    upTo(3)
      .map((i) => `${eventLine(i)}\n`)
      .join(''),
  );
  // It lives, and does nothing.
  const log = new AuditLog({ path }, {}, { writer: writerOf('setInterval(() => {}, 1_000_000);') });
  log.append(eventLine(3));
  assert.ok(ConfigError.is(await rejection(log.read({ limit: -1 }))));
  const query = { limit: 2 };
  const reading = log.read(query);
  query.limit = 1;
  assert.is(await log.close(50), false);
  assert.is((await reading).length, 2);
});

test('a thread that can not be started at first is started later', async () => {
  const path = join(folder(), 'log');
  const writer = writerOf('process.exit(1)');
  const failed = new Promise<void>((resolve) => {
    const log = new AuditLog(
      { path },
      { fault: ({ message }) => message.includes('no thread could be started') && resolve() },
      { writer },
    );
    logs.push(log);
  });
  const [log] = logs as [AuditLog];
  // Not allowed for files here: the constructor of a worker throws.
  writer.host = 'elsewhere';
  log.append(eventLine(0));
  await failed;
  writeFileSync(pathToFileURL(writer.pathname), `import ${JSON.stringify(workerFiles(undefined).auditWriter.href)};`);
  writer.host = '';
  assert.ok(await log.flush(20_000));
  assert.ok(await log.close(10_000));
  assert.equal(indices(path), [0]);
});

test('a lock that can not be read any more does not keep the log from closing', async () => {
  const path = join(folder(), 'log');
  const log = new AuditLog({ path });
  await log.ready();
  unlinkSync(`${path}.lock`);
  mkdirSync(`${path}.lock`);
  assert.ok(await log.close(10_000));
});

test.run();
