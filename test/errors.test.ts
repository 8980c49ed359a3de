import * as assert from 'uvu/assert';
import * as ganglion from '../src/index.ts';
import { tests } from './helpers.ts';

const test = tests('errors');

type ErrorClass = (new (...args: never[]) => Error) & { is(x: unknown): boolean; code?: string };

const classes = (Object.entries(ganglion) as [string, unknown][]).filter(
  (entry): entry is [string, ErrorClass] => typeof entry[1] === 'function' && entry[1].prototype instanceof Error,
);

test('there are error classes, each with a code of its own and its own name', () => {
  assert.ok(classes.length > 15, `${classes.length} classes`);
  const codes = new Set<string>();
  for (const [name, Class] of classes) {
    assert.is(Class.name, name, 'the name under which it is imported');
    if (Class === (ganglion.GanglionError as unknown)) continue;
    assert.ok((ganglion.ERROR_CODES as readonly string[]).includes(Class.code!), `${name}: ${Class.code}`);
    codes.add(Class.code!);
  }
  assert.is(codes.size, classes.length - 1);
});

test('an error shows its name, and is told by what it is', () => {
  const error = new ganglion.ConfigError(['a', 'b']);
  assert.is(error.name, 'ConfigError');
  assert.match(error.stack ?? '', /^ConfigError: a; b\n/);
  assert.ok(ganglion.ConfigError.is(error) && ganglion.GanglionError.is(error));
  assert.not.ok(ganglion.BackpressureError.is(error));
  for (const other of [null, undefined, 'x', {}, new Error('x'), { code: error.code }]) {
    assert.not.ok(ganglion.GanglionError.is(other));
  }
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.not.ok(ganglion.ConfigError.is(proxy), 'what throws at any look');
  const unknown: unknown = error;
  // Told apart for the compiler too: `problems` is ConfigError's.
  assert.equal(ganglion.ConfigError.is(unknown) && unknown.problems, ['a', 'b']);
});

test.run();
