import * as assert from 'uvu/assert';
import { MAX_TIMER_MS } from '../../src/clock.ts';
import { DueQueue } from '../../src/delivery/due-queue.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('due queue');

type Step =
  | { readonly do: 'push'; readonly inMs: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'run' | 'clear' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), inMs: fc.integer({ min: -3, max: 40 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('run' as const, 'clear' as const) }) },
);

test('hands over what a sorted list would, at its time and not before, whatever comes and goes', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const clock = new VirtualClock(0);
      const got: number[] = [];
      const expected: number[] = [];
      let model: { at: number; n: number }[] = [];
      const queue = new DueQueue<number>(clock, (n) => got.push(n));
      /** What the model hands over by `now`: earliest first, of one time in the order they came. */
      const due = (now: number): void => {
        model.sort((a, b) => a.at - b.at || a.n - b.n);
        expected.push(...model.filter(({ at }) => at <= now).map(({ n }) => n));
        model = model.filter(({ at }) => at > now);
      };
      let n = 0;
      for (const next of steps) {
        if (next.do === 'push') {
          const at = clock.now() + next.inMs;
          model.push({ at, n });
          queue.push(n++, at);
        } else if (next.do === 'advance') {
          // What is overdue already comes with the timer's next turn, before anything that falls due on the way.
          due(clock.now());
          const until = clock.now() + next.ms;
          await clock.advance(next.ms);
          due(until);
        } else if (next.do === 'run') {
          queue.run();
          due(clock.now());
        } else {
          model.sort((a, b) => a.at - b.at || a.n - b.n);
          assert.equal(
            queue.clear(),
            model.map((entry) => entry.n),
          );
          model = [];
        }
        assert.equal(got, expected);
        assert.is(queue.nextAt, Math.min(...model.map(({ at }) => at)));
        assert.ok(clock.nextAt <= Math.max(queue.nextAt, clock.now()), 'a timer is set for the earliest');
      }
    }),
    { numRuns: 300, includeErrorInReport: true },
  ));

test('one timer, for the earliest alone; none once it is empty', async () => {
  const clock = new VirtualClock(0);
  const queue = new DueQueue<string>(clock, () => {});
  for (const ms of [50, 30, 40]) queue.push('x', clock.now() + ms);
  assert.is(clock.nextAt, clock.now() + 30);
  queue.clear();
  assert.is(clock.nextAt, Number.POSITIVE_INFINITY);
  assert.is(queue.nextAt, Number.POSITIVE_INFINITY);
  queue.push('again', clock.now() + 5);
  assert.is(clock.nextAt, clock.now() + 5);
  await clock.advance(5);
  assert.is(clock.nextAt, Number.POSITIVE_INFINITY);
});

test('what comes back due at once has its turn later, so that it can not keep the caller for ever', () => {
  const clock = new VirtualClock(0);
  let times = 0;
  const queue: DueQueue<string> = new DueQueue(clock, (item) => {
    times++;
    queue.push(item, clock.now());
  });
  queue.push('x', clock.now());
  queue.run();
  assert.is(times, 1);
  queue.run();
  assert.is(times, 2);
});

test('waits longer than a timer can', async () => {
  const clock = new VirtualClock(0);
  const got: string[] = [];
  const queue = new DueQueue<string>(clock, (item) => got.push(item));
  queue.push('far', clock.now() + 3 * MAX_TIMER_MS);
  await clock.advance(3 * MAX_TIMER_MS - 1);
  assert.equal(got, []);
  await clock.advance(1);
  assert.equal(got, ['far']);
});

test.run();
