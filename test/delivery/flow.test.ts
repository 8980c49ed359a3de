import * as assert from 'uvu/assert';
import { REAL_CLOCK } from '../../src/clock.ts';
import { Flow } from '../../src/delivery/flow.ts';
import { type Delivery, success } from '../../src/delivery/pending.ts';
import { tests } from '../helpers.ts';
import { delivery, subscription } from './fixtures.ts';

const test = tests('flow');

test('once it is stopped, what waited for a place is not given to a runner any more', () => {
  for (const stopped of [false, true]) {
    const ran: Delivery[] = [];
    const flow = new Flow(REAL_CLOCK, {
      run: (one) => void ran.push(one),
      revoke: () => false,
      settle: (one) => {
        one.settled = true;
        flow.left(one, false);
      },
      revokeAll: () => [],
      trial: () => {},
      quarantined: () => {},
    });
    const to = subscription({ concurrency: 1 });
    flow.subscribed(to);
    const [first, second] = [delivery(to), delivery(to)];
    flow.dispatch(first);
    flow.dispatch(second);
    assert.equal(ran, [first]);
    if (stopped) flow.stop();
    flow.settle(first, success(undefined, 1, 2, 0));
    assert.is(ran.length, stopped ? 1 : 2);
  }
});

test.run();
