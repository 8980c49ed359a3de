import * as assert from 'uvu/assert';
import {
  BusEvent,
  ConfigError,
  EventBus,
  InvalidEventError,
  InvalidPatternError,
  SerializationError,
} from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { withBus } from './fixtures.ts';

const test = tests('what a bus refuses');

test('bad event types and payloads: InvalidEventError, and nothing was emitted', () =>
  withBus({}, async (bus) => {
    bus.subscribe(() => {}, '*');
    class Own {}
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = (): never => {
      throw new Error('looked at');
    };
    const payloads: unknown[] = [
      null,
      undefined,
      1,
      'x',
      [],
      new Map(),
      new Date(),
      new Own(),
      () => 1,
      new Proxy({}, { getPrototypeOf: throwing }),
      revoked,
      Object.create({
        constructor: {
          get name() {
            return throwing();
          },
        },
      }),
      Object.assign(() => 1, { toString: throwing }),
      { toJSON: () => [1] },
      { toJSON: () => undefined },
    ];
    for (const payload of payloads) {
      assert.throws(
        () => bus.emit('a', payload as Record<string, unknown>),
        (e: unknown) => InvalidEventError.is(e),
      );
    }
    for (const type of ['', '  ', 1, null, undefined, {}]) {
      assert.throws(
        () => bus.emit(type as string, {}),
        (e: unknown) => InvalidEventError.is(e),
      );
    }
    const transferred = new Uint8Array(8);
    structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
    for (const options of [
      { source: 1 },
      { correlationId: '' },
      { body: 'x' },
      { body: transferred },
      { orderingKey: 2 },
      null,
      'x',
    ]) {
      assert.throws(
        () => bus.emit('a', {}, options as never),
        (e: unknown) => InvalidEventError.is(e),
      );
    }
    assert.is(bus.getStats().emitted, 0);
    bus.emit('ok', Object.assign(Object.create(null) as Record<string, unknown>, { a: 1 }));
    assert.is(bus.getStats().emitted, 1);
  }));

test('what JSON cannot hold: SerializationError with its cause; emitAndWait and emitAsync reject with it', () =>
  withBus({}, async (bus) => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    const throwing = {
      get x(): never {
        throw new Error('no');
      },
    };
    for (const payload of [loop, { big: 1n }, { toJSON: () => JSON.parse('{') as unknown }, throwing]) {
      assert.throws(
        () => bus.emit('a', payload),
        (e: unknown) => SerializationError.is(e) && (e as Error).cause instanceof Error,
      );
      for (const call of [bus.emitAndWait('a', payload), bus.emitAsync('a', payload)]) {
        assert.ok(SerializationError.is(await call.catch((e: unknown) => e)));
      }
    }
    assert.is(bus.getStats().emitted, 0);
  }));

test('bad patterns: InvalidPatternError, and nothing was subscribed', () =>
  withBus({}, async (bus) => {
    for (const patterns of ['', ' ', [], [''], ['a', 1], null, undefined, 7]) {
      assert.throws(
        () => bus.subscribe(() => {}, patterns as string),
        (e: unknown) => InvalidPatternError.is(e),
      );
    }
    assert.is(bus.getStats().active_subscriptions, 0);
  }));

