import * as assert from 'uvu/assert';
import { failure } from '../../src/delivery/pending.ts';
import { backoff, isRetryable, type RetryPolicy } from '../../src/delivery/retry-policy.ts';
import { FailureReason, NonRetryableError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('retry policy');

const plain: RetryPolicy = { attempts: 10, backoffMs: 100, factor: 2, maxBackoffMs: 30_000, jitter: false };

test('waits grow by their factor, up to the limit', () => {
  assert.equal(
    [1, 2, 3, 4, 9, 10, 11].map((failures) => backoff(plain, failures)),
    [100, 200, 400, 800, 25_600, 30_000, 30_000],
  );
  assert.is(backoff({ ...plain, factor: 1 }, 1_000), 100);
  assert.is(backoff({ ...plain, maxBackoffMs: 50 }, 1), 50);
});

test('jitter: from half of the wait up to the whole', () => {
  const policy = { ...plain, jitter: true };
  assert.is(
    backoff(policy, 3, () => 0),
    200,
  );
  assert.ok(backoff(policy, 3, () => 1 - Number.EPSILON) < 400.001);
});

test('at the limits of its options it is a number, from 0 to the limit, and never falls', () => {
  const positive = fc.oneof(fc.double({ min: Number.MIN_VALUE, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY));
  const policies: fc.Arbitrary<RetryPolicy> = fc.record({
    attempts: fc.constant(Number.MAX_SAFE_INTEGER),
    backoffMs: fc.oneof(positive, fc.constant(0)),
    factor: fc.oneof(fc.double({ min: 1, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
    maxBackoffMs: positive,
    jitter: fc.boolean(),
  });
  const failures = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 });
  fc.assert(
    fc.property(policies, failures, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (policy, n, r) => {
      const wait = backoff(policy, n, () => r);
      assert.ok(wait >= 0 && wait <= policy.maxBackoffMs, `${wait}`);
      assert.ok(backoff(policy, n + 1, () => r) >= wait);
    }),
    { includeErrorInReport: true },
  );
});

test('what a handler did is tried again, what the bus did is not', () => {
  const again = Object.values(FailureReason).filter((reason) => isRetryable(failure(reason, new Error('x'), 1, 2, 0)));
  assert.equal(again.sort(), ['handler_error', 'handler_load_error', 'handler_timeout', 'worker_exit']);
});

test('an error says for itself that it is final, and nothing else that it carries does', () => {
  const with_ = (error: unknown): boolean => isRetryable(failure(FailureReason.HANDLER_ERROR, error as Error, 1, 2, 0));
  assert.not(with_(new NonRetryableError('never')));
  assert.not(with_(Object.assign(new Error('x'), { retryable: false })));
  for (const retryable of [true, 0, null, undefined, 'false', {}])
    assert.ok(with_(Object.assign(new Error('x'), { retryable })), String(retryable));
  assert.ok(with_(undefined));
  const throws = Object.defineProperty(new Error('x'), 'retryable', {
    get: () => {
      throw new Error('getter');
    },
  });
  assert.ok(with_(throws));
});

test.run();
