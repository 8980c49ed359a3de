import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ConfigError, DeadLetterQueue, EventBus, type EventBusOptions } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, only } from './fixtures.ts';

const test = tests('state of handler modules');

async function stateful(
  options: EventBusOptions,
  use: (bus: EventBus, log: () => string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ganglion-'));
  const file = join(folder, 'log');
  writeFileSync(file, '');
  const bus = new EventBus({ maxConcurrentHandlers: 2, ...options, env: { ...process.env, STATE_LOG: file } });
  try {
    await use(bus, () => readFileSync(file, 'utf8').split('\n').slice(0, -1));
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
    rmSync(folder, { recursive: true });
  }
}

/** `setup 3` → ['setup', '3']; `teardown after 2 3` → ['teardown after 2', '3']. */
const parts = (line: string): [string, string] => [line.slice(0, line.lastIndexOf(' ')), line.split(' ').at(-1)!];

test('setup: awaited once per thread before its first event, for all exports; teardown at shutdown, once each', () =>
  stateful({}, async (bus, log) => {
    bus.subscribe(fixture('stateful'), 'x');
    bus.subscribe(fixture('stateful', 'other'), 'x');
    await bus.ready();
    const results = await Promise.all(Array.from({ length: 40 }, () => bus.emitAndWait('x', { ms: 2 })));
    for (const { outcomes } of results) for (const outcome of outcomes) assert.ok(outcome.ok, outcome.error?.message);
    await bus.shutdown();
    const lines = log().map(parts);
    const setups = lines.filter(([what]) => what === 'setup').map(([, thread]) => thread);
    assert.is(new Set(setups).size, setups.length, 'once per thread');
    const ended = lines.filter(([what]) => what.startsWith('teardown'));
    assert.equal(ended.map(([, thread]) => thread).sort(), setups.sort(), 'every thread that was set up');
    const handled = ended.reduce((sum, [what]) => sum + Number(what.split(' ')[2]), 0);
    assert.is(handled, 80, 'after all its events');
  }));

test('recycleAfterEvents: threads are replaced between events, with teardown and setup, and none is lost', () =>
  stateful({ recycleAfterEvents: 20 }, async (bus, log) => {
    const reasons: unknown[] = [];
    bus.subscribe(({ payload }) => void reasons.push(payload.reason), 'system.thread_restarted');
    bus.subscribe(fixture('stateful'), 'x');
    await bus.ready();
    let recycled = 0;
    for (let n = 0; recycled < 4; n++) {
      const results = await Promise.all(Array.from({ length: 20 }, () => bus.emitAndWait('x', { ms: n % 2 })));
      for (const result of results) assert.equal([only(result).ok, only(result).attempt], [true, 1]);
      recycled = log().filter((line) => line.startsWith('teardown')).length;
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.is(balance(bus), 0);
    assert.is(bus.getStats().threads.restarts, 0, 'no fault');
    assert.ok(reasons.length >= 3);
    assert.ok(reasons.every((reason) => reason === 'recycled'));
    for (const [what] of log().map(parts))
      if (what.startsWith('teardown')) assert.ok(Number(what.split(' ')[2]) >= 20, what);
  }));

test('recycleAboveHeapBytes: a thread whose heap has grown is replaced', () =>
  stateful({ maxConcurrentHandlers: 1, recycleAboveHeapBytes: 60 << 20 }, async (bus, log) => {
    bus.subscribe(fixture('stateful'), 'x');
    await bus.ready();
    const threads = new Set<unknown>();
    while (threads.size < 2) {
      const { ok, value } = only(await bus.emitAndWait('x', { grow: true }));
      assert.ok(ok);
      threads.add(value);
    }
    while (!log().some((line) => line.startsWith('teardown'))) await new Promise((resolve) => setImmediate(resolve));
    assert.is(bus.getStats().threads.restarts, 0);
  }));

test('a setup that failed is tried again with its module; a teardown that fails is a warning', async () => {
  const deadLetterQueue = new DeadLetterQueue();
  const bus = new EventBus({ maxConcurrentHandlers: 1, spareThreads: 0, deadLetterQueue });
  bus.subscribe(fixture('bad-state'), 'x');
  const failed = only(await bus.emitAndWait('x', {}));
  assert.is(failed.reason, 'handler_load_error');
  assert.match(failed.error!.message, /the model is not there/);
  const [entry] = deadLetterQueue.getAll();
  assert.is(await deadLetterQueue.retry(entry!.id, bus), true);
  assert.is(only(await bus.emitAndWait('x', {})).value, 2);
  const report = await bus.shutdown();
  assert.is(report.killed, 0);
});

test('bad options name the field', () => {
  try {
    new EventBus({ recycleAfterEvents: 0, recycleAboveHeapBytes: -1 });
    assert.unreachable();
  } catch (error) {
    assert.ok(ConfigError.is(error));
    assert.is((error as ConfigError).problems.length, 2);
  }
});

test.run();
