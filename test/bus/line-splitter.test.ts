import { isUtf8 } from 'node:buffer';
import * as assert from 'uvu/assert';
import { type BadLine, LineSplitter } from '../../src/bus/line-splitter.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('line splitter');

const TOO_LONG = Symbol('too long');
const NOT_UTF8 = Symbol('not UTF-8');
type Line = string | typeof TOO_LONG | typeof NOT_UTF8;

/** What a splitter makes of these bytes in chunks of these sizes, over and over. */
function split(bytes: Buffer, sizes: readonly number[], maxLineBytes = 1 << 20): Line[] {
  const splitter = new LineSplitter(maxLineBytes);
  const lines: Line[] = [];
  const take = (made: Iterable<string | BadLine>): void => {
    for (const line of made) {
      lines.push(typeof line === 'string' ? line : line.text === '' ? TOO_LONG : NOT_UTF8);
      assert.is(splitter.line, lines.length);
    }
  };
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length]!;
    // A source may write into its chunk again once it has handed it over.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    take(splitter.push(chunk));
    chunk.fill(0x78);
    at += size;
  }
  take(splitter.end());
  return lines;
}

/** The same by the book: lines of bytes, each decoded by itself. */
function expected(bytes: Buffer, maxLineBytes: number): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at <= bytes.length; ) {
    const end = bytes.indexOf(10, at);
    const line = bytes.subarray(at, end === -1 ? bytes.length : end);
    lines.push(line.length > maxLineBytes ? TOO_LONG : isUtf8(line) ? line.toString('utf8') : NOT_UTF8);
    at += line.length + 1;
  }
  const [first] = lines;
  if (typeof first === 'string' && first.startsWith('\ufeff')) lines[0] = first.slice(1);
  return lines;
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(4_096)), { minLength: 1, maxLength: 8 });
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\r\n', '\n\n', '\ufeff', 'é', '€', '😀', '\u2028', '\0'),
    ),
  )
  .map((parts) => Buffer.from(parts.join('')));
/** Also what is no UTF-8, since files hold anything. */
const bytes = fc.oneof(
  text,
  fc.uint8Array({ max: 255, maxLength: 60 }).map((raw) => Buffer.from(raw)),
);

test("is split('\\n'), however the bytes are cut", () => {
  fc.assert(
    fc.property(text, sizes, (whole, cut) => {
      const lines = whole
        .toString('utf8')
        .replace(/^\ufeff/, '')
        .split('\n');
      assert.equal(split(whole, cut), lines);
    }),
    { numRuns: 500, includeErrorInReport: true },
  );
});

test('a line over the limit is left out, counted in bytes, however the bytes are cut and whatever they are', () => {
  fc.assert(
    fc.property(bytes, sizes, fc.integer({ min: 1, max: 12 }), (whole, cut, max) => {
      assert.equal(split(whole, cut, max), expected(whole, max));
    }),
    { numRuns: 1_000, includeErrorInReport: true },
  );
});

test('huge lines: one of many chunks, and many in one chunk', () => {
  const long = `${'é'.repeat(3 << 20)}!`;
  const whole = Buffer.from(`a\n${long}\nb\n${long}`);
  assert.equal(
    split(whole, [65_536], 8 << 20).map((line) => (typeof line === 'string' ? line.length : line)),
    [1, long.length, 1, long.length],
  );
  assert.equal(
    split(whole, [whole.length], 8 << 20).map((line) => (typeof line === 'string' ? line.length : line)),
    [1, long.length, 1, long.length],
  );
  assert.equal(split(whole, [65_536], 1 << 20), ['a', TOO_LONG, 'b', TOO_LONG]);
  assert.equal(split(whole, [whole.length], 1 << 20), ['a', TOO_LONG, 'b', TOO_LONG]);
  const many = Buffer.from('{"n":1}\n'.repeat(100_000));
  assert.is(split(many, [many.length]).length, 100_001);
});

test.run();
