import * as assert from 'uvu/assert';
import { REAL_CLOCK } from '../src/clock.ts';
import type { Delivery } from '../src/delivery/pending.ts';
import { InlineRunner } from '../src/inline.ts';
import { delivery, subscription } from './delivery/fixtures.ts';
import { tests } from './helpers.ts';

const test = tests('inline');

test('what was settled while it waited for its turn is not called', async () => {
  const settled: Delivery[] = [];
  const called: string[] = [];
  const runner = new InlineRunner({
    clock: REAL_CLOCK,
    settle: (one) => void settled.push(one),
    emit: () => '',
    lateError: () => {},
    unencodable: () => {},
    around: undefined,
  });
  const given = delivery(subscription({}, { handler: () => void called.push('given up') }));
  // As the end of a shutdown does.
  const first = delivery(
    subscription(
      {},
      {
        handler: () => {
          called.push('first');
          given.settled = true;
        },
      },
    ),
  );
  const last = delivery(subscription({}, { handler: () => void called.push('last') }));
  for (const one of [first, given, last]) runner.submit(one);
  assert.equal(called, [], 'never inside submit');
  await Promise.resolve();
  assert.equal(called, ['first', 'last']);
  assert.equal(settled, [first, last]);
  assert.is(runner.queued, 0);
});

test.run();
