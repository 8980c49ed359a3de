import { setImmediate as turn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { EventBus } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, remote, withBus } from './fixtures.ts';

const test = tests('threads that are given back, and events beside a full ring');

async function untilGivenBack(bus: EventBus): Promise<void> {
  while (bus.getStats().threads.live > 0) await turn();
}

test('what a handler left running emits after its thread was given back, and after it was taken again', () =>
  remote((tell) =>
    withBus({ maxConcurrentHandlers: 1, spareThreads: 0 }, async (bus) => {
      const seen: unknown[] = [];
      bus.subscribe(({ payload }) => void seen.push(payload.n), 'later');
      bus.subscribe(fixture('remote', 'staysOn'), 'x');
      await bus.emitAndWait('x', { n: 1 });
      await untilGivenBack(bus);
      tell('emit');
      while (seen.length < 1) await turn();
      assert.equal(seen, [1]);
      // The next lease of the same thread: what the first one left behind goes through its ring now.
      await bus.emitAndWait('x', { n: 2 });
      tell('emit');
      while (seen.length < 3) await turn();
      assert.equal(seen, [1, 1, 2]);
      await untilGivenBack(bus);
      tell('emit');
      while (seen.length < 5) await turn();
      assert.equal(seen, [1, 1, 2, 1, 2]);
      await bus.waitForPending();
      assert.is(balance(bus), 0);
      assert.is(bus.getStats().emitted, 7);
    }),
  ));

test('an error that comes after its thread was given back is told as a late one', () =>
  remote((tell) =>
    withBus({ maxConcurrentHandlers: 1, spareThreads: 0 }, async (bus) => {
      bus.subscribe(fixture('remote', 'staysOn'), 'x');
      await bus.emitAndWait('x', { n: 7 });
      await untilGivenBack(bus);
      const late = bus.waitFor('system.handler_late_error', { timeoutMs: 20_000 });
      tell('reject');
      const { payload } = await late;
      assert.is((payload.error as { message: string }).message, 'left behind by 7');
      assert.is(payload.original_event_type, 'x');
    }),
  ));

test('the ring’s bytes are all with handlers that have started: an idle thread gets what waits outside', () =>
  remote((tell, heard) =>
    withBus({ ring: { slots: 64, bytes: 65_536 }, asyncPerThread: 64, handlerTimeoutMs: 0 }, async (bus) => {
      bus.subscribe(fixture('remote', 'gated'), 'x');
      await bus.ready();
      const COUNT = 60;
      // Some 25 of them fill the bytes. None settles before all have started, so no outcome makes main look.
      for (let n = 0; n < COUNT; n++) bus.emit('x', { text: 'x'.repeat(2_500) });
      while (heard() < COUNT) await turn();
      tell('go');
      assert.ok(await bus.waitForPending());
      assert.is(bus.getStats().completed, COUNT);
    }),
  ));

test.run();
