import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import { encodePayload } from '../src/codec.ts';
import { SerializationError } from '../src/errors.ts';
import { snapshot } from '../src/snapshot.ts';
import { tests } from './helpers.ts';
import { fc } from './seed.ts';

const test = tests('snapshot');

/** Both ways' text, or how they failed. */
function outcome(make: () => string): string {
  try {
    return make();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

function textOf(taken: object | string): string {
  return typeof taken === 'string' ? taken : JSON.stringify(taken);
}

function isSerializationError(error: unknown): boolean {
  return SerializationError.is(error);
}

function checkFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  assert.ok(Object.isFrozen(value));
  for (const inner of Object.values(value)) checkFrozen(inner);
}

const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toJSON', 'constructor', '0', '10', '-1', 'length'));
const anything = fc.anything({
  key,
  maxDepth: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});
const plain = fc.anything({ maxDepth: 4, withNullPrototype: true, values: [fc.string(), fc.double(), fc.boolean()] });
/** By assignment: one of them can be a setter. */
const payload = fc.oneof(
  fc.dictionary(key, anything, { noNullPrototype: true }),
  fc.dictionary(fc.string(), plain, { noNullPrototype: true }),
);

test('is what JSON makes of a payload, frozen, or JSON itself', () => {
  let copied = 0;
  fc.assert(
    fc.property(payload, (value) => {
      const text = outcome(() => encodePayload(value));
      assert.is(
        outcome(() => textOf(snapshot(value))),
        text,
      );
      if (!text.startsWith('{')) return;
      const taken = snapshot(value);
      if (typeof taken === 'string') return;
      copied++;
      assert.ok(isDeepStrictEqual(taken, JSON.parse(text)));
      checkFrozen(taken);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(copied > 400, `${copied} were copied`);
});

test('a plain payload is copied, not written', () => {
  const value = { a: [1, { b: null }], c: 'x', d: -0, e: Number.NaN, f: undefined, g: true };
  const taken = snapshot(value);
  assert.equal(taken, { a: [1, { b: null }], c: 'x', d: 0, e: null, g: true });
  assert.ok(Object.is((taken as typeof value).d, 0));
  value.c = 'y';
  assert.is((taken as typeof value).c, 'x');
});

test('what only JSON knows goes through it: dates, class instances, toJSON, __proto__, an array with a hole, a function', () => {
  class Point {
    x = 1;
  }
  for (const inner of [
    new Date(0),
    new Point(),
    { toJSON: () => 1 },
    JSON.parse('{"__proto__":{"polluted":true}}') as object,
    new Array<number>(2),
    () => {},
    new Map(),
    new String('x'),
  ]) {
    const taken = snapshot({ inner });
    assert.type(taken, 'string');
    assert.is(taken, JSON.stringify({ inner }));
  }
});

test('cycles, bigints and getters that throw are SerializationErrors, at any depth', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  cycle.again = [cycle, cycle];
  const throwing = {
    get x(): never {
      throw new Error('no');
    },
  };
  for (const bad of [cycle, { deep: [{ big: 1n }] }, throwing])
    assert.throws(() => snapshot(bad), isSerializationError);
  let deep: object = {};
  for (let i = 0; i < 1_000; i++) deep = { deep };
  assert.is(snapshot(deep as Record<string, unknown>), JSON.stringify(deep));
});

test('keys that others have put on all objects are not the payload’s', () => {
  const everywhere = Object.prototype as unknown as Record<string, unknown>;
  everywhere.polluted = 1;
  try {
    assert.is(snapshot({ a: 1 }), '{"a":1}');
  } finally {
    delete everywhere.polluted;
  }
});

test.run();
