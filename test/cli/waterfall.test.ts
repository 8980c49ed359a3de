import * as assert from 'uvu/assert';
import { stepsOf, waterfall } from '../../src/cli/waterfall.ts';
import { BusEvent } from '../../src/event.ts';
import { tests } from '../helpers.ts';

const test = tests('waterfall of a flow');

/** An event so many milliseconds after the first. */
const at = (type: string, ms: number, payload: Record<string, unknown> = {}, eventId = type): BusEvent =>
  new BusEvent(type, payload, { timestamp: 1_000_000 + ms, eventId, source: 's' });

const types = (...events: BusEvent[]): unknown[] =>
  stepsOf(events).map(({ event, depth, durationMs }) => [event.eventType, depth, durationMs]);

test('a waterfall: order, offsets, what tells of an event below it, failures marked', () => {
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
});

test('a waterfall of events that tell of each other, of themselves, of what is there twice or comes later', () => {
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
  const self = stepsOf([at('x', 0, { original_event_id: 'x' })]);
  assert.is(self.length, 1, 'one that tells of itself is there');
});

test('a waterfall of a flow without end', () => {
  const flow = Array.from({ length: 150_000 }, (_, i) => at('a', i, {}, `id-${i}`));
  assert.is(waterfall(stepsOf(flow), 10, (_style, text) => text).length, 150_001);
});

test.run();
