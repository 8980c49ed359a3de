import * as assert from 'uvu/assert';
import { BusEvent, DeadLetterQueue } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fails, withBus } from './fixtures.ts';

const test = tests('dead letters: all handlers failed');

test('all_handlers_failed: entries of events whose handlers, two or more, all failed; a retry that succeeds ends it', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    const fail = (_event: unknown, { attempt }: { attempt: number }): void => {
      if (attempt === 1) throw new Error('no');
    };
    bus.subscribe(fail, ['both', 'one'], { priority: 200 });
    bus.subscribe(fail, ['both', 'mixed']);
    bus.subscribe(() => {}, 'mixed');
    for (const type of ['both', 'one', 'mixed', 'both']) await bus.emitAndWait(type, {});
    assert.equal(
      dlq.getByReason('all_handlers_failed').map(({ event, reason }) => [event.eventType, reason]),
      Array.from({ length: 4 }, () => ['both', 'handler_error']),
    );
    assert.is(dlq.getStats().byReason.all_handlers_failed, 2);
    const [newest] = dlq.getAll();
    assert.ok(await dlq.retry(newest!.id, bus));
    assert.is(dlq.getStats().byReason.all_handlers_failed, 1);
    assert.is(dlq.getByReason('all_handlers_failed').length, 2);
    assert.is(dlq.getByReason('handler_error').length, 5);
    dlq.clear();
    assert.equal(dlq.getStats().byReason, {});
  });
});

test('all_handlers_failed of an event that comes again with its id counts once, and goes with its last entry', async () => {
  const dlq = new DeadLetterQueue();
  await withBus({ deadLetterQueue: dlq }, async (bus) => {
    for (const name of ['a', 'b']) {
      bus.subscribe(fails, 'x', { name });
    }
    const line = `${new BusEvent('x', {}).toJsonl()}\n`;
    for (let n = 0; n < 2; n++) {
      await bus.ingest([line], { ndjson: true });
      assert.is(dlq.getStats().byReason.all_handlers_failed, 1);
    }
    for (const { id } of dlq.getAll().reverse()) dlq.remove(id);
    assert.equal(dlq.getStats().byReason, {});
  });
});

test.run();
