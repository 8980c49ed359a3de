import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../bench/statistics.ts';
import { BackpressureError, DeadLetterQueue, EventBus, type OverflowPolicy } from '../../src/index.ts';
import { balance, fixture } from '../bus/fixtures.ts';
import { inFolder, tests } from '../helpers.ts';
import { SEED } from '../seed.ts';
import { type Kind, pickKind } from './kinds.ts';

const test = tests('ordering keys, retries, random kills and overflow together');

const EVENTS = 1_500;
const KEYS = 40;

const KINDS: readonly Kind[] = [
  ['async', 1_500],
  ['flaky', 500],
  ['fails', 300],
  ['exits', 60],
  ['hangs', 25],
  ['never', 10],
];

interface Start {
  name: string;
  key: string;
  n: number;
  attempt: number;
}

function readStarts(file: string): Start[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [name, key, n, attempt] = line.split(' ') as [string, string, string, string];
      return { name, key, n: Number(n), attempt: Number(attempt) };
    });
}

/** Starts of one line of deliveries: event by event in emission order, attempts rising. */
function checkOrder(what: string, starts: readonly Start[]): void {
  starts.forEach((start, i) => {
    const before = starts[i - 1];
    if (before === undefined) return;
    assert.ok(
      start.n > before.n || (start.n === before.n && start.attempt > before.attempt),
      `${what}: event ${before.n} attempt ${before.attempt} started before event ${start.n} attempt ${start.attempt}`,
    );
  });
}

const policies: readonly OverflowPolicy[] = ['raise', 'drop', 'dropOldest', 'block'];
for (const overflowPolicy of policies) {
  test(
    `policy ${overflowPolicy}: order per key, each attempt once, the account, and dead letters for exactly the failures`,
    () =>
      inFolder(async (folder) => {
        const next = seededRandom(SEED);
        const file = join(folder, 'starts');
        const dlq = new DeadLetterQueue({ maxSize: 1_000_000 });
        const bus = new EventBus({
          maxConcurrentHandlers: 2,
          maxPendingEvents: 200,
          overflowPolicy,
          // A thread that dies is replaced in a turn of the event loop, which a blocked emit keeps from it.
          blockTimeoutMs: 100,
          ring: { slots: 32, bytes: 65_536 },
          env: { ...process.env, ORDERED_STARTS: file },
          deadLetterQueue: dlq,
        });
        try {
          const common = { timeoutMs: 80, circuitBreaker: false } as const;
          const retry = { attempts: 3, backoffMs: 2 };
          const ids = new Map([
            ['keyed', bus.subscribe(fixture('ordered', 'keyed'), 'x', { ...common, retry })],
            ['pair', bus.subscribe(fixture('ordered', 'pair'), 'x', { ...common, retry, concurrency: 2 })],
            ['alone', bus.subscribe(fixture('ordered', 'alone'), 'x', { ...common, concurrency: 1, priority: 50 })],
          ]);
          await bus.ready();
          const failed: string[] = [];
          const work: Promise<unknown>[] = [];
          let refused = 0;
          for (let n = 0; n < EVENTS; n++) {
            const key = `k${Math.floor(next() * KEYS)}`;
            const payload = { n, key, what: pickKind(KINDS, next) };
            // Mostly within the limit, so that most events are handled; `block` sees to that itself.
            if (overflowPolicy !== 'block' && n % 7 !== 0)
              while (bus.getPendingCount() >= 190) await new Promise((resolve) => setImmediate(resolve));
            else if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
            work.push(
              bus.emitAndWait('x', payload, { orderingKey: key }).then(
                ({ eventId, accepted, outcomes }) => {
                  if (!accepted) refused++;
                  for (const { ok, subscriptionId } of outcomes) if (!ok) failed.push(`${eventId} ${subscriptionId}`);
                },
                (error: unknown) => {
                  if (!BackpressureError.is(error)) throw error;
                  refused++;
                },
              ),
            );
            if (n % 100 === 0) assert.is(balance(bus), 0, `seed ${SEED}`);
          }
          await Promise.all(work);
          assert.ok(await bus.waitForPending());
          assert.is(balance(bus), 0, `seed ${SEED}`);
          const starts = readStarts(file);
          const unique = new Set(starts.map(({ name, n, attempt }) => `${name} ${n} ${attempt}`));
          assert.is(unique.size, starts.length, `seed ${SEED}: something started twice for one attempt`);
          for (const name of ids.keys()) {
            for (let k = 0; k < KEYS; k++) {
              const lane = starts.filter((start) => start.name === name && start.key === `k${k}`);
              checkOrder(`seed ${SEED}: ${name}, key k${k}`, lane);
            }
          }
          const dead = dlq.getAll().map(({ event, subscriptionId }) => `${event.eventId} ${subscriptionId}`);
          assert.equal(dead.sort(), failed.sort(), `seed ${SEED}: dead letters are exactly the failures`);
          assert.ok(failed.length > 20, `seed ${SEED}: ${failed.length} failures are no stress`);
          const { threads, emitted } = bus.getStats();
          assert.ok(threads.restarts > 5, `seed ${SEED}: ${threads.restarts} restarts are no stress`);
          assert.is(emitted, overflowPolicy === 'drop' ? EVENTS : EVENTS - refused);
        } finally {
          await bus.shutdown({ timeoutMs: 0 });
        }
      }),
    120_000,
  );
}

test.run();
