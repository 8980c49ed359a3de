import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  AuditLockedError,
  AuditOpenError,
  BackpressureError,
  EventBus,
  type EventBusOptions,
  Redactor,
  type SealPayload,
  SerializationError,
  verifyAuditLog,
} from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { balance, fixture, only, withBus } from './fixtures.ts';

const test = tests('audit log of a bus');

function withLog(options: EventBusOptions, use: (bus: EventBus, path: string) => Promise<void>): Promise<void> {
  return inFolder((folder) => {
    const eventLogPath = join(folder, 'events.jsonl');
    return withBus({ eventLogPath, ...options }, (bus) => use(bus, eventLogPath));
  });
}

const read = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('every event is a line in emission order, whether somebody handles it or not; handlers see the real payload', () =>
  withLog({ redactor: new Redactor() }, async (bus, path) => {
    bus.subscribe(fixture('echo'), 'user.*');
    const ids: string[] = [];
    for (let n = 0; n < 500; n++)
      ids.push(bus.emit(n % 2 ? 'user.login' : 'nobody', { n, email: 'alice@example.com' }));
    const { outcomes } = await bus.emitAndWait('user.last', { password: 'hunter2' }, { source: 'bob@example.com' });
    assert.equal((outcomes[0]!.value as { payload: unknown }).payload, { password: 'hunter2' });
    const [last] = await bus.getEvents({ limit: 1 });
    assert.equal(last!.payload, { password: '[REDACTED]' });
    assert.is(last!.source, '[REDACTED_EMAIL]');
    const { audit, total_events_logged, log_file_size, audit_enabled } = bus.getStats();
    assert.ok(audit_enabled);
    assert.is(total_events_logged, 501);
    assert.is(audit!.lines, 501);
    assert.is(log_file_size, readFileSync(path).length);
    const report = await bus.shutdown();
    assert.ok(report.auditFlushed);
    const lines = read(path);
    assert.equal(
      lines.slice(0, 500).map((line) => line.event_id),
      ids,
    );
    assert.not.match(readFileSync(path, 'utf8'), /alice@|bob@|hunter2/);
    assert.is(lines.at(-1)!.event_type, 'system.event_bus_shutdown');
    assert.equal(Object.keys(lines[0]!), [
      'event_type',
      'payload',
      'timestamp',
      'event_id',
      'source',
      'correlation_id',
    ]);
  }));

test('failures are records though nobody subscribed to system events; what a thread emits is recorded too', () =>
  withLog({}, async (bus) => {
    bus.subscribe(fixture('deaths', 'throwsAnything'), 'bad');
    bus.subscribe(fixture('tools', 'emits'), 'parent');
    const bad = await bus.emitAndWait('bad', { what: 'rich' }, { correlationId: 'c-1' });
    const parent = await bus.emitAndWait('parent', { n: 1 });
    const [error] = await bus.getEvents({ eventType: 'system.handler_error' });
    assert.is(error!.correlationId, 'c-1');
    assert.is(error!.payload.original_event_id, bad.eventId);
    const children = await bus.getEvents({ eventType: 'child.*' });
    assert.equal(children.map((event) => event.eventId).reverse(), only(parent).value);
    assert.is(balance(bus), 0);
  }));

test('an event with a body carries its size; one that JSON cannot hold is a line without its payload', () =>
  withLog({}, async (bus, path) => {
    bus.emit('with.body', {}, { body: new Uint8Array(42) });
    assert.throws(
      () => bus.emit('big', { n: 1n }),
      (e: unknown) => SerializationError.is(e),
    );
    await bus.shutdown();
    const [body, big] = read(path);
    assert.is(body!.body_bytes, 42);
    assert.is(big!.event_type, 'big');
    assert.is(big!.payload, null);
  }));

