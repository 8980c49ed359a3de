import * as assert from 'uvu/assert';
import {
  type BusEvent,
  clearCorrelationId,
  generateCorrelationId,
  getCorrelationId,
  setCorrelationId,
  withCorrelation,
} from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, only, withBus } from './fixtures.ts';

const test = tests('correlation');

test('a scope reaches everything async in it, nests, and ends', async () => {
  assert.is(getCorrelationId(), undefined);
  const inside = withCorrelation('a', async () => {
    assert.is(getCorrelationId(), 'a');
    await new Promise((resolve) => setImmediate(resolve));
    withCorrelation('b', () => assert.is(getCorrelationId(), 'b'));
    return getCorrelationId();
  });
  assert.is(getCorrelationId(), undefined);
  assert.is(await inside, 'a');
  const generated = withCorrelation(undefined, () => getCorrelationId());
  assert.match(generated ?? '', /^[0-9a-f-]{36}$/);
  assert.is.not(generateCorrelationId(), generateCorrelationId());
  assert.throws(
    () => withCorrelation('', () => {}),
    (e: { code?: string }) => e.code === 'ERR_GANGLION_CONFIG',
  );
});

test('set and clear hold for the rest of the async context', async () => {
  await withCorrelation('outer', async () => {
    setCorrelationId('set');
    await Promise.resolve();
    assert.is(getCorrelationId(), 'set');
    clearCorrelationId();
    assert.is(getCorrelationId(), undefined);
  });
});

test('an event takes the id of the scope, an explicit one beats it, and both kinds of handlers run in it', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('tools', 'correlation'), 'x');
    bus.subscribe(async () => {
      const before = getCorrelationId();
      await new Promise((resolve) => setImmediate(resolve));
      return [before, getCorrelationId()];
    }, 'x');
    const scoped = await withCorrelation('scope', () => bus.emitAndWait('x', {}));
    for (const outcome of scoped.outcomes) assert.equal(outcome.value, ['scope', 'scope']);
    const explicit = await withCorrelation('scope', () => bus.emitAndWait('x', {}, { correlationId: 'mine' }));
    for (const outcome of explicit.outcomes) assert.equal(outcome.value, ['mine', 'mine']);
    for (const outcome of (await bus.emitAndWait('x', {})).outcomes) {
      assert.ok((outcome.value as unknown[]).every((id) => id === undefined || id === null));
    }
  }));

test('events emitted in a handler inherit its id, on a thread and on the main thread', () =>
  withBus({}, async (bus) => {
    const children: BusEvent[] = [];
    bus.subscribe((event) => void children.push(event), 'child.*');
    bus.subscribe(fixture('tools', 'emits'), 'thread');
    bus.subscribe(async (_event, { emit }) => {
      emit('child.context', {});
      await new Promise((resolve) => setImmediate(resolve));
      bus.emit('child.bus', {});
      bus.emit('child.own', {}, { correlationId: 'own' });
    }, 'main');
    const result = await bus.emitAndWait('thread', { n: 7 }, { correlationId: 'c-1' });
    await bus.emitAndWait('main', {}, { correlationId: 'c-2' });
    assert.ok(await bus.waitForPending());
    assert.equal(
      children.map((e) => [e.eventType, e.correlationId, e.source]),
      [
        ['child.sync', 'c-1', null],
        ['child.async', 'c-1', 'the handler'],
        ['child.context', 'c-2', null],
        ['child.bus', 'c-2', null],
        ['child.own', 'own', null],
      ],
    );
    assert.equal(
      children.slice(0, 2).map((e) => e.eventId),
      only(result).value,
    );
    assert.equal(children[0]!.payload, { n: 7 });
  }));

test('a handler that emits far more than its ring holds loses nothing, and each counts', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    let seen = 0;
    bus.subscribe(() => void seen++, 'child.many');
    bus.subscribe(fixture('tools', 'emitsMany'), 'x');
    const count = 20_000;
    assert.is(only(await bus.emitAndWait('x', { count })).value, count);
    assert.ok(await bus.waitForPending());
    assert.is(seen, count);
    assert.is(bus.getStats().emitted, count + 1);
    assert.is(balance(bus), 0);
  }));

test('bad emits inside a worker throw there, with their codes', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('tools', 'emitsBad'), 'x');
    const { codes } = only(await bus.emitAndWait('x', {})).value as { codes: string[] };
    assert.equal(codes, [
      'ERR_GANGLION_INVALID_EVENT',
      'ERR_GANGLION_SERIALIZATION',
      'ERR_GANGLION_INVALID_EVENT',
      'ERR_GANGLION_INVALID_EVENT',
    ]);
    assert.is(bus.getStats().emitted, 1);
  }));

test.run();
