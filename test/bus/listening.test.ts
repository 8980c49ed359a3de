import * as assert from 'uvu/assert';
import { BusClosedError, type BusEvent, EventBus, WaitTimeoutError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fixture, withBus } from './fixtures.ts';

const test = tests('once, waitFor, events');

const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.unreachable(),
    (error: unknown) => error,
  );
const numbers = (events: readonly BusEvent[]): unknown[] => events.map((event) => event.payload.n);
/** On a busy machine the bus itself gives the loop a turn in between. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('once: one event of many that are emitted at once, inline and on the pool', () =>
  withBus({}, async (bus) => {
    const seen: unknown[] = [];
    const inline = bus.once((event) => void seen.push(event.payload.n), 'x.*');
    const module = bus.once(fixture('echo'), ['x.a', 'x.b']);
    const results = await Promise.all([1, 2, 3].map((n) => bus.emitAndWait('x.a', { n })));
    assert.equal(
      results.map(({ outcomes }) => outcomes.map((o) => o.subscriptionId)),
      [[inline, module], [], []],
    );
    assert.equal(seen, [1]);
    assert.is(bus.getStats().active_subscriptions, 0);
    assert.not.ok(bus.unsubscribe(inline));
  }));

test('once: an event that does not match, or one that is refused, does not use it up', () =>
  withBus({ maxPendingEvents: 1, overflowPolicy: 'drop' }, async (bus) => {
    bus.once(() => {}, 'x');
    bus.emit('y', {});
    bus.subscribe(() => new Promise((resolve) => setImmediate(resolve)), 'held');
    bus.emit('held', {});
    assert.is(bus.emit('x', {}), '');
    await bus.waitForPending();
    assert.is((await bus.emitAndWait('x', {})).outcomes.length, 1);
    assert.is((await bus.emitAndWait('x', {})).outcomes.length, 0);
  }));

test('waitFor: the first event that the filter accepts, and nothing is left behind', () =>
  withBus({}, async (bus) => {
    const waiting = bus.waitFor('x', { filter: (event) => Number(event.payload.n) > 1 });
    for (const n of [1, 2, 3]) bus.emit('x', { n });
    assert.is((await waiting).payload.n, 2);
    assert.is(bus.getStats().active_subscriptions, 0);
    assert.is(bus.getStats().failed, 0);
  }));

test('waitFor: a time limit, a signal, a filter that throws, the end of the bus, wrong options', () =>
  withBus({}, async (bus) => {
    const late = await caught(bus.waitFor('x', { timeoutMs: 1 }));
    assert.ok(WaitTimeoutError.is(late));
    assert.is((late as WaitTimeoutError).timeoutMs, 1);
    const controller = new AbortController();
    const aborted = caught(bus.waitFor('x', { signal: controller.signal }));
    controller.abort(new Error('enough'));
    assert.is(((await aborted) as Error).message, 'enough');
    assert.is(((await caught(bus.waitFor('x', { signal: controller.signal }))) as Error).message, 'enough');
    const throwing = caught(
      bus.waitFor('x', {
        filter: () => {
          throw new Error('filter');
        },
      }),
    );
    bus.emit('x', {});
    assert.is(((await throwing) as Error).message, 'filter');
    const wrong = await caught(bus.waitFor('x', { timeoutMs: Number.NaN, filter: 1 as never, signal: {} as never }));
    assert.is((wrong as { problems: string[] }).problems.length, 3);
    assert.is(((await caught(bus.waitFor(''))) as { code: string }).code, 'ERR_GANGLION_INVALID_PATTERN');
    assert.is(bus.getStats().active_subscriptions, 0);
    const ended = caught(bus.waitFor('x', { timeoutMs: Number.POSITIVE_INFINITY }));
    await bus.shutdown();
    assert.ok(BusClosedError.is(await ended));
    assert.ok(BusClosedError.is(await caught(bus.waitFor('x'))));
  }));

test('events: from the call on, in order; leaving the loop ends the subscription', () =>
  withBus({}, async (bus) => {
    bus.emit('x', { n: 0 });
    const stream = bus.events('x');
    for (const n of [1, 2, 3]) bus.emit('x', { n });
    const seen: BusEvent[] = [];
    for await (const event of stream) {
      seen.push(event);
      if (event.payload.n === 3) break;
    }
    assert.equal(numbers(seen), [1, 2, 3]);
    assert.is(bus.getStats().active_subscriptions, 0);
    assert.equal(await stream.next(), { done: true, value: undefined });
  }));

test('events: several takers wait, each gets one', () =>
  withBus({}, async (bus) => {
    const stream = bus.events(['a', 'b']);
    const taken = Promise.all([stream.next(), stream.next()]);
    bus.emit('a', { n: 1 });
    bus.emit('b', { n: 2 });
    assert.equal(
      (await taken).map(({ value }) => value?.payload.n),
      [1, 2],
    );
  }));

test('events: a full buffer leaves the oldest out and counts it', () =>
  withBus({}, async (bus) => {
    const stream = bus.events('x', { bufferSize: 3 });
    for (let n = 0; n < 10; n++) bus.emit('x', { n });
    assert.ok(await bus.waitForPending());
    assert.is(stream.dropped, 7);
    const seen: BusEvent[] = [];
    await bus.shutdown();
    for await (const event of stream) seen.push(event);
    assert.equal(numbers(seen), [7, 8, 9]);
  }));

test('events: with wait nothing is lost, what has no room is pending, and shutdown waits for it', () =>
  withBus({ maxPendingEvents: 4, handlerTimeoutMs: 1 }, async (bus) => {
    const stream = bus.events('x', { bufferSize: 2, whenFull: 'wait' });
    const emitting = (async () => {
      for (let n = 0; n < 20; n++) await bus.emitAsync('x', { n });
    })();
    while (bus.getPendingCount() < 4) await turn();
    await turn();
    assert.is(bus.getStats().emitted, 6);
    const seen: BusEvent[] = [];
    const reading = (async () => {
      for await (const event of stream) {
        seen.push(event);
        await turn();
      }
    })();
    await emitting;
    const { abandoned } = await bus.shutdown();
    await reading;
    assert.is(abandoned, 0);
    assert.equal(
      numbers(seen),
      Array.from({ length: 20 }, (_, n) => n),
    );
    assert.is(stream.dropped, 0);
  }));

test('events: abort rejects who waits and leaves out what was buffered', () =>
  withBus({}, async (bus) => {
    const controller = new AbortController();
    const stream = bus.events('x', { signal: controller.signal });
    bus.emit('x', {});
    await bus.waitForPending();
    controller.abort(new Error('enough'));
    assert.is(((await caught(stream.next())) as Error).message, 'enough');
    assert.equal(await stream.next(), { done: true, value: undefined });
    const second = new AbortController();
    const taker = caught(bus.events('x', { signal: second.signal }).next());
    second.abort(new Error('now'));
    assert.is(((await taker) as Error).message, 'now');
    assert.is(bus.getStats().active_subscriptions, 0);
    assert.throws(() => bus.events('x', { signal: second.signal }), 'now');
    assert.throws(
      () => bus.events('x', { bufferSize: 0, whenFull: 'x' as never }),
      (e: { problems: string[] }) => e.problems.length === 2,
    );
  }));

test('events: an abandoned stream with wait ends with its loop, and its deliveries with it', () =>
  withBus({}, async (bus) => {
    const stream = bus.events('x', { bufferSize: 1, whenFull: 'wait' });
    for (let n = 0; n < 5; n++) bus.emit('x', { n });
    for await (const event of stream) {
      assert.is(event.payload.n, 0);
      break;
    }
    assert.ok(await bus.waitForPending());
    assert.is(bus.getStats().completed, 5);
  }));

test('a bus that nobody listens to any more lets the process end: nothing here is left behind', async () => {
  const bus = new EventBus();
  const stream = bus.events('x');
  await bus.shutdown();
  assert.equal(await stream.next(), { done: true, value: undefined });
});

test.run();
