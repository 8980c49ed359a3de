import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as assert from 'uvu/assert';
import { ConfigError, InvalidEventError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { withBus } from './fixtures.ts';

const test = tests('writable');

test('writable: pipeline feels the back-pressure; a map; an invalid payload ends the stream', () =>
  withBus({ maxPendingEvents: 4 }, async (bus) => {
    const seen: unknown[] = [];
    let most = 0;
    bus.subscribe(async ({ payload }) => {
      most = Math.max(most, bus.getPendingCount());
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(payload.n);
    }, 'x');
    await pipeline(Readable.from(Array.from({ length: 100 }, (_, n) => ({ n }))), bus.writable('x'));
    assert.ok(await bus.waitForPending());
    assert.is(seen.length, 100);
    assert.ok(most <= 4, `${most} pending`);
    const writable = bus.writable((n: number) => (n % 2 === 0 ? undefined : { eventType: 'x', payload: { n } }));
    await pipeline(Readable.from([1, 2, 3]), writable);
    assert.ok(await bus.waitForPending());
    assert.equal(seen.slice(100), [1, 3]);
    const error = await pipeline(Readable.from([[1]]), bus.writable('x')).catch((e: unknown) => e);
    assert.ok(InvalidEventError.is(error));
    for (const target of ['', ' ', 1, undefined])
      assert.throws(
        () => bus.writable(target as string),
        (e: unknown) => ConfigError.is(e),
      );
    for (const highWaterMark of [-1, 1.5, '16'])
      assert.throws(
        () => bus.writable('x', { highWaterMark: highWaterMark as number }),
        (e: unknown) => ConfigError.is(e) && /highWaterMark/.test((e as Error).message),
      );
  }));

test('writable: destroyed while it waits for room, it gives up and nothing more is emitted', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    let open = (): void => {};
    bus.subscribe(() => new Promise<void>((resolve) => (open = resolve)), 'x');
    const writable = bus.writable('x');
    const gone = new Error('gone');
    const ended = new Promise((resolve) => writable.once('error', resolve));
    for (const n of [1, 2]) writable.write({ n });
    await new Promise((resolve) => setImmediate(resolve));
    writable.destroy(gone);
    assert.is(await ended, gone);
    open();
    assert.ok(await bus.waitForPending());
    assert.is(bus.getStats().emitted, 1);
  }));

test.run();
