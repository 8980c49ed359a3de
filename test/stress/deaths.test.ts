import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../bench/statistics.ts';
import { type EmitResult, EventBus } from '../../src/index.ts';
import { balance, fixture } from '../bus/fixtures.ts';
import { inFolder, tests } from '../helpers.ts';
import { SEED } from '../seed.ts';
import { pickKind } from './kinds.ts';

const test = tests('threads that die at random');

/** With the reason that its outcome has. */
const KINDS: readonly (readonly [kind: string, share: number, reason: string | undefined])[] = [
  ['async', 2_000, undefined],
  ['emit', 500, undefined],
  ['throw', 200, 'handler_error'],
  ['exit', 15, 'worker_exit'],
  ['later-exit', 15, 'worker_exit'],
  ['later-throw', 15, 'worker_exit'],
  ['hang', 10, 'handler_timeout'],
  ['never', 5, 'handler_timeout'],
  ['afterwards', 10, undefined],
  ['memory', 1, 'worker_exit'],
];

const EVENTS = 15_000;

for (const [name, options] of [
  ['a large ring', {}],
  ['a tiny ring', { ring: { slots: 16, bytes: 65_536 }, spareThreads: 0 }],
] as const) {
  test(
    `${EVENTS} events over ${name}: each settles once, none starts twice for one attempt, no innocent fails`,
    () =>
      inFolder(async (folder) => {
        const next = seededRandom(SEED);
        const file = join(folder, 'starts');
        const bus = new EventBus({
          maxConcurrentHandlers: 3,
          handlerTimeoutMs: 60,
          maxPendingEvents: 2_000,
          resourceLimits: { maxOldGenerationSizeMb: 48 },
          env: { ...process.env, CHAOS_STARTS: file },
          ...options,
        });
        try {
          let children = 0;
          bus.subscribe(() => void children++, 'chaos.child');
          bus.subscribe(fixture('chaos'), 'chaos.event', { timeoutMs: 30_000, circuitBreaker: false });
          bus.subscribe(fixture('chaos'), 'chaos.hang', { circuitBreaker: false });
          const kinds: string[] = [];
          const settled: EmitResult[] = [];
          const waiting: Promise<unknown>[] = [];
          for (let n = 0; n < EVENTS; n++) {
            const what = pickKind(KINDS, next);
            kinds.push(what);
            const type = what === 'hang' || what === 'never' ? 'chaos.hang' : 'chaos.event';
            while (bus.getPendingCount() >= 1_500) await new Promise((resolve) => setImmediate(resolve));
            waiting.push(
              bus.emitAndWait(type, { n, what }).then((result) => {
                settled[n] = result;
              }),
            );
            if (n % 500 === 0) assert.is(balance(bus), 0, `seed ${SEED}`);
          }
          await Promise.all(waiting);
          assert.ok(await bus.waitForPending());
          const attempts = settled.map(({ outcomes: [outcome] }, n) => {
            const expected = KINDS.find(([kind]) => kind === kinds[n])?.[2];
            assert.is(
              outcome?.reason,
              expected,
              `seed ${SEED}, event ${n} (${kinds[n]}), attempt ${outcome?.attempt}: ${outcome?.error?.message}`,
            );
            return outcome!.attempt;
          });
          const starts = readFileSync(file, 'utf8').trimEnd().split('\n');
          assert.is(new Set(starts).size, starts.length, `seed ${SEED}: something started twice for one attempt`);
          for (const start of starts) {
            const [n, attempt] = start.split(' ').map(Number);
            assert.ok(
              attempt! <= attempts[n!]!,
              `seed ${SEED}: event ${n} started attempt ${attempt} of ${attempts[n!]}`,
            );
          }
          assert.ok(starts.length >= EVENTS, `seed ${SEED}: ${starts.length} starts`);
          const emitters = new Set(kinds.map((kind, n) => (kind === 'emit' ? n : -1)));
          const emitted = starts.filter((start) => emitters.has(Number(start.split(' ')[0]))).length;
          assert.ok(
            children <= emitted && children >= emitters.size - 1,
            `seed ${SEED}: ${children} children of ${emitted} starts`,
          );
          assert.is(balance(bus), 0);
          const { restarts } = bus.getStats().threads;
          assert.ok(restarts > 50, `seed ${SEED}: ${restarts} restarts are no stress`);
        } finally {
          await bus.shutdown({ timeoutMs: 0 });
        }
      }),
    240_000,
  );
}

test.run();
