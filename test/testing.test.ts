import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { threadId } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { ConfigError, DeadLetterQueue, EventBus, HandlerLoadError, WaitTimeoutError } from '../src/index.ts';
import { createTestBus, recordEvents, type TestBus, type TestBusOptions, waitUntilIdle } from '../src/testing.ts';
import { fixture, only } from './bus/fixtures.ts';
import { projectRoot, tests } from './helpers.ts';

const test = tests('ganglion/testing');

async function withTestBus(options: TestBusOptions, use: (bus: TestBus) => Promise<void>): Promise<void> {
  const bus = createTestBus(options);
  try {
    await use(bus);
  } finally {
    await bus[Symbol.asyncDispose]();
  }
}

test('a module runs in this process, on an event of its own, in the scope of the event', () =>
  withTestBus({}, async (bus) => {
    bus.subscribe(fixture('tools', 'whole'), 'x');
    bus.subscribe(fixture('tools', 'waits'), 'y');
    bus.subscribe(fixture('tools', 'correlation'), 'z');
    await bus.ready();
    const whole = only(await bus.emitAndWait('x', { a: [1] }, { source: 's' }));
    assert.is(whole.threadId, 0);
    assert.equal((whole.value as { keys: string[] }).keys, ['a']);
    assert.equal(only(await bus.emitAndWait('y', { ms: 1, n: 7 })).value, { n: 7, threadId });
    assert.equal(only(await bus.emitAndWait('z', {}, { correlationId: 'c' })).value, ['c', 'c']);
    assert.is(bus.getStats().threads.live, 0);
  }));

test('emitted before the modules are there, everything runs in the order of emission and subscription', async () => {
  const runs: string[][] = [];
  for (let run = 0; run < 3; run++) {
    await withTestBus({}, async (bus) => {
      const order: string[] = [];
      bus.subscribe(fixture('tools', 'emits'), 'start', { name: 'slow to import' });
      bus.subscribe(fixture('echo'), 'start');
      bus.subscribe(() => void order.push('inline'), 'start', { priority: 1 });
      const recorded = recordEvents(bus);
      for (let n = 0; n < 5; n++) bus.emit('start', { n });
      await waitUntilIdle(bus);
      runs.push([...order, ...recorded.events.map((event) => `${event.eventType} ${String(event.payload.n)}`)]);
    });
  }
  assert.is(runs[0]!.length, 5 + 15);
  assert.equal(runs[1], runs[0]);
  assert.equal(runs[2], runs[0]);
});

test('a module that can not be loaded fails its deliveries as on the pool, and ready says so', () =>
  withTestBus({}, async (bus) => {
    for (const name of ['throws-at-import', 'no-such-file']) {
      bus.subscribe(fixture(name), name);
      const outcome = only(await bus.emitAndWait(name, {}));
      assert.is(outcome.reason, 'handler_load_error');
      assert.ok(HandlerLoadError.is(outcome.error));
    }
    bus.subscribe({ module: new URL('./fixtures/handlers/tools.js', import.meta.url), export: 'nothing' }, 'x');
    assert.is(only(await bus.emitAndWait('x', {})).reason, 'handler_load_error');
    assert.ok(HandlerLoadError.is(await bus.ready().catch((error: unknown) => error)));
  }));

test('what a module has set up is ended with its bus, once for all its exports; a teardown that fails is a warning', async () => {
  const log = join(mkdtempSync(join(projectRoot, 'dist', 'test-state-')), 'log');
  process.env.STATE_LOG = log;
  const warned = once(process, 'warning');
  try {
    await withTestBus({}, async (bus) => {
      for (const name of ['default', 'other']) bus.subscribe(fixture('stateful', name), 'x');
      bus.subscribe(fixture('bad-teardown'), 'y');
      await bus.ready();
    });
    assert.equal(readFileSync(log, 'utf8').match(/^\w+/gm), ['setup', 'teardown']);
    const [{ code, message }] = (await warned) as [Error & { code: string }];
    assert.is(code, 'GANGLION_TEARDOWN_ERROR');
    assert.match(message, /the connection is gone/);
  } finally {
    delete process.env.STATE_LOG;
    rmSync(dirname(log), { recursive: true });
  }
});

