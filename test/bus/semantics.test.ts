import { getEventListeners } from 'node:events';
import * as assert from 'uvu/assert';
import { type BusEvent, DeadLetterQueue, type HandlerModule } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, only, withBus } from './fixtures.ts';

const test = tests('semantics');

const echoes: [string, HandlerModule | ((event: BusEvent) => unknown)][] = [
  ['inline', (event) => ({ type: event.eventType, payload: event.payload })],
  ['module', fixture('echo')],
];

for (const [kind, handler] of echoes) {
  test(`${kind}: value, timings and identity of an outcome`, () =>
    withBus({}, async (bus) => {
      const id = bus.subscribe(handler, 'a.b', { name: 'mine' });
      const result = await bus.emitAndWait('a.b', { n: 1 });
      assert.ok(result.ok);
      assert.ok(result.accepted);
      assert.match(result.eventId, /^[a-z]{23}$/);
      const outcome = only(result);
      assert.is(outcome.subscriptionId, id);
      assert.is(outcome.handlerName, 'mine');
      assert.is(outcome.attempt, 1);
      assert.ok(outcome.durationMs >= 0 && outcome.durationMs < 10_000);
      assert.ok(outcome.queueMs >= 0 && outcome.queueMs < 10_000);
      assert.is(outcome.threadId === 0, kind === 'inline');
      assert.equal((outcome.value as { payload: unknown }).payload, { n: 1 });
    }));

  test(`${kind}: the payload is what it was at emit`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, '*');
      const payload: Record<string, unknown> = { list: [1], deep: { x: 1 } };
      const waiting = bus.emitAndWait('a.b', payload);
      (payload.list as number[]).push(2);
      payload.deep = null;
      assert.equal((only(await waiting).value as { payload: unknown }).payload, { list: [1], deep: { x: 1 } });
    }));

  test(`${kind}: Date, Map, undefined, NaN and __proto__ as JSON makes them`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, '*');
      const payload = JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
      Object.assign(payload, { date: new Date(0), map: new Map([[1, 2]]), none: undefined, nan: Number.NaN });
      const value = only(await bus.emitAndWait('a.b', payload)).value as { payload: Record<string, unknown> };
      assert.is(value.payload.date, '1970-01-01T00:00:00.000Z');
      assert.equal(value.payload.map, {});
      assert.is(value.payload.nan, null);
      assert.not.ok('none' in value.payload);
      assert.is(({} as Record<string, unknown>).polluted, undefined);
      assert.ok(Object.hasOwn(value.payload, '__proto__'));
    }));

  test(`${kind}: the same handler twice is two calls, two matching patterns are one`, () =>
    withBus({}, async (bus) => {
      const first = bus.subscribe(handler, ['a.*', '*', 'a.b']);
      const second = bus.subscribe(handler, 'a.b');
      assert.is.not(first, second);
      assert.is((await bus.emitAndWait('a.b', {})).outcomes.length, 2);
      assert.ok(bus.unsubscribe(second));
      assert.not.ok(bus.unsubscribe(second));
      assert.is((await bus.emitAndWait('a.b', {})).outcomes.length, 1);
    }));
}

test('an inline payload is frozen all the way down, and handlers share it', () =>
  withBus({}, async (bus) => {
    const seen: unknown[] = [];
    for (let i = 0; i < 2; i++) bus.subscribe((event) => void seen.push(event.payload), 'x');
    await bus.emitAndWait('x', { deep: { list: [1] } });
    assert.is(seen[0], seen[1]);
    assert.throws(() => ((seen[0] as { deep: { list: number[] } }).deep.list[0] = 2), /read only|read-only/);
  }));

test('inline handlers never run inside emit, and run in emission order', () =>
  withBus({}, async (bus) => {
    const order: unknown[] = [];
    bus.subscribe((event) => void order.push(event.payload.n), '*');
    for (let n = 0; n < 100; n++) bus.emit('a', { n });
    assert.is(order.length, 0);
    assert.ok(await bus.waitForPending());
    assert.equal(
      order,
      Array.from({ length: 100 }, (_, n) => n),
    );
  }));

