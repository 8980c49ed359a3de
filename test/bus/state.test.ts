import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ConfigError, DeadLetterQueue, EventBus, type EventBusOptions } from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { balance, child, fixture, only, withBus } from './fixtures.ts';

const test = tests('state of handler modules');

function stateful(options: EventBusOptions, use: (bus: EventBus, log: () => string[]) => Promise<void>): Promise<void> {
  return inFolder((folder) => {
    const file = join(folder, 'log');
    writeFileSync(file, '');
    return withBus({ ...options, env: { ...process.env, STATE_LOG: file } }, (bus) =>
      use(bus, () => readFileSync(file, 'utf8').split('\n').slice(0, -1)),
    );
  });
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

test('a module that hangs at its import keeps no other from its teardown', () =>
  stateful({}, async (bus, log) => {
    bus.subscribe(fixture('stateful'), 'x');
    await bus.ready();
    const threads = (what: string): string[] =>
      log()
        .filter((line) => line.startsWith(what))
        .map((line) => parts(line)[1])
        .sort();
    // Two that take events and a spare, on which the module that hangs is then tried.
    while (threads('setup').length < 3) await new Promise((resolve) => setImmediate(resolve));
    bus.subscribe(fixture('hangs-at-import'), 'y');
    await bus.shutdown();
    assert.equal(threads('teardown'), threads('setup'));
  }));

test('teardown runs on threads that were given back while the bus was idle', () =>
  stateful({ maxConcurrentHandlers: 1, spareThreads: 1 }, async (bus, log) => {
    bus.subscribe(fixture('stateful'), 'x');
    await bus.ready();
    const { value } = only(await bus.emitAndWait('x', {}));
    // A thread that is given back no longer counts among those that are up.
    while (bus.getStats().threads.live > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const begun = log().length;
    const { durationMs } = await bus.shutdown();
    const lines = log().slice(begun);
    assert.equal(
      lines.filter((line) => line.startsWith('teardown after 1')),
      [`teardown after 1 ${String(value)}`],
    );
    assert.is(lines.filter((line) => line.startsWith('teardown')).length, 2, 'the spare too');
    assert.not(
      lines.some((line) => line.startsWith('setup')),
      'the same threads, not new ones',
    );
    assert.ok(durationMs < 5_000, `${durationMs} ms`);
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

for (const [what, message] of [
  ['fails', /teardown of .*bad-teardown.* failed: .*the connection is gone/],
  ['hangs', /teardown took longer than 5000 ms/],
  ['blocks', /teardown of all modules failed: a thread did not answer in 5000 ms/],
] as const) {
  test(`a teardown that ${what} is a warning, and a shutdown does not wait for it without end`, () =>
    inFolder(async (folder) => {
      const file = join(folder, 'log');
      const { code, output } = await child(`
      const bus = new EventBus({ maxConcurrentHandlers: 1, spareThreads: 0,
        env: { ...process.env, STATE_LOG: ${JSON.stringify(file)}, TEARDOWN: ${JSON.stringify(what)} } });
      bus.subscribe(handler('bad-teardown'), 'x');
      bus.subscribe(handler('stateful'), 'x');
      await bus.emitAndWait('x', {});
      const { killed, durationMs } = await bus.shutdown();
      console.log('ended', killed, durationMs < 8_000);`);
      assert.is(code, 0, output);
      assert.match(output, /GANGLION_TEARDOWN_ERROR/);
      assert.match(output, message);
      assert.match(output, /ended 0 true/);
      assert.match(readFileSync(file, 'utf8'), /teardown after 1/, "the other module's has run");
    }));
}

test('recycling under load: every key keeps its order, nothing is lost and nothing runs twice', () =>
  stateful({ recycleAfterEvents: 50 }, async (bus, log) => {
    const seen = new Map<string, number[]>();
    bus.subscribe(fixture('stateful', 'tells'), 'x', { retry: { attempts: 2, backoffMs: 0 } });
    bus.subscribe(({ payload }) => {
      const { key, n } = payload as { key: string; n: number };
      seen.set(key, [...(seen.get(key) ?? []), n]);
    }, 'stateful.told');
    await bus.ready();
    let recycled = 0;
    let sent = 0;
    while (recycled < 4) {
      for (let i = 0; i < 200; i++) bus.emit('x', { n: sent++, key: `k${sent % 7}` }, { orderingKey: `k${sent % 7}` });
      assert.ok(await bus.waitForPending());
      recycled = log().filter((line) => line.startsWith('teardown')).length;
    }
    assert.is(balance(bus), 0);
    assert.is(bus.getStats().failed, 0);
    const all = [...seen.values()];
    assert.is(
      all.reduce((sum, numbers) => sum + numbers.length, 0),
      sent,
    );
    for (const numbers of all)
      assert.equal(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
      );
  }));

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
