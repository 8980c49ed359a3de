import * as assert from 'uvu/assert';
import { retryInOrder } from '../../src/dead-letters/retry-order.ts';
import { tests } from '../helpers.ts';

const test = tests('order of retries');

test('one key of one handler one after the other; it holds up neither other keys nor other handlers', async () => {
  const letters = Array.from({ length: 100 }, (_, n) => ({ n, handlerName: 'h', orderingKey: 'a' }));
  const others = [
    { n: 100, handlerName: 'h', orderingKey: 'b' },
    { n: 101, handlerName: 'g', orderingKey: 'a' },
    { n: 102, handlerName: 'h', orderingKey: null },
    { n: 103, handlerName: null, orderingKey: undefined },
  ];
  const begun: number[] = [];
  let othersBegun = 0;
  let release = (): void => {};
  const allBegun = new Promise<void>((resolve) => (release = resolve));
  let running = 0;
  await retryInOrder([...letters, ...others], async ({ n, handlerName, orderingKey }) => {
    if (n >= 100) {
      if (++othersBegun === others.length) release();
      await allBegun;
      return;
    }
    assert.is(++running, 1, `${handlerName} ${orderingKey}`);
    begun.push(n);
    await allBegun;
    running--;
  });
  assert.equal(
    begun,
    letters.map(({ n }) => n),
  );
  assert.is(othersBegun, others.length);
});

test('no more than 64 beside each other, and each once', async () => {
  let running = 0;
  let most = 0;
  let done = 0;
  const letters = Array.from({ length: 200 }, (_, n) => ({ handlerName: 'h', orderingKey: `${n}` }));
  await retryInOrder(letters, async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    done++;
  });
  assert.equal([most, done], [64, 200]);
});

test.run();
