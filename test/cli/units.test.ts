import * as assert from 'uvu/assert';
import { bar, barChart, slotLabel, timeBars } from '../../src/cli/chart.ts';
import { UsageError } from '../../src/cli/command.ts';
import { durationOption, momentOption, parseDuration } from '../../src/cli/durations.ts';
import { timeText } from '../../src/cli/event-text.ts';
import type { LogLine } from '../../src/cli/log-segments.ts';
import { LogTally } from '../../src/cli/log-tally.ts';
import { clip, printable, printableJson, Terminal, table, widthOf } from '../../src/cli/terminal.ts';
import { stepsOf, waterfall } from '../../src/cli/waterfall.ts';
import { BusEvent } from '../../src/event.ts';
import { tests } from '../helpers.ts';

const test = tests('parts of the command line');

test('durations', () => {
  const known = {
    '500ms': 500,
    '90s': 90_000,
    '10m': 600_000,
    '1h30m': 5_400_000,
    '1.5h': 5_400_000,
    '7d': 604_800_000,
  };
  for (const [text, ms] of Object.entries(known)) assert.is(parseDuration(text), ms, text);
  assert.is(parseDuration('2w'), 1_209_600_000);
  for (const text of ['', '10', 'm', '-1s', '1x', '1s ', '1h30', '1e3s', 's1'])
    assert.is(parseDuration(text), undefined, text);
  assert.throws(
    () => durationOption('older-than', 'x'),
    (error: unknown) => error instanceof UsageError,
  );
});

test('moments: so long ago, or a date', () => {
  assert.is(momentOption('since', '10m', 1_000_000), 400_000);
  assert.is(momentOption('since', '2026-01-31', 0), Date.UTC(2026, 0, 31));
  assert.is(momentOption('since', '2026-01-31T12:00Z', 0), Date.UTC(2026, 0, 31, 12));
  assert.is(momentOption('since', '2026-01-31T12:00:01.5+02:00', 0), Date.UTC(2026, 0, 31, 10, 0, 1, 500));
  for (const text of ['yesterday', '2026', '2026-13-01', '12:00', '', '-10m']) {
    assert.throws(
      () => momentOption('since', text, 0),
      (error: unknown) => error instanceof UsageError,
      text,
    );
  }
});

test('nothing printable can move a cursor or turn a line around; JSON keeps its value', () => {
  const nasty = 'a\u001b[2J\u0000\u007f\u009b31m\n\t\u202e\u2028\ud800b';
  assert.is(printable(nasty), 'a\\u001b[2J\\u0000\\u007f\\u009b31m\\n\\t\\u202e\\u2028\\ud800b');
  assert.is(printable('é€😀 ❤'), 'é€😀 ❤');
  const json = `{"a":\t"${'\u009b\u007f\u202e'}"}\r`;
  const shown = printableJson(json);
  assert.not.match(shown, /\p{Cc}/u);
  assert.equal(JSON.parse(shown), JSON.parse(json));
});

test('clip and table', () => {
  assert.is(clip('abc', 3), 'abc');
  assert.is(clip('abcd', 3), 'ab…');
  assert.is(clip('a😀b', 3), 'a\ufffd…', 'half a pair is none');
  assert.equal(
    table(
      [
        ['a', '1'],
        ['bcd', '20'],
      ],
      [1],
    ),
    ['a     1', 'bcd  20'],
  );
});

test('columns are as wide as they look', () => {
  for (const [text, width] of Object.entries({ 'a·━✗': 4, 註文: 4, 'ｶ。': 3, '😀': 2, 'e\u0301': 1, 𝒳: 1, '': 0 }))
    assert.is(widthOf(text), width, text);
  assert.equal(
    table([
      ['註文', '1'],
      ['abcde', '2'],
    ]),
    ['註文   1', 'abcde  2'],
  );
});

test('times that only hostile lines have', () => {
  assert.is(timeText(8.64e15), '+275760-09-13 00:00:00.000');
  assert.is(slotLabel(8.64e15 - 3_600_000, false), '+275760-09-12 23:00');
  assert.is(slotLabel(8.64e15 - 86_400_000, true), '+275760-09-12');
});