test('a deadline comes when the clock is moved to it, and not before', () =>
  withTestBus({ handlerTimeoutMs: 60_000, startTime: 1_000_000 }, async (bus) => {
    bus.subscribe(() => new Promise(() => {}), 'x');
    const result = bus.emitAndWait('x', {});
    assert.is(bus.now, 1_000_000);
    await bus.advance(59_999);
    assert.is(bus.getPendingCount(), 1);
    await bus.advance(1);
    const outcome = only(await result);
    assert.is(outcome.reason, 'handler_timeout');
    assert.is(outcome.durationMs, 60_000);
    assert.is(bus.now, 1_060_000);
    assert.is(Number((await bus.emitAndWait('y', {})).outcomes.length), 0);
  }));

test('retries of hours take no time; events bear the time of the clock', () =>
  withTestBus({ startTime: 5_000_000 }, async (bus) => {
    const times: number[] = [];
    bus.subscribe(
      () => {
        times.push(bus.now);
        if (times.length < 4) throw new Error('not yet');
      },
      'x',
      { retry: { attempts: 4, backoffMs: 3_600_000, factor: 2, maxBackoffMs: 1e9, jitter: false } },
    );
    const recorded = recordEvents(bus, 'x');
    bus.emit('x', {});
    await waitUntilIdle(bus);
    assert.equal(
      times.map((at) => at - 5_000_000),
      [0, 1, 3, 7].map((hours) => hours * 3_600_000),
    );
    assert.is(recorded.events[0]?.timestamp, 5_000_000);
    assert.is(bus.getStats().completed, 1);
  }));

test('two timers fire in the order of their times, and what they start runs in between', () =>
  withTestBus({}, async (bus) => {
    const order: string[] = [];
    for (const [name, timeoutMs] of [
      ['late', 20],
      ['early', 10],
    ] as const) {
      bus.subscribe(() => new Promise(() => {}), name, { timeoutMs });
      bus.emit(name, {});
    }
    bus.subscribe((event) => void order.push(String(event.payload.original_event_type)), 'system.handler_error');
    await bus.advance(100);
    assert.equal(order, ['early', 'late']);
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.instance(await bus.advance(ms).catch((error: unknown) => error), RangeError);
    }
  }));

test('a clock that two move on at once never goes back', () =>
  withTestBus({ startTime: 0 }, async (bus) => {
    await Promise.all([bus.advance(100), bus.advance(50)]);
    assert.is(bus.now, 100);
    assert.ok(ConfigError.is(await waitUntilIdle(bus, { timeoutMs: Number.NaN }).catch((e: unknown) => e)));
  }));

test('a promise that throws when it is looked at is not counted as a handler at work', () =>
  withTestBus({}, async (bus) => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('looked at');
        },
      },
    );
    bus.subscribe(() => hostile, 'x', { retry: { attempts: 2, backoffMs: 1_000 } });
    bus.emit('x', {});
    await waitUntilIdle(bus);
    assert.is(bus.getStats().failed, 1);
  }));

test('waitFor goes by the clock too', () =>
  withTestBus({}, async (bus) => {
    const waiting = bus.waitFor('never', { timeoutMs: 3_600_000 }).catch((error: unknown) => error);
    await bus.advance(3_600_000);
    assert.ok(WaitTimeoutError.is(await waiting));
  }));