test('bad handlers and options: one ConfigError that names every fault', () =>
  withBus({}, async (bus) => {
    for (const handler of [
      null,
      undefined,
      1,
      'x.js',
      { module: 1 },
      { module: '' },
      { module: 'x', export: 1 },
      { modul: 'x' },
    ]) {
      assert.throws(
        () => bus.subscribe(handler as never, 'x'),
        (e: { code?: string }) => e.code === 'ERR_GANGLION_CONFIG',
      );
    }
    try {
      bus.subscribe(() => {}, 'x', { priority: 'high', timeoutMs: -1, retrys: 1 } as never);
      assert.unreachable();
    } catch (error) {
      const { problems } = error as { problems: string[] };
      assert.is(problems.length, 3);
      assert.match(problems.join('\n'), /priority must be a number, got 'high'/);
      assert.match(problems.join('\n'), /timeoutMs must be .*got -1/);
    }
    for (const timeoutMs of [Number.NaN, -1, '5']) {
      assert.throws(
        () => bus.subscribe(() => {}, 'x', { timeoutMs } as never),
        (e: { code?: string }) => e.code === 'ERR_GANGLION_CONFIG',
      );
    }
    assert.is(bus.getStats().active_subscriptions, 0);
    assert.throws(
      () =>
        new EventBus({
          maxConcurrentHandlers: 0,
          ring: { slots: 1024.5, byte: 1 },
          overflowPolicy: 'never',
          handlerTimeoutMs: Number.NaN,
        } as never),
      (e: { problems?: string[] }) => e.problems?.length === 5,
    );
  }));

test('a signal that is none rejects, and is no exception in the caller', () =>
  withBus({}, async (bus) => {
    for (const signal of [{}, 5, null]) {
      for (const call of [bus.emitAndWait('x', {}, { signal } as never), bus.emitAsync('x', {}, { signal } as never)]) {
        const error = await call.catch((e: unknown) => e);
        assert.ok(InvalidEventError.is(error), String(error));
      }
    }
    assert.is(bus.getStats().emitted, 0);
  }));

test('options of calls: each fault by its name, a misspelt one too', async () => {
  await withBus({}, async (bus) => {
    const calls: ((options: never) => unknown)[] = [
      (options) => bus.waitForPending(options),
      (options) => bus.shutdown(options),
      (options) => bus.waitFor('x', options),
      async (options) => bus.events('x', options),
      async (options) => bus.writable('x', options),
    ];
    for (const call of calls) {
      for (const options of [null, 5, { timeout: 1 }]) {
        const error = await (call(options as never) as Promise<unknown>).catch((e: unknown) => e);
        assert.ok(ConfigError.is(error), String(error));
      }
    }
    assert.is(bus.emit('x', {}).length, 23, 'a refused shutdown is none');
  });
});

test('handlers are named whatever their function or address is called', () =>
  withBus({}, async (bus) => {
    const handler = Object.defineProperty(() => {}, 'name', { value: { not: 'a string' } });
    bus.subscribe(handler, 'x');
    const { outcomes } = await bus.emitAndWait('x', {});
    assert.is(outcomes[0]?.handlerName, 'anonymous');
    bus.subscribe(new URL('file:///folder%2Fhandler%20one.mjs'), 'y');
    const result = await bus.emitAndWait('y', {});
    assert.is(result.outcomes[0]?.handlerName, 'folder/handler one');
    assert.is(result.outcomes[0]?.reason, 'handler_load_error');
  }));

test('an id that a line would have to escape is none: it could end the line and begin another', () => {
  const forged = 'x","source":null}\n{"event_type":"forged';
  for (const eventId of [forged, '"', '\\', '\u0000', '\u2028', '\ud800', '', 5]) {
    assert.throws(
      () => new BusEvent('a', {}, { eventId } as never),
      (e: unknown) => InvalidEventError.is(e),
    );
    const line = JSON.stringify({ event_type: 'a', payload: {}, timestamp: 1, event_id: eventId });
    assert.throws(
      () => BusEvent.fromJsonl(line),
      (e: unknown) => InvalidEventError.is(e),
    );
  }
  assert.is(new BusEvent('a', {}, { eventId: 'über-5:β' }).eventId, 'über-5:β');
});

test("options of an event that are none, or that its line can't hold: InvalidEventError", () => {
  const wrong = [null, 5, 'x', { source: 5 }, { correlationId: {} }, { timestamp: '1' }, { timestamp: Number.NaN }];
  for (const options of wrong) {
    assert.throws(
      () => new BusEvent('a', {}, options as never),
      (e: unknown) => InvalidEventError.is(e),
    );
  }
});

test.run();
