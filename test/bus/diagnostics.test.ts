import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  type AuditMessage,
  type DeadLetterMessage,
  DeadLetterQueue,
  type DroppedMessage,
  type EmitMessage,
  EventBus,
  type HandlerMessage,
  type ThreadMessage,
} from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { fails, fixture, withBus } from './fixtures.ts';

const test = tests('diagnostics channels');

/** Collects what is published on these channels while `use` runs. */
async function listen<T>(
  names: readonly string[],
  use: (seen: [name: string, message: T][]) => Promise<void>,
): Promise<void> {
  const seen: [string, T][] = [];
  const on = (message: unknown, name: string | symbol): void => void seen.push([String(name), message as T]);
  for (const name of names) subscribe(name, on);
  try {
    await use(seen);
  } finally {
    for (const name of names) unsubscribe(name, on);
  }
}

test('ganglion:emit tells of each event, those of threads and of the bus itself included', () =>
  withBus({}, (bus) =>
    listen<EmitMessage>(['ganglion:emit'], async (seen) => {
      bus.subscribe(fixture('tools', 'emits'), 'x');
      bus.subscribe(fails, 'x');
      bus.subscribe(() => {}, 'system.*');
      const { eventId } = await bus.emitAndWait('x', { secret: 1 }, { source: 's', correlationId: 'c' });
      assert.ok(await bus.waitForPending());
      const types = seen.map(([, { eventType, system, deliveries }]) => [eventType, system, deliveries]);
      assert.equal(
        types.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
        [
          ['child.async', false, 0],
          ['child.sync', false, 0],
          ['system.handler_error', true, 1],
          ['x', false, 2],
        ],
      );
      const first = seen[0]![1];
      assert.equal(
        { ...first, timestamp: 0 },
        { eventId, eventType: 'x', source: 's', correlationId: 'c', timestamp: 0, system: false, deliveries: 2 },
      );
      assert.ok(Math.abs(first.timestamp - Date.now()) < 60_000);
    }),
  ));

const PREFIX = 'tracing:ganglion:handler:';
test('ganglion:handler traces one call of each handler, with one message for its whole life', () =>
  withBus({}, (bus) =>
    listen<HandlerMessage>(
      ['start', 'end', 'error', 'asyncStart', 'asyncEnd'].map((n) => PREFIX + n),
      async (seen) => {
        bus.subscribe(fixture('echo'), 'x', { name: 'module' });
        bus.subscribe(fails, 'x', { name: 'inline' });
        await bus.emitAndWait('x', {});
        for (const [name, steps] of [
          ['module', 'start end asyncStart asyncEnd'],
          ['inline', 'start end error asyncStart asyncEnd'],
        ]) {
          const own = seen.filter(([, message]) => message.handlerName === name);
          assert.is(own.map(([channel]) => channel.slice(PREFIX.length)).join(' '), steps);
          assert.is(new Set(own.map(([, message]) => message)).size, 1);
          const { ok, reason, error, threadId, durationMs, attempt } = own[0]![1];
          assert.is(ok, name === 'module');
          assert.is(reason, name === 'module' ? undefined : 'handler_error');
          assert.is(error?.message, name === 'module' ? undefined : 'no');
          assert.is(threadId === 0, name === 'inline');
          assert.ok(durationMs! >= 0);
          assert.is(attempt, 1);
        }
      },
    ),
  ));

for (const overflowPolicy of ['drop', 'dropOldest'] as const) {
  test(`ganglion:dropped under ${overflowPolicy}`, () =>
    withBus({ maxPendingEvents: 1, overflowPolicy }, (bus) =>
      listen<DroppedMessage>(['ganglion:dropped'], async (seen) => {
        bus.subscribe(() => {}, '*');
        const first = bus.emit('a', {});
        bus.emit('b', {});
        const dropped =
          overflowPolicy === 'drop' ? { eventType: 'b', eventId: null } : { eventType: 'a', eventId: first };
        assert.equal(seen, [['ganglion:dropped', { ...dropped, policy: overflowPolicy }]]);
      }),
    ));
}

test('ganglion:thread tells of a thread that was replaced', () =>
  withBus({}, (bus) =>
    listen<ThreadMessage>(['ganglion:thread'], async (seen) => {
      bus.subscribe(fixture('tools', 'spins'), 'x', { timeoutMs: 50 });
      const { outcomes } = await bus.emitAndWait('x', { ms: 20_000 });
      assert.is(outcomes[0]?.reason, 'handler_timeout');
      assert.equal(
        seen.map(([, message]) => message),
        [{ change: 'restarted', threadId: outcomes[0]?.threadId }],
      );
    }),
  ));

test('ganglion:dead-letter tells of each entry, of an event that was refused too', () =>
  withBus({ deadLetterQueue: new DeadLetterQueue() }, (bus) =>
    listen<DeadLetterMessage>(['ganglion:dead-letter'], async (seen) => {
      const subscriptionId = bus.subscribe(fails, 'x', { name: 'fails' });
      const { eventId } = await bus.emitAndWait('x', {});
      assert.throws(() => bus.emit('y', { n: 1n }));
      const [refused, failed] = bus.deadLetterQueue!.getAll();
      assert.equal(
        seen.map(([, message]) => message),
        [
          { id: failed!.id, eventId, eventType: 'x', subscriptionId, handlerName: 'fails', reason: 'handler_error' },
          {
            id: refused!.id,
            eventId: refused!.event.eventId,
            eventType: 'y',
            subscriptionId: null,
            handlerName: null,
            reason: 'serialization_error',
          },
        ],
      );
    }),
  ));

test('ganglion:audit tells what becomes of the log', () =>
  inFolder((folder) => {
    const eventLogPath = join(folder, 'events.jsonl');
    return listen<AuditMessage>(['ganglion:audit'], async (seen) => {
      const bus = new EventBus({ eventLogPath, maxLogSizeBytes: 500 });
      for (let n = 0; n < 5; n++) bus.emit('x', { text: 'x'.repeat(300) });
      await bus.shutdown();
      const { rotations } = bus.getStats().audit!;
      assert.ok(rotations > 0);
      assert.equal(
        seen.map(([, message]) => message),
        ['opened', ...Array.from({ length: rotations }, () => 'rotated'), 'closed'].map((change) => ({
          change,
          path: eventLogPath,
        })),
      );
    });
  }));

test('subscribed in the middle of a delivery: its end alone is not told', () =>
  withBus({}, async (bus) => {
    let open = (): void => {};
    bus.subscribe(() => new Promise<void>((resolve) => (open = resolve)), 'x');
    const done = bus.emitAndWait('x', {});
    await Promise.resolve();
    await listen([`${PREFIX}asyncEnd`], async (seen) => {
      open();
      await done;
      assert.is(seen.length, 0);
    });
  }));

test.run();
