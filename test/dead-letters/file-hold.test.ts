import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type BusEvent, DeadLetterQueue, EventBus } from '../../src/index.ts';
import { fails } from '../bus/fixtures.ts';
import { inFolder, tests } from '../helpers.ts';

const test = tests('dead letter file: what is held over a restart');

/** What a process before this one has left in the file: its handler `flaky` failed for whatever `emit` emits. */
async function failedBefore(path: string, emit: (bus: EventBus) => Promise<void>): Promise<void> {
  const dlq = new DeadLetterQueue({ path });
  const bus = new EventBus({ deadLetterQueue: dlq });
  bus.subscribe(fails, 'x', { name: 'flaky', dlqOrder: 'hold' });
  await emit(bus);
  await bus.shutdown();
  dlq.close();
}

test("dlqOrder 'hold' goes on after a restart: later events of a key wait behind what failed before it", () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    await failedBefore(path, async (before) => {
      await before.emitAndWait('x', { n: 1 }, { orderingKey: 'a' });
      before.emit('x', { n: 2 }, { orderingKey: 'a' });
      await before.emitAndWait('x', { n: 3 }, { orderingKey: 'b' });
    });

    const dlq = new DeadLetterQueue({ path });
    const bus = new EventBus({ deadLetterQueue: dlq });
    try {
      const seen: unknown[] = [];
      let broken = true;
      const handler = ({ payload }: BusEvent): void => {
        if (payload.n === 1 && broken) throw new Error('still');
        seen.push(payload.n);
      };
      const other: unknown[] = [];
      bus.subscribe(({ payload }) => void other.push(payload.n), 'x', { name: 'other', dlqOrder: 'hold' });
      const id = bus.subscribe(handler, 'x', { name: 'flaky', dlqOrder: 'hold' });
      for (const [n, orderingKey] of [
        [4, 'a'],
        [5, 'b'],
        [6, 'c'],
      ] as const)
        bus.emit('x', { n }, { orderingKey });
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(seen, [6]);
      assert.equal(other, [4, 5, 6], 'another handler is not held');
      assert.is(bus.getStats().held, 2);
      const ids = new Map(dlq.getAll().map((entry) => [entry.event.payload.n, entry.id]));
      assert.equal(
        dlq.getAll().map(({ event, reason, orderingKey }) => [event.payload.n, reason, orderingKey]),
        [
          [2, 'shutdown', 'a'],
          [3, 'handler_error', 'b'],
          [1, 'handler_error', 'a'],
        ],
      );
      assert.equal(
        await dlq.retryAll(bus),
        { succeeded: [ids.get(3)], failed: [ids.get(1), ids.get(2)], exhausted: [] },
        'the second is not tried before the first has succeeded',
      );
      assert.equal(seen, [6, 3, 5]);
      assert.is(dlq.get(ids.get(2)!)!.retryCount, 0);
      broken = false;
      assert.equal((await dlq.retryAll(bus)).succeeded, [ids.get(1), ids.get(2)]);
      assert.ok(await bus.waitForPending());
      assert.equal(seen, [6, 3, 5, 1, 2, 4]);
      assert.is(bus.getStats().held, 0);
      assert.ok(bus.unsubscribe(id));
    } finally {
      await bus.shutdown({ timeoutMs: 0 });
      dlq.close();
    }
  }));

test('what is held after a restart is let go when the entry is removed, or the subscription ends', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    await failedBefore(path, async (before) => {
      for (const orderingKey of ['a', 'b']) await before.emitAndWait('x', {}, { orderingKey });
    });

    const dlq = new DeadLetterQueue({ path });
    const bus = new EventBus({ deadLetterQueue: dlq });
    try {
      const seen: unknown[] = [];
      const subscribe = (): string =>
        bus.subscribe(({ payload }) => void seen.push(payload.key), 'x', { name: 'flaky', dlqOrder: 'hold' });
      const emit = async (): Promise<void> => {
        for (const key of ['a', 'b']) bus.emit('x', { key }, { orderingKey: key });
        await new Promise((resolve) => setImmediate(resolve));
      };
      const id = subscribe();
      await emit();
      assert.equal(seen, []);
      const byKey = dlq.getAll().find(({ orderingKey }) => orderingKey === 'a')!;
      assert.ok(dlq.remove(byKey.id));
      assert.ok(bus.getStats().held === 1);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(seen, ['a']);
      bus.unsubscribe(id);
      assert.ok(await bus.waitForPending());
      assert.equal(seen, ['a', 'b']);
      subscribe();
      await emit();
      assert.equal(seen, ['a', 'b', 'a'], 'the next one of that name holds it again');
      assert.is(dlq.clear(), 1);
      assert.ok(await bus.waitForPending());
      assert.equal(seen, ['a', 'b', 'a', 'b']);
    } finally {
      await bus.shutdown({ timeoutMs: 0 });
      dlq.close();
    }
  }));

test.run();