test('colours: on a terminal, and not with NO_COLOR or a dumb one', () => {
  const painted = (env: NodeJS.ProcessEnv, tty: boolean): string => new Terminal(env, tty, false).paint('red', 'x');
  assert.is(painted({}, true), '\u001b[31mx\u001b[0m');
  assert.is(painted({ NO_COLOR: '' }, true), '\u001b[31mx\u001b[0m');
  assert.is(painted({ NO_COLOR: '1' }, true), 'x');
  assert.is(painted({ TERM: 'dumb' }, true), 'x');
  assert.is(painted({}, false), 'x');
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

test('a waterfall: order, offsets, what tells of an event below it, failures marked', () => {
  const at = (type: string, ms: number, payload: Record<string, unknown> = {}, eventId = type): BusEvent =>
    new BusEvent(type, payload, { timestamp: 1_000_000 + ms, eventId, source: 's' });
  const failure = {
    original_event_id: 'b',
    handler_name: 'h\u001b',
    reason: 'handler_error',
    error: { name: 'E', message: 'm' },
  };
  const steps = stepsOf([at('c', 100), at('system.handler_error', 50, failure), at('b', 10), at('a', 0)]);
  assert.equal(
    steps.map(({ event, depth, offsetMs, durationMs, failed }) => [
      event.eventType,
      depth,
      offsetMs,
      durationMs,
      failed,
    ]),
    [
      ['a', 0, 0, undefined, false],
      ['b', 0, 10, 40, true],
      ['system.handler_error', 1, 50, undefined, true],
      ['c', 0, 100, undefined, false],
    ],
  );
  assert.equal(
    waterfall(steps, 11, (_style, text) => text),
    [
      '1970-01-01 00:16:40.000 UTC',
      '   +0 µs           ●··········  • a                       from s',
      '+10.0 ms  40.0 ms  ·✗━━━━·····  ✗ b                       from s',
      '+50.0 ms           ·····✗·····    ✗ system.handler_error  h\\u001b handler_error E: m from s',
      ' +100 ms           ··········●  • c                       from s',
    ],
  );
  assert.equal(stepsOf([]), []);
  assert.equal(
    waterfall([], 10, (_style, text) => text),
    [],
  );
  assert.equal(
    stepsOf([at('c', 0), at('b', 0), at('a', 0)]).map(({ event }) => event.eventType),
    ['a', 'b', 'c'],
    'of one millisecond, newest first as logs are read: by their ids',
  );
  const types = (...events: BusEvent[]): unknown[] =>
    stepsOf(events).map(({ event, depth, durationMs }) => [event.eventType, depth, durationMs]);
  const [a, b, c] = [at('a', 0), at('b', 1, { original_event_id: 'a' }), at('c', 2, { original_event_id: 'b' })];
  assert.equal(
    types(a, b, c),
    [
      ['a', 0, 1],
      ['b', 1, undefined],
      ['c', 0, undefined],
    ],
    'what tells of a teller',
  );
  assert.equal(types(at('a', 0, { original_event_id: 'b' }), b).length, 2, 'that tell of each other');
  assert.equal(types(a, at('a', 0), b).length, 3, 'of an event that is there twice');
  const early = [at('a', 5), at('b', 1, { original_event_id: 'a' })];
  assert.equal(
    types(...early),
    [
      ['a', 0, undefined],
      ['b', 1, undefined],
    ],
    'told of before its time',
  );
  assert.is(waterfall(stepsOf(early), 10, (_style, text) => text).length, 3);
  const flow = Array.from({ length: 150_000 }, (_, i) => at('a', i, {}, `id-${i}`));
  assert.is(waterfall(stepsOf(flow), 10, (_style, text) => text).length, 150_001, 'a flow without end');
  const self = stepsOf([at('x', 0, { original_event_id: 'x' })]);
  assert.is(self.length, 1, 'one that tells of itself is there');
});

test.run();
