import * as assert from 'uvu/assert';
import { type Axis, linearAxis, logAxis, placesAxis } from '../../bench/charts/axis.ts';
import { tests } from '../helpers.ts';

const test = tests('bench axes');

const labels = ({ ticks }: Axis): string[] => ticks.map(({ label }) => label);

test('a linear axis starts at zero and reaches beyond the largest value', () => {
  const axis = linearAxis([812_345, 640_000], [100, 500], 5);
  assert.is(axis.at(0), 100);
  assert.is(axis.ticks[0]!.value, 0);
  assert.ok(axis.ticks.at(-1)!.value >= 812_345);
  assert.ok(axis.at(812_345) <= 500);
  assert.equal(labels(axis), ['0', '200k', '400k', '600k', '800k', '1M']);
});

test('an axis that runs upwards has large values at small pixels', () => {
  const axis = linearAxis([10], [200, 0], 5);
  assert.is(axis.at(0), 200);
  assert.is(axis.at(10), 0);
});

test('no values, zeros, NaN and infinities still make an axis', () => {
  for (const values of [[], [0], [Number.NaN], [Number.POSITIVE_INFINITY], [-5]]) {
    for (const make of [linearAxis, logAxis]) {
      const axis = make(values, [0, 100], 5);
      assert.ok(axis.ticks.length >= 2, `${make.name} of ${values.join()}`);
      for (const { value } of axis.ticks)
        assert.ok(Number.isFinite(axis.at(value)), `${make.name} of ${values.join()}`);
      assert.ok(Number.isFinite(axis.at(0)));
    }
  }
});

test('a log axis takes whole powers of ten, as far apart as each other', () => {
  const axis = logAxis([3, 40_000], [0, 500], 6);
  assert.equal(labels(axis), ['1', '10', '100', '1k', '10k', '100k']);
  assert.equal(
    axis.ticks.map(({ value }) => Math.round(axis.at(value))),
    [0, 100, 200, 300, 400, 500],
  );
});

test('a log axis of close values has ticks between the powers of ten', () => {
  const axis = logAxis([0.8, 1.3], [0, 500], 5);
  assert.ok(axis.ticks.length >= 3, labels(axis).join());
  assert.ok(axis.at(0.8) > 0 && axis.at(1.3) < 500);
});

test('a log axis over huge ratios keeps its labels few, and its zeros at the start', () => {
  const axis = logAxis([1e-9, 1e12], [0, 500], 6);
  assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 12, labels(axis).join());
  assert.is(axis.at(0), 0);
  assert.is(Math.round(axis.at(1e12)), 500);
});

test('places share the range, and one place stands in the middle', () => {
  const places = (values: readonly number[]): Axis =>
    placesAxis(
      values.map((value) => ({ value, label: String(value) })),
      [0, 100],
    );
  assert.equal([1, 2, 5].map(places([1, 2, 5]).at), [0, 25, 100]);
  assert.is(places([4]).at(4), 50);
});

test.run();
