import * as assert from 'uvu/assert';
import { UsageError } from '../../src/cli/command.ts';
import { durationOption, momentOption, parseDuration } from '../../src/cli/durations.ts';
import { tests } from '../helpers.ts';

const test = tests('durations on the command line');

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

test.run();