test('higher priorities settle first, inline and module handlers alike', () =>
  withBus({}, async (bus) => {
    const order: string[] = [];
    bus.subscribe(() => void order.push('low'), 'p', { priority: 1 });
    bus.subscribe(fixture('tools', 'waits'), 'p', { priority: 50, name: 'middle' });
    bus.subscribe(() => void order.push('high'), 'p', { priority: 200 });
    bus.subscribe(() => void order.push('high too'), 'p', { priority: 200 });
    const result = await bus.emitAndWait('p', { ms: 30, n: 1 });
    assert.equal(order, ['high', 'high too', 'low']);
    assert.equal(
      result.outcomes.map((o) => o.handlerName),
      ['anonymous', 'anonymous', 'middle', 'anonymous'],
    );
    assert.ok(result.outcomes[3]!.queueMs >= 29, `the low one waited ${result.outcomes[3]!.queueMs} ms`);
  }));

test('a failing higher priority does not keep the lower one from running', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('deaths', 'throwsAnything'), 'p', { priority: 2 });
    bus.subscribe(() => 'ran', 'p', { priority: 1 });
    const result = await bus.emitAndWait('p', {});
    assert.not.ok(result.ok);
    assert.equal(
      result.outcomes.map((o) => o.ok),
      [false, true],
    );
  }));

test('subscriptions made or ended during emission count from the next event on', () =>
  withBus({}, async (bus) => {
    const calls: string[] = [];
    const second = bus.subscribe(() => void calls.push('second'), 'x', { priority: 1 });
    bus.subscribe(
      () => {
        calls.push('first');
        bus.unsubscribe(second);
        bus.subscribe(() => void calls.push('third'), 'x', { priority: 1 });
      },
      'x',
      { priority: 2 },
    );
    await bus.emitAndWait('x', {});
    assert.equal(calls, ['first', 'second']);
    await bus.emitAndWait('x', {});
    assert.equal(calls, ['first', 'second', 'first', 'third']);
  }));

test('an ended module subscription still gets what was emitted before, also in a later tier', () =>
  withBus({}, async (bus) => {
    const module = bus.subscribe(fixture('echo'), 'x', { priority: 1 });
    let release = (): void => {};
    bus.subscribe(() => new Promise<void>((resolve) => (release = resolve)), 'x', { priority: 2 });
    await bus.ready();
    const waiting = bus.emitAndWait('x', { n: 1 });
    assert.ok(bus.unsubscribe(module));
    await Promise.resolve();
    release();
    const result = await waiting;
    assert.ok(result.ok);
    assert.is(result.outcomes.length, 2);
  }));

test('an aborted signal unsubscribes; one aborted before subscribes nothing', () =>
  withBus({}, async (bus) => {
    const controller = new AbortController();
    bus.subscribe(() => {}, 'x', { signal: controller.signal });
    assert.is(bus.getStats().active_subscriptions, 1);
    controller.abort();
    assert.is(bus.getStats().active_subscriptions, 0);
    assert.throws(
      () => bus.subscribe(() => {}, 'x', { signal: controller.signal }),
      (e: Error) => e.name === 'AbortError',
    );
    assert.is(bus.getStats().active_subscriptions, 0);
  }));

test('a signal that outlives its subscriptions, or the bus, keeps nothing of them', async () => {
  const { signal } = new AbortController();
  await withBus({}, async (bus) => {
    const id = bus.subscribe(() => {}, 'x', { signal });
    bus.once(() => {}, 'x', { signal });
    bus.subscribe(() => {}, 'x', { signal });
    assert.is(getEventListeners(signal, 'abort').length, 3);
    bus.unsubscribe(id);
    await bus.emitAndWait('x', {});
    assert.is(getEventListeners(signal, 'abort').length, 1);
  });
  assert.is(getEventListeners(signal, 'abort').length, 0);
});

test('body bytes reach handlers of both kinds beside the payload, copied at emit', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('tools', 'bodyLength'), 'b');
    bus.subscribe(
      (event) => ({
        length: event.body?.length ?? -1,
        sum: event.body?.reduce((a, b) => (a + b) % 65_521, 0) ?? 0,
        type: event.body?.constructor.name,
      }),
      'b',
    );
    for (const size of [0, 1, 1000, 3_000_000]) {
      const body = new Uint8Array(size).map((_, i) => i % 251);
      const sum = body.reduce((a, b) => (a + b) % 65_521, 0);
      const waiting = bus.emitAndWait('b', { size }, { body });
      body.fill(0);
      for (const outcome of (await waiting).outcomes)
        assert.equal(outcome.value, { length: size, sum, type: 'Uint8Array' });
    }
    for (const outcome of (await bus.emitAndWait('b', {})).outcomes)
      assert.equal(outcome.value, { length: -1, sum: 0 });
  }));

