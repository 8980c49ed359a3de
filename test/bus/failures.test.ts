import * as assert from 'uvu/assert';
import type { BusEvent, HandlerModule } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, only, withBus } from './fixtures.ts';

const test = tests('failures');

const throwers: [string, HandlerModule | ((event: BusEvent) => unknown)][] = [
  ['module', fixture('deaths', 'throwsAnything')],
  [
    'inline',
    async (event) => {
      const { throwsAnything } = (await import('../fixtures/handlers/deaths.ts')) as {
        throwsAnything: (event: BusEvent) => never;
      };
      return throwsAnything(event);
    },
  ],
];

for (const [kind, handler] of throwers) {
  test(`${kind}: whatever is thrown fails that handler alone`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x');
      bus.subscribe(() => 'fine', 'x');
      for (const what of ['null', 'undefined', 'string', 'frozen', 'getter', 'proxy', 'plain']) {
        const { ok, outcomes } = await bus.emitAndWait('x', { what });
        assert.not.ok(ok);
        assert.is(outcomes[0]!.reason, 'handler_error');
        assert.instance(outcomes[0]!.error, Error);
        assert.ok(outcomes[1]!.ok);
      }
      assert.is(balance(bus), 0);
      assert.is(bus.getStats().failed, 7);
      assert.is(bus.getStats().threads.restarts, 0);
    }));

  test(`${kind}: a handler's own TimeoutError or AbortError is an error like any other`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x');
      for (const [what, name] of [
        ['timeout', 'TimeoutError'],
        ['abort', 'AbortError'],
      ]) {
        const outcome = only(await bus.emitAndWait('x', { what }));
        assert.is(outcome.reason, 'handler_error');
        assert.is(outcome.error?.name, name);
      }
    }));

  test(`${kind}: name, code, cause, own properties and aggregated errors survive`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x');
      const rich = only(await bus.emitAndWait('x', { what: 'rich' })).error as TypeError & {
        code: string;
        detail: unknown;
      };
      assert.instance(rich, TypeError);
      assert.is(rich.name, 'TypeError');
      assert.is(rich.message, 'rich');
      assert.is(rich.code, 'E_RICH');
      assert.equal(rich.detail, { a: [1, 2] });
      assert.match(rich.stack ?? '', /throwsAnything/);
      assert.instance(rich.cause, RangeError);
      assert.is((rich.cause as Error).message, 'the cause');
      const both = only(await bus.emitAndWait('x', { what: 'aggregate' })).error as AggregateError;
      assert.instance(both, AggregateError);
      assert.equal(
        both.errors.map((e: Error) => `${e.name} ${e.message}`),
        ['Error one', 'TypeError two'],
      );
    }));

  test(`${kind}: one system.handler_error, seen by system.* and not by *`, () =>
    withBus({}, async (bus) => {
      bus.subscribe(handler, 'x.y', { name: 'thrower' });
      const everything: string[] = [];
      bus.subscribe((event) => void everything.push(event.eventType), '*');
      const seen: BusEvent[] = [];
      bus.subscribe((event) => void seen.push(event), 'system.*');
      const { eventId, outcomes } = await bus.emitAndWait('x.y', { what: 'rich' }, { correlationId: 'c-9' });
      bus.emit('system.startup', {});
      await bus.shutdown();
      assert.equal(everything, ['x.y', 'system.startup']);
      assert.equal(
        seen.map((e) => e.eventType),
        ['system.handler_error', 'system.startup', 'system.event_bus_shutdown'],
      );
      const { payload, source, correlationId } = seen[0]!;
      assert.is(source, 'event_bus');
      assert.is(correlationId, 'c-9');
      assert.equal(payload, {
        original_event_id: eventId,
        original_event_type: 'x.y',
        subscription_id: outcomes[0]!.subscriptionId,
        handler_name: 'thrower',
        reason: 'handler_error',
        error: { name: 'TypeError', message: 'rich', code: 'E_RICH' },
      });
    }));
}

test('a failing subscriber of a system event raises no further one, and system events are not counted', () =>
  withBus({}, async (bus) => {
    let calls = 0;
    bus.subscribe(() => {
      calls++;
      throw new Error('again');
    }, 'system.handler_error');
    bus.subscribe(fixture('deaths', 'throwsAnything'), 'system.handler_error');
    bus.subscribe(() => {
      throw new Error('first');
    }, 'x');
    await bus.emitAndWait('x', {});
    await bus.shutdown();
    assert.is(calls, 1);
    const { emitted, failed, pending } = bus.getStats();
    assert.equal({ emitted, failed, pending }, { emitted: 1, failed: 1, pending: 0 });
  }));

test.run();