test('a handler that never ends is not waited for without end, and dead letters are kept', () =>
  withTestBus({ deadLetterQueue: new DeadLetterQueue() }, async (bus) => {
    bus.subscribe(() => new Promise(() => {}), 'x', { timeoutMs: 50 });
    bus.emit('x', {});
    assert.ok(WaitTimeoutError.is(await waitUntilIdle(bus, { timeoutMs: 20 }).catch((error: unknown) => error)));
    await bus.advance(50);
    await waitUntilIdle(bus);
    assert.is(bus.deadLetterQueue!.getByReason('handler_timeout').length, 1);
  }));

test('recordEvents: of what matches, until it is stopped; on any bus', async () => {
  const bus = new EventBus();
  try {
    const recorded = recordEvents(bus, ['a.*', 'b']);
    for (const type of ['a.1', 'c', 'b']) bus.emit(type, {});
    await waitUntilIdle(bus);
    assert.equal(recorded.types, ['a.1', 'b']);
    recorded.clear();
    bus.emit('a.2', {});
    await waitUntilIdle(bus);
    assert.equal(recorded.types, ['a.2']);
    recorded.stop();
    bus.emit('a.3', {});
    await waitUntilIdle(bus);
    assert.equal(recorded.types, ['a.2']);
    bus.subscribe(() => new Promise((resolve) => setTimeout(resolve, 60)), 'slow');
    bus.emit('slow', {});
    assert.ok(WaitTimeoutError.is(await waitUntilIdle(bus, { timeoutMs: 1 }).catch((error: unknown) => error)));
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
  }
});

test('a thousand test buses leave nothing behind', async () => {
  const before = getHeapStatistics().number_of_native_contexts;
  for (let i = 0; i < 1_000; i++) await withTestBus({}, async (bus) => void (await bus.emitAndWait('x', {})));
  assert.is(getHeapStatistics().number_of_native_contexts, before);
  assert.is(process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length, 0);
});

test('under node:test it runs as it does here', async () => {
  const base = join(projectRoot, 'dist', 'test');
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, 'node-test-'));
  try {
    const file = join(folder, 'own.test.mjs');
    writeFileSync(
      file,
      `import { test } from 'node:test';
       import assert from 'node:assert';
       import { createTestBus, recordEvents, waitUntilIdle } from '../../src/testing.js';
       test('retries', async () => {
         const bus = createTestBus();
         let calls = 0;
         bus.subscribe(() => { if (++calls < 3) throw new Error('no'); }, 'x', { retry: { attempts: 3, backoffMs: 60000 } });
         const recorded = recordEvents(bus);
         bus.emit('x', {});
         await waitUntilIdle(bus);
         assert.deepEqual([calls, recorded.types], [3, ['x']]);
         await bus.shutdown();
       });`,
    );
    const [code, output] = await new Promise<[unknown, string]>((resolve) => {
      execFile(process.execPath, ['--test', file], (error, stdout, stderr) =>
        resolve([error?.code ?? 0, stdout + stderr]),
      );
    });
    assert.is(code, 0, output);
    assert.match(output, /pass 1\b/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the log line of a payload that JSON can not hold is of the time of the bus', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ganglion-testing-'));
  try {
    const eventLogPath = join(folder, 'events.jsonl');
    const bus = createTestBus({ startTime: 1_000_000_000_000, eventLogPath });
    assert.throws(() => bus.emit('x', { n: 1n }));
    await bus.shutdown();
    const [line] = readFileSync(eventLogPath, 'utf8').split('\n');
    const { event_type, timestamp } = JSON.parse(line!) as { event_type: string; timestamp: number };
    assert.equal([event_type, timestamp], ['x', 1_000_000_000]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a deadline beyond what a timer can count comes at its time, not before', async () => {
  await using bus = createTestBus();
  const timeoutMs = 2 ** 33;
  bus.subscribe(() => new Promise(() => {}), 'x', { timeoutMs });
  const result = bus.emitAndWait('x', {});
  await bus.advance(timeoutMs - 1);
  assert.is(bus.getPendingCount(), 1);
  await bus.advance(1);
  assert.is((await result).outcomes[0]?.reason, 'handler_timeout');
});

test.run();