test('a second bus on the file is refused, and the first one goes on; after its end the file is free', () =>
  withLog({}, async (bus, eventLogPath) => {
    await bus.ready();
    assert.throws(
      () => new EventBus({ eventLogPath }),
      (e: unknown) => AuditLockedError.is(e),
    );
    bus.emit('x', {});
    assert.is((await bus.getEvents()).length, 1);
    await bus.shutdown();
    const next = new EventBus({ eventLogPath });
    await next.ready();
    assert.is(next.getStats().total_events_logged, 2);
    await next.shutdown();
  }));

test('a path that is a folder, and options that make no sense: coded errors', () => {
  assert.throws(
    () => new EventBus({ eventLogPath: tmpdir() }),
    (e: unknown) => AuditOpenError.is(e),
  );
  const wrong = {
    enableAudit: true,
    maxLogSizeBytes: 0,
    maxLogFiles: -1,
    auditFsync: 'now',
    redactor: {},
    auditSeal: 0,
  };
  assert.throws(
    () => new EventBus(wrong as never),
    (e: { problems?: string[] }) => e.problems?.length === 6,
  );
});

test('without a log: no events, nothing to clear', () =>
  withBus({}, async (bus) => {
    bus.emit('x', {});
    assert.equal(await bus.getEvents(), []);
    assert.not.ok(await bus.clearLog());
  }));

test('clearLog empties the log, rotated files too; what comes after is there', () =>
  withLog({ maxLogSizeBytes: 2_000 }, async (bus, path) => {
    for (let n = 0; n < 100; n++) bus.emit('x', { n });
    assert.is((await bus.getEvents({ limit: 1_000 })).length > 10, true);
    assert.ok(bus.getStats().audit!.rotations > 0);
    assert.ok(await bus.clearLog());
    bus.emit('after', {});
    assert.equal(
      (await bus.getEvents({ limit: 1_000 })).map((event) => event.eventType),
      ['after'],
    );
    assert.is(read(path).length, 1);
  }));

test('a sealed log is handed out and verifies', () => {
  const seals: SealPayload[] = [];
  return withLog({ auditSeal: 10, onSeal: (seal) => void seals.push(seal) }, async (bus, path) => {
    for (let n = 0; n < 100; n++) bus.emit('x', { n });
    await bus.shutdown();
    const { ok, lines } = await verifyAuditLog(path);
    assert.ok(ok);
    assert.is(lines, read(path).length);
    assert.ok(seals.length >= 10, `${seals.length} seals`);
  });
});

for (const overflowPolicy of ['raise', 'drop', 'dropOldest', 'block'] as const) {
  test(`a log that is behind meets the policy ${overflowPolicy}; emitAsync waits; nothing accepted is lost`, () => {
    // This pattern runs away on its text, so the writer stands still until it is replaced.
    const redactor = new Redactor({ patterns: [{ name: 'RUNAWAY', pattern: /(?:b+)+c/ }] });
    return withLog({ redactor, overflowPolicy, blockTimeoutMs: 50 }, async (bus, path) => {
      await bus.ready();
      const accepted: string[] = [bus.emit('stall', { text: 'b'.repeat(64) })];
      const payload = { text: 'x'.repeat(300_000) };
      let refused: unknown;
      for (let n = 0; n < 200 && refused === undefined; n++) {
        try {
          const id = bus.emit('filler', payload);
          if (id === '') refused = 'dropped';
          else accepted.push(id);
        } catch (error) {
          refused = error;
        }
      }
      if (overflowPolicy === 'drop') assert.is(refused, 'dropped');
      else {
        assert.ok(BackpressureError.is(refused), String(refused));
        assert.is((refused as BackpressureError).resource, 'audit');
      }
      accepted.push(await bus.emitAsync('waited', {}));
      await bus.shutdown();
      const ids = read(path).map((line) => line.event_id);
      assert.equal(
        ids.filter((id) => accepted.includes(id as string)),
        accepted,
      );
      assert.is(balance(bus), 0);
    });
  }, 60_000);
}

test.run();
