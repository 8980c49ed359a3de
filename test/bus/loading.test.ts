import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  EventBus,
  HandlerLoadError,
  type HandlerModule,
  type HandlerOutcome,
  ThreadStartError,
} from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { balance, fixture, only, withBus } from './fixtures.ts';

const test = tests('loading');

const broken: [string, HandlerModule, RegExp][] = [
  ['missing', fixture('no-such-file'), /Cannot find module|no-such-file/],
  ['throwing', fixture('throws-at-import'), /not today/],
  ['without that export', fixture('echo', 'nothing'), /exports no function "nothing"/],
  ['hanging', fixture('hangs-at-import'), /longer than loadTimeoutMs=1000/],
  ['blocking', fixture('blocks-at-import'), /blocked the thread/],
  ['exiting', fixture('exits-at-import'), /ended the thread/],
];

for (const [what, module, message] of broken) {
  test(`a module that is ${what}: ready() rejects, its events fail, others are unaffected, no respawn storm`, () =>
    withBus({ loadTimeoutMs: 1_000 }, async (bus) => {
      bus.subscribe(module, 'bad');
      bus.subscribe(fixture('echo'), 'good');
      const early = bus.emitAndWait('bad', {});
      const good = bus.emitAndWait('good', {});
      const error = await bus.ready().catch((e: unknown) => e);
      assert.ok(HandlerLoadError.is(error), String(error));
      assert.match((error as Error).message, message);
      for (const result of [await early, await bus.emitAndWait('bad', {})]) {
        assert.is(only(result).reason, 'handler_load_error');
        assert.ok(HandlerLoadError.is(only(result).error));
      }
      assert.ok(only(await good).ok);
      assert.ok(only(await bus.emitAndWait('good', {})).ok);
      assert.ok(bus.getStats().threads.restarts <= 3, `${bus.getStats().threads.restarts} restarts`);
      assert.is(balance(bus), 0);
    }));
}

const causes: [string, HandlerModule, { name: string; code: string; message: RegExp }][] = [
  ['missing', fixture('no-such-file'), { name: 'Error', code: 'ERR_MODULE_NOT_FOUND', message: /^Cannot find module/ }],
  ['throwing', fixture('throws-at-import'), { name: 'RangeError', code: 'E_IMPORT', message: /^not today$/ }],
];

for (const [what, module, expected] of causes) {
  test(`the cause of a module that is ${what} is what its import threw, in ready() and in outcomes`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(module, 'bad');
      const early = bus.emitAndWait('bad', {});
      const rejected = await bus.ready().catch((error: unknown) => error);
      const outcomes = [only(await early), only(await bus.emitAndWait('bad', {}))];
      for (const error of [rejected, ...outcomes.map((outcome) => outcome.error)]) assertCause(error, expected);
    }));
}

test('a module that only one thread can import: the other’s deliveries fail with the same error and cause', () =>
  inFolder((folder) =>
    withBus({ spareThreads: 0, env: { ...process.env, LOADS_ONCE: join(folder, 'claim') } }, async (bus) => {
      bus.subscribe(fixture('loads-once'), 'once', { circuitBreaker: false });
      await bus.ready();
      let failed: HandlerOutcome | undefined;
      while (failed === undefined) {
        const results = await Promise.all(Array.from({ length: 8 }, () => bus.emitAndWait('once', {})));
        failed = results.map(only).find(({ ok }) => !ok);
      }
      assert.is(failed.reason, 'handler_load_error');
      assertCause(failed.error, { name: 'Error', code: 'EEXIST', message: /^EEXIST/ });
      assert.is((failed.error as HandlerLoadError).module, String((fixture('loads-once') as { module: URL }).module));
    }),
  ));

function assertCause(error: unknown, expected: { name: string; code: string; message: RegExp }): void {
  assert.ok(HandlerLoadError.is(error), String(error));
  const cause = (error as Error).cause as Error & { code?: unknown };
  assert.instance(cause, Error);
  assert.is(cause.name, expected.name);
  assert.is(cause.code, expected.code);
  assert.match(cause.message, expected.message);
  assert.match(cause.stack!, cause.message);
}

test('events wait for the import and setup, which never count against a deadline', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('late-setup'), 'x', { timeoutMs: 100 });
    const results = await Promise.all(Array.from({ length: 20 }, () => bus.emitAndWait('x', {})));
    for (const result of results) assert.is(only(result).value, true);
  }));

test('ready() of a bus without modules resolves, and starts no thread', () =>
  withBus({}, async (bus) => {
    bus.subscribe(() => {}, 'x');
    await bus.ready();
    assert.is(bus.getStats().threads.live, 0);
  }));

test('a module subscribed while events flow is imported without disturbing them', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('echo'), 'a');
    await bus.ready();
    const results = [];
    for (let i = 0; i < 50; i++) {
      if (i === 25) bus.subscribe(fixture('tools', 'remaining'), 'b');
      results.push(bus.emitAndWait('a', { i }), bus.emitAndWait('b', { i }));
    }
    for (const result of await Promise.all(results)) assert.ok(result.ok);
  }));

test('threads that cannot start: ready() rejects with a coded error, events fail, nothing hangs', () =>
  withBus({ env: { NODE_OPTIONS: '--no-such-option' } }, async (bus) => {
    try {
      bus.subscribe(fixture('echo'), 'x');
    } catch (error) {
      assert.ok(ThreadStartError.is(error));
      return;
    }
    const waiting = bus.emitAndWait('x', {});
    const error = await bus.ready().catch((e: unknown) => e);
    assert.ok(ThreadStartError.is(error), String(error));
    assert.is(only(await waiting).reason, 'worker_exit');
    assert.is(balance(bus), 0);
  }));

test('execArgv that Node refuses: a coded error from subscribe, and nothing was subscribed', async () => {
  const bus = new EventBus({ execArgv: ['--no-such-option'] });
  assert.throws(
    () => bus.subscribe(fixture('echo'), 'x'),
    (e: unknown) => ThreadStartError.is(e),
  );
  assert.is(bus.getStats().active_subscriptions, 0);
  bus.subscribe(() => 'still there', 'x');
  assert.is(only(await bus.emitAndWait('x', {})).value, 'still there');
  await bus.shutdown();
});

test.run();
