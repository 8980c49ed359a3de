import * as assert from 'uvu/assert';
import { Breaker } from '../../src/delivery/breaker.ts';
import { type Delivery, failure, success } from '../../src/delivery/pending.ts';
import { FailureReason } from '../../src/types.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';
import { delivery, subscription } from './fixtures.ts';

const test = tests('breaker');

const POLICY = { failures: 3, windowMs: 100, pauseMs: 50 };
const to = subscription();
const one = (): Delivery => delivery(to);
const hard = failure(FailureReason.WORKER_EXIT, new Error('died'), 1, 2, 0, true);
const soft = failure(FailureReason.HANDLER_ERROR, new Error('no'), 1, 2, 0);
const late = failure(FailureReason.HANDLER_TIMEOUT, new Error('late'), 1, 2, 0);
const good = success(undefined, 1, 2, 0);

/** Open since 0, its pause over at 50. */
function opened(): Breaker {
  const breaker = new Breaker({ ...POLICY, failures: 1 });
  assert.ok(breaker.failed(0));
  return breaker;
}

test('opens with the last of so many hard failures within the window, its end included', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(80), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      (gaps, failures) => {
        const breaker = new Breaker({ ...POLICY, failures });
        const times: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          times.push(now);
          const first = times.at(-failures);
          const opens = first !== undefined && now - first <= POLICY.windowMs;
          assert.is(breaker.failed(now), opens);
          assert.is(breaker.open, opens);
          if (opens) return;
        }
      },
    ),
    { includeErrorInReport: true },
  );
});

test('what is not hard never counts', () => {
  const breaker = new Breaker({ ...POLICY, failures: 1 });
  for (const outcome of [soft, late, good]) assert.not(breaker.ended(one(), outcome, 0));
  assert.is(breaker.admit(one(), 0), 'pass');
  assert.ok(breaker.ended(one(), hard, 0));
});

test('open: refuses until the pause is over, then lets one through as a trial and no other', () => {
  const breaker = opened();
  assert.is(breaker.admit(one(), 49.9), 'refuse');
  const trial = one();
  assert.is(breaker.admit(trial, 50), 'trial');
  assert.ok(breaker.isTrial(trial));
  assert.is(breaker.admit(one(), 50), 'refuse');
  assert.is(breaker.admit(one(), 1e9), 'refuse', 'for as long as the trial runs');
});

test('a trial that succeeds, or fails as handlers do, closes it', () => {
  for (const outcome of [good, soft]) {
    const breaker = opened();
    const trial = one();
    breaker.admit(trial, 50);
    assert.not(breaker.ended(trial, outcome, 60));
    assert.not(breaker.open);
    assert.is(breaker.admit(one(), 60), 'pass');
  }
});

test('a trial that hangs until its deadline, or costs a thread, opens it for another pause', () => {
  for (const outcome of [late, hard]) {
    const breaker = opened();
    const trial = one();
    breaker.admit(trial, 50);
    assert.ok(breaker.ended(trial, outcome, 70));
    assert.is(breaker.admit(one(), 119), 'refuse');
    assert.is(breaker.admit(one(), 120), 'trial');
  }
});

test('the end of one that started before it opened decides nothing', () => {
  const breaker = opened();
  const trial = one();
  breaker.admit(trial, 50);
  for (const outcome of [good, soft, hard]) assert.not(breaker.ended(one(), outcome, 55));
  assert.not(breaker.failed(55));
  assert.ok(breaker.open);
  assert.ok(breaker.isTrial(trial));
});

test('a trial that was settled from outside has decided nothing: the next one is the trial', () => {
  const breaker = opened();
  const trial = one();
  breaker.admit(trial, 50);
  trial.settled = true;
  const next = one();
  assert.is(breaker.admit(next, 51), 'trial');
  assert.ok(breaker.isTrial(next));
});

test('a trial that was taken back and comes again is still the trial', () => {
  const breaker = opened();
  const trial = one();
  assert.is(breaker.admit(trial, 50), 'trial');
  assert.is(breaker.admit(trial, 51), 'trial');
  assert.is(breaker.admit(one(), 51), 'refuse');
});

test('after a trial old failures are forgotten', () => {
  const breaker = new Breaker(POLICY);
  for (const now of [0, 1]) assert.not(breaker.failed(now));
  assert.ok(breaker.failed(2));
  const trial = one();
  assert.is(breaker.admit(trial, 52), 'trial');
  breaker.ended(trial, good, 53);
  for (const now of [54, 55]) assert.not(breaker.failed(now));
  assert.ok(breaker.failed(56));
});

test.run();
