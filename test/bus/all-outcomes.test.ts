import * as assert from 'uvu/assert';
import { ALL_OUTCOMES } from '../../src/bus/all-outcomes.ts';
import type { Receipt } from '../../src/delivery/pending.ts';
import type { EventBusOptions } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fixture, withBus } from './fixtures.ts';

const test = tests('all outcomes');

test('a receipt for all hears of each event that nobody waits for, also of those that handlers emit', async () => {
  const heard: unknown[] = [];
  const receipt: Receipt = {
    outcome: ({ event, subscription }, { ok, value }) => heard.push([event.eventType, subscription.name, ok, value]),
    settled: (event) => heard.push(event.eventType),
  };
  const options: EventBusOptions & { [ALL_OUTCOMES]: Receipt } = { [ALL_OUTCOMES]: receipt };
  await withBus(options, async (bus) => {
    bus.subscribe(({ payload }) => payload.event_type, 'told', { name: 'listener' });
    bus.subscribe(fixture('tells'), 'a');
    bus.emit('a', {});
    assert.ok(await bus.waitForPending());
    await bus.emitAndWait('told', {});
    bus.emit('b', {});
  });
  const [a, settled, ...rest] = heard.filter((what) => !String(what).startsWith('told'));
  assert.equal([a, settled, rest], [['a', 'tells', true, undefined], 'a', ['b']]);
  assert.equal(
    heard.filter((what) => String(what).startsWith('told')),
    [['told', 'listener', true, 'a'], 'told'],
  );
});

test.run();
