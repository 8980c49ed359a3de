import * as assert from 'uvu/assert';
import { compared, quantileOf } from '../../bench/rows.ts';
import { roundsOf } from '../../bench/runner.ts';
import type { Figures, Scenario } from '../../bench/scenario.ts';
import { median, quantile, ratio, seededRandom, shuffle, spread } from '../../bench/statistics.ts';
import { checkTotals } from '../../bench/tally.ts';
import { tests } from '../helpers.ts';

const test = tests('bench statistics');

test('quantiles lie between the closest ranks', () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 2, 3]), 2.5);
  assert.is(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.is(quantile([0, 10], 0.99), 9.9);
  assert.is(quantile([5], 0.99), 5);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('quantiles do not reorder what they are given', () => {
  const values = [3, 1, 2];
  quantile(values, 0.5);
  assert.equal(values, [3, 1, 2]);
});

test('a ratio pairs repetitions, so that what slows both sides of one cancels out', () => {
  const { value, low, high } = ratio([100, 10, 110], [50, 5, 50]);
  assert.is(value, 2);
  assert.is(low, 2);
  assert.is(high, 2.2);
  assert.equal(spread([4, 2, 9]), { value: 4, low: 2, high: 9 });
});

test('the same seed makes the same order, another one another', () => {
  const sides = ['a', 'b', 'c', 'd', 'e', 'f'];
  const orders = (seed: number): string[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 20 }, () => shuffle(sides, random).join(''));
  };
  assert.equal(orders(1), orders(1));
  assert.not.equal(orders(1), orders(2));
  for (const order of orders(3)) assert.is(order.split('').sort().join(''), 'abcdef');
  // Each side comes first now and then.
  assert.is(new Set(orders(4).map((order) => order.charAt(0))).size >= 4, true);
  assert.equal(sides, ['a', 'b', 'c', 'd', 'e', 'f']);
});

test('random numbers spread over 0 to 1', () => {
  const random = seededRandom(99);
  const values = Array.from({ length: 10_000 }, random);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean - 0.5) < 0.02, String(mean));
});

const figures: Record<string, Figures[]> = {
  ganglion: [{ speed: 10 }, { speed: 30 }, { speed: 20 }],
  rival: [
    { speed: 5, took: [1, 2, 3] },
    { speed: 10, took: [4, 5] },
    { speed: 4, took: [6] },
  ],
};
const rounds = roundsOf({ scenario: { name: 's' } as Scenario, figures });

test('a row compares repetition by repetition and shows medians', () => {
  const row = compared({ name: 'r', versus: 'rival', figure: 'speed', format: (value) => `${value}/s` });
  assert.equal(row.measure(rounds), { value: 3, low: 2, high: 5 });
  assert.is(row.absolute(rounds), '20/s vs 5/s');
  assert.is(row.side, 'ganglion');
});

test('samples of all repetitions make one quantile, each repetition one of the spread', () => {
  assert.equal(quantileOf(rounds, 'rival', 'took', 0.5), { value: 3.5, low: 2, high: 6 });
});

test('a figure that a side does not have is an error, not a gap', () => {
  assert.throws(() => rounds.each('ganglion', 'took'), 's: ganglion has no figure took');
});

test('lost, repeated and wrong work is told apart from right work', () => {
  checkTotals('side', { count: 3, sum: 9 }, { count: 3, sum: 9 });
  assert.throws(() => checkTotals('side', { count: 2, sum: 9 }, { count: 3, sum: 9 }), 'side lost or repeated work');
  assert.throws(() => checkTotals('side', { count: 4, sum: 9 }, { count: 3, sum: 9 }), 'side lost or repeated work');
  assert.throws(() => checkTotals('side', { count: 3, sum: 8 }, { count: 3, sum: 9 }), 'adding up to 8');
});

test.run();
