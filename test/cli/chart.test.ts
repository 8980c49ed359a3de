import * as assert from 'uvu/assert';
import { bar, barChart, slotLabel, timeBars } from '../../src/cli/chart.ts';
import { timeText } from '../../src/cli/event-text.ts';
import { tests } from '../helpers.ts';

const test = tests('charts');

test('times that only hostile lines have', () => {
  assert.is(timeText(8.64e15), '+275760-09-13 00:00:00.000');
  assert.is(slotLabel(8.64e15 - 3_600_000, false), '+275760-09-12 23:00');
  assert.is(slotLabel(8.64e15 - 86_400_000, true), '+275760-09-12');
});

test('bars: exact to an eighth, never nothing for something', () => {
  assert.is(bar(0, 10, 10), '');
  assert.is(bar(10, 10, 10), '██████████');
  assert.is(bar(5, 10, 1), '▌');
  assert.is(bar(1, 1e9, 10), '▏');
  assert.equal(
    barChart(
      [
        { label: 'a', value: 8 },
        { label: 'bb', value: 0 },
      ],
      1,
      String,
    ),
    ['a   █ 8', 'bb  0'],
  );
});

test('time bars: hours without gaps, days where they are many, the oldest left out and counted', () => {
  assert.equal(timeBars(new Map()), { bars: [], unit: 'hour', leftOut: 0 });
  const hours = timeBars(
    new Map([
      [2, 5],
      [0, 1],
    ]),
  );
  assert.equal(hours, {
    bars: [
      { label: '1970-01-01 00:00', value: 1 },
      { label: '1970-01-01 01:00', value: 0 },
      { label: '1970-01-01 02:00', value: 5 },
    ],
    unit: 'hour',
    leftOut: 0,
  });
  const days = timeBars(
    new Map([
      [0, 7],
      [1, 1],
      [24 * 100, 2],
      [24 * 100 + 5, 3],
    ]),
  );
  assert.equal([days.unit, days.bars.length, days.leftOut], ['day', 60, 8]);
  assert.equal(days.bars.at(-1), { label: '1970-04-11', value: 5 });
});

test.run();