test('what a function does to the body stays with it: other tiers, threads and dead letters get the bytes of the emit', async () => {
  const deadLetterQueue = new DeadLetterQueue();
  await withBus({ deadLetterQueue }, async (bus) => {
    bus.subscribe(
      ({ body }) => {
        body![0] = 0;
        structuredClone(body, { transfer: [body!.buffer as ArrayBuffer] });
        throw new Error('done with it');
      },
      'b',
      { priority: 2 },
    );
    bus.subscribe(fixture('tools', 'bodyLength'), 'b', { priority: 1 });
    const { outcomes } = await bus.emitAndWait('b', {}, { body: new Uint8Array([7, 8]) });
    assert.equal(outcomes[1]!.value, { length: 2, sum: 15, type: 'Uint8Array' });
    assert.equal([...deadLetterQueue.getAll()[0]!.event.body!], [7, 8]);
  });
});

test('payloads of any size and script arrive whole', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('echo'), 'x');
    for (const text of ['é\u2028\ud83d\ude00"\\\n', '\ud800 alone', 'x'.repeat(20_000_000), '€'.repeat(1_000_000)]) {
      const { payload } = only(await bus.emitAndWait('x', { text })).value as { payload: { text: string } };
      assert.ok(payload.text === text, `${text.length} characters`);
    }
  }));

test('values: bytes stay bytes, large ones arrive, and what JSON cannot hold is undefined with one warning', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('tools', 'returnsBytes'), 'bytes');
    bus.subscribe(fixture('tools', 'returnsLarge'), 'large');
    bus.subscribe(fixture('tools', 'returnsUnencodable'), 'odd', { name: 'odd' });
    bus.subscribe(() => 5n, 'odd inline', { name: 'odd inline' });
    for (const size of [0, 3, 200_000]) {
      const { value } = only(await bus.emitAndWait('bytes', { size }));
      assert.instance(value, Uint8Array);
      assert.is((value as Uint8Array).length, size);
      assert.ok((value as Uint8Array).every((byte) => byte === 7));
    }
    for (const size of [10, 300_000]) assert.is(only(await bus.emitAndWait('large', { size })).value, 'é'.repeat(size));
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    for (const what of ['bigint', 'function', 'bigint', 'nothing']) {
      const outcome = only(await bus.emitAndWait('odd', { what }));
      assert.ok(outcome.ok);
      assert.is(outcome.value, undefined);
    }
    assert.ok(only(await bus.emitAndWait('odd inline', {})).ok);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    assert.equal(
      warnings.map((w) => (w as { code?: string }).code),
      ['GANGLION_UNENCODABLE_VALUE', 'GANGLION_UNENCODABLE_VALUE'],
    );
  }));

test('no subscription: completed at once', () =>
  withBus({}, async (bus) => {
    assert.equal((await bus.emitAndWait('nobody', {})).outcomes, []);
    bus.emit('nobody', {});
    const { emitted, completed, pending } = bus.getStats();
    assert.equal({ emitted, completed, pending }, { emitted: 2, completed: 2, pending: 0 });
    assert.is(balance(bus), 0);
  }));

test('a module handler sees the whole event', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('tools', 'whole'), 'x.y');
    const { eventId, outcomes } = await bus.emitAndWait('x.y', { a: 1 }, { source: 'here', correlationId: 'c-1' });
    const { json, jsonl } = outcomes[0]!.value as { json: Record<string, unknown>; jsonl: string };
    assert.equal(Object.keys(json), ['event_type', 'payload', 'timestamp', 'event_id', 'source', 'correlation_id']);
    assert.is(json.event_id, eventId);
    assert.is(json.source, 'here');
    assert.is(json.correlation_id, 'c-1');
    assert.ok(Math.abs((json.timestamp as number) * 1000 - Date.now()) < 60_000);
    assert.equal(JSON.parse(jsonl), json);
  }));

test('several exports of one module share one instance per thread', () =>
  withBus({ maxConcurrentHandlers: 1, spareThreads: 0 }, async (bus) => {
    bus.subscribe(fixture('tools', 'sharedA'), 'a');
    bus.subscribe(fixture('tools', 'sharedB'), 'b');
    assert.is(only(await bus.emitAndWait('a', {})).value, 1);
    assert.is(only(await bus.emitAndWait('b', {})).value, 2);
  }));

test.run();
