import * as assert from 'uvu/assert';
import type { EventBus, HealthCheck } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fixture, withBus } from './fixtures.ts';

const test = tests('health');

function check(bus: EventBus, name: HealthCheck['name']): HealthCheck {
  const { checks } = bus.health();
  const found = checks.find((one) => one.name === name);
  assert.ok(found, `${name} among ${checks.map((one) => one.name).join()}`);
  return found!;
}

test('a bus that is well, with and without threads; each check is one sentence', () =>
  withBus({}, async (bus) => {
    assert.is(bus.health().status, 'ok');
    assert.match(check(bus, 'threads').diagnosis, /no thread is needed/);
    bus.subscribe(fixture('echo'), 'x');
    assert.is(check(bus, 'threads').status, 'failed');
    assert.match(check(bus, 'threads').diagnosis, /None of 2/);
    await bus.ready();
    assert.is(bus.health().status, 'ok');
    assert.is(check(bus, 'threads').diagnosis, 'All 2 handler threads are up.');
    for (const { diagnosis } of bus.health().checks) assert.match(diagnosis, /^[A-Z0-9][^.]*\.$/);
  }));

test('a module that can not be loaded is named', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('throws-at-import'), 'x');
    await bus.ready().catch(() => {});
    assert.is(bus.health().status, 'failed');
    assert.match(check(bus, 'modules').diagnosis, /throws-at-import could not be loaded/);
  }));

test('pending events near and at their limit', () =>
  withBus({ maxPendingEvents: 10 }, async (bus) => {
    bus.subscribe(() => {}, 'x');
    for (let i = 0; i < 8; i++) bus.emit('x', {});
    assert.is(check(bus, 'pending').status, 'degraded');
    for (let i = 0; i < 2; i++) bus.emit('x', {});
    assert.is(check(bus, 'pending').status, 'failed');
    assert.is(bus.health().status, 'failed');
    assert.ok(await bus.waitForPending());
    assert.is(bus.health().status, 'ok');
  }));

test('a ring above its mark', () =>
  withBus({ ring: { slots: 16, bytes: 65_536 }, maxConcurrentHandlers: 1, asyncPerThread: 1 }, async (bus) => {
    bus.subscribe(fixture('tools', 'spins'), 'x');
    await bus.ready();
    for (let i = 0; i < 40; i++) bus.emit('x', { ms: 5 });
    assert.is(check(bus, 'ring').status, 'degraded');
    assert.ok(await bus.waitForPending());
    assert.is(check(bus, 'ring').status, 'ok');
  }));

test('a bus that is shut down', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('echo'), 'x');
    await bus.shutdown();
    assert.is(bus.health().status, 'failed');
    assert.is(check(bus, 'bus').diagnosis, 'The bus is shut down.');
  }));

test.run();
