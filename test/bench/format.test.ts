import * as assert from 'uvu/assert';
import { digits, micros, rate, shortNumber } from '../../bench/format.ts';
import { tests } from '../helpers.ts';

const test = tests('bench format');

/** Throws for the first that is not told like this. */
function told(format: (value: number) => string, cases: readonly (readonly [number, string])[]): void {
  for (const [value, text] of cases) assert.is(format(value), text, `${value}`);
}

test('three digits, whatever the size, and none that rounding adds', () => {
  told(digits, [
    [0, '0.00'],
    [0.000_000_01, '0.000000'],
    [0.000_512_4, '0.000512'],
    [0.0499, '0.0499'],
    [0.79, '0.790'],
    [0.9996, '1.00'],
    [9.999, '10.0'],
    [99.96, '100'],
    [-2.719, '-2.72'],
    [999.4, '999'],
    [999.6, '1,000'],
    [12_345.6, '12,346'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ]);
});

test('rates: per second up to thousands of millions', () => {
  told(rate, [
    [0, '0.00 /s'],
    [0.05, '0.0500 /s'],
    [123, '123 /s'],
    [999.9, '1,000 /s'],
    [1000, '1.00 k/s'],
    [12_345, '12.3 k/s'],
    [1_234_567, '1,235 k/s'],
    [9_999_400, '9,999 k/s'],
    [9_999_600, '10.0 M/s'],
    [123_456_789, '123 M/s'],
    [12_345_678_901, '12.3 G/s'],
    [5e14, '500,000 G/s'],
  ]);
});

test('times: nanoseconds to seconds', () => {
  told(micros, [
    [0, '0.00 ns'],
    [0.000_25, '0.250 ns'],
    [0.0567, '56.7 ns'],
    [0.1, '0.100 µs'],
    [1.234, '1.23 µs'],
    [9.999, '10.0 µs'],
    [1234.5, '1,235 µs'],
    [9999.4, '9,999 µs'],
    [9999.6, '10.0 ms'],
    [123_456, '123 ms'],
    [12_345_678, '12.3 s'],
    [1e11, '100,000 s'],
  ]);
});

test('short numbers for axes', () => {
  told(shortNumber, [
    [812_345, '812k'],
    [1.234, '1.23'],
    [1_500_000, '1.5M'],
  ]);
});

test.run();
