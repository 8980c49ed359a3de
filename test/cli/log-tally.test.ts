import * as assert from 'uvu/assert';
import type { LogLine } from '../../src/cli/log-segments.ts';
import { LogTally } from '../../src/cli/log-tally.ts';
import { tests } from '../helpers.ts';

const test = tests('tally of a log');

function tallyOf(lines: readonly LogLine[]): LogTally {
  const tally = new LogTally();
  for (const line of lines) tally.add(line);
  return tally;
}

test('a tally keeps its memory, and counts what it can not tell apart', () => {
  const lines = [
    '{"event_type":"a","timestamp":3600.5,"event_id":"x"}',
    '{"event_type":"a","timestamp":1,"event_id":"x"}',
  ];
  const tally = tallyOf([
    ...lines,
    '',
    'no',
    'null',
    '{}',
    { reason: 'too long', text: '' },
    '{"event_type":"__proto__","timestamp":1e300,"event_id":"x"}',
  ]);
  assert.equal([tally.events, tally.damaged, tally.firstDamaged], [3, 4, 4]);
  assert.equal(
    [...tally.byType],
    [
      ['a', 2],
      ['__proto__', 1],
    ],
  );
  assert.equal(
    [...tally.byHour],
    [
      [1, 1],
      [0, 1],
    ],
  );
  const many = tallyOf(Array.from({ length: 10_005 }, (_, i) => `{"event_type":"t${i}","timestamp":1,"event_id":"x"}`));
  assert.equal([many.byType.size, many.otherTypes, many.events], [10_000, 5, 10_005]);
});

test.run();
