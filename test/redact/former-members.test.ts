import * as assert from 'uvu/assert';
import { Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('redaction: lines like those before');

// Names that mean one thing at the top of a line and another in a payload, listed ones, renamed ones, one with an escape.
const name = fc.constantFrom(
  'event_type',
  'event_id',
  'source',
  'a',
  'ab',
  'password',
  'api_key',
  'x@example.com',
  'q"',
);
const leaf = fc.constantFrom('plain', 'ann@example.com', 'hunter2', 7, 4111111111111111, null);
const inner = fc.array(fc.tuple(name, leaf), { maxLength: 4 });
const line = fc
  .tuple(fc.array(fc.tuple(name, leaf), { maxLength: 3 }), inner, fc.array(fc.tuple(name, leaf), { maxLength: 2 }))
  .map(([before, payload, behind]) => {
    const members = (all: readonly (readonly [string, unknown])[]): string[] =>
      all.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    return `{${[...members(before), `"payload":{${members(payload).join(',')}}`, ...members(behind)].join(',')}}`;
  });

test('a line is redacted as if it were the first, whatever lines came before it', () => {
  const alone = new Map<string, string>();
  fc.assert(
    fc.property(fc.array(line, { minLength: 2, maxLength: 12 }), (lines) => {
      const redactor = new Redactor();
      for (const one of lines) {
        if (!alone.has(one)) alone.set(one, new Redactor().redactLine(one));
        assert.is(redactor.redactLine(one), alone.get(one));
      }
    }),
    { numRuns: 150 },
  );
});

test.run();
