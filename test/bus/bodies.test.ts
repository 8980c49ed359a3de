import * as assert from 'uvu/assert';
import { DeadLetterQueue, type EmitResult, type EventBus, SerializationError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fixture, withBus } from './fixtures.ts';

const test = tests('bodies');

/** Of their own, of the pool of bodies, through the ring and out of line. */
const SIZES = [0, 100, 4096, 5_000, 16_384, 65_535, 65_536, 100_000, 700_000, 1_100_000];

/** Each in memory that was another's before, and that the next one gets. */
async function emitWaves(
  bus: EventBus,
  ways: readonly string[],
  check: (result: EmitResult, byte: number, size: number, way: string) => void,
): Promise<void> {
  const source = new Uint8Array(SIZES.at(-1)!);
  for (let wave = 0; wave < 3; wave++) {
    await Promise.all(
      [...SIZES, ...SIZES].map(async (size, i) => {
        const byte = (wave * SIZES.length * 2 + i) % 251;
        const way = ways[(wave + i) % ways.length]!;
        const result = bus.emitAndWait(
          'b',
          { way, text: 'é'.repeat(i * 1_000) },
          { body: source.fill(byte, 0, size).subarray(0, size) },
        );
        check(await result, byte, size, way);
      }),
    );
  }
}

function checkValue(value: unknown, byte: number, size: number): void {
  assert.equal(value, size === 0 ? { length: 0 } : { length: size, byte });
}

test('of any size, many at once, are those of their own emit for handlers of both kinds', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('bodies'), 'b');
    bus.subscribe(fixture('bodies'), 'b');
    bus.subscribe(
      ({ body }) => {
        const [byte] = body!;
        const same = body!.every((other) => other === byte);
        // Its own copy: nobody else sees it.
        body!.fill(255);
        return { length: body!.length, ...(body!.length > 0 && { byte: same ? byte : -1 }) };
      },
      'b',
      { priority: 1 },
    );
    await emitWaves(bus, ['well'], ({ outcomes }, byte, size) => {
      assert.is(outcomes.length, 3);
      for (const { value } of outcomes) checkValue(value, byte, size);
    });
  }));

test('of events whose threads die are there for the next attempt, and in dead letters after others have settled', async () => {
  const deadLetterQueue = new DeadLetterQueue();
  await withBus({ deadLetterQueue, handlerTimeoutMs: 200 }, async (bus) => {
    bus.subscribe(fixture('bodies'), 'b', { retry: { attempts: 2, backoffMs: 1 }, circuitBreaker: false });
    const failed = new Map<string, { byte: number; size: number }>();
    await emitWaves(
      bus,
      ['well', 'fails', 'exits once', 'well', 'hangs once'],
      ({ eventId, outcomes }, byte, size, way) => {
        if (way === 'fails') failed.set(eventId, { byte, size });
        else for (const { value } of outcomes) checkValue(value, byte, size);
      },
    );
    const letters = deadLetterQueue.getAll();
    assert.is(letters.length, failed.size);
    for (const { event } of letters) {
      const { byte, size } = failed.get(event.eventId)!;
      const body = event.body!;
      // Nothing of another event beside them.
      assert.equal([body.length, body.buffer.byteLength], [size, size]);
      assert.ok(
        body.every((other) => other === byte),
        `${size} bytes`,
      );
    }
  });
});

test('that can not be copied are refused, and the next one is taken', () =>
  withBus({}, async (bus) => {
    bus.subscribe(fixture('bodies'), 'b');
    // There is no such memory.
    class Endless extends Uint8Array {
      override get length(): number {
        return 2 ** 52;
      }
    }
    assert.throws(
      () => bus.emit('b', {}, { body: new Endless(1) }),
      (error: unknown) => SerializationError.is(error) && (error as Error).message.includes(`${2 ** 52} bytes`),
    );
    checkValue((await bus.emitAndWait('b', {}, { body: new Uint8Array(5_000).fill(3) })).outcomes[0]!.value, 3, 5_000);
    assert.is(bus.getStats().emitted, 1);
  }));

test('of what waits for room are copied before the wait', () =>
  withBus({ maxPendingEvents: 1 }, async (bus) => {
    bus.subscribe(fixture('bodies'), 'b');
    const seen: unknown[] = [];
    bus.subscribe(({ body }) => void seen.push([...body!]), 'b');
    const body = new Uint8Array(3);
    const emitted = [1, 2, 3].map((byte) => bus.emitAsync('b', {}, { body: body.fill(byte) }));
    body.fill(0);
    await Promise.all(emitted);
    assert.ok(await bus.waitForPending());
    assert.equal(seen, [
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ]);
  }));

test('bytes that a handler of the main thread returns are those of that moment', () =>
  withBus({}, async (bus) => {
    const bytes = new Uint8Array([1, 2]);
    bus.subscribe(() => bytes, 'x');
    const { outcomes } = await bus.emitAndWait('x', {});
    bytes[0] = 9;
    assert.equal(outcomes[0]?.value, new Uint8Array([1, 2]));
  }));

test.run();
