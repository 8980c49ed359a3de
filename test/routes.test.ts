import * as assert from 'uvu/assert';
import { compilePattern } from '../src/pattern.ts';
import { Routes } from '../src/routes.ts';
import { tests } from './helpers.ts';

const test = tests('routes');

function matches(pattern: string, type: string): boolean {
  const compiled = compilePattern(pattern);
  return compiled.kind === 'all' || (compiled.kind === 'exact' ? compiled.source === type : compiled.matches(type));
}

for (const [pattern, yes, no] of [
  ['chat', ['chat'], ['chat.x', 'Chat', 'chats']],
  ['chat.*', ['chat.a', 'chat.a.b', 'chat.a/b', 'chat..'], ['chat', 'chat.', 'chatx.a', 'xchat.a']],
  ['*', ['a', 'a.b.c', 'a/b', '.x'], []],
  ['*.created', ['user.created', 'a.b.created'], ['created', 'user.created.x']],
  ['user.{login,logout}', ['user.login', 'user.logout'], ['user.log', 'user.loginx']],
  ['user.?', ['user.a'], ['user.ab', 'user.']],
  ['!secret.*', ['user.a'], ['secret.a']],
] as [string, string[], string[]][]) {
  test(`the pattern ${pattern}`, () => {
    for (const type of yes) assert.ok(matches(pattern, type), `${pattern} should match ${type}`);
    for (const type of no) assert.not.ok(matches(pattern, type), `${pattern} should not match ${type}`);
  });
}

interface Sub {
  readonly patterns: readonly string[];
  readonly priority: number;
  readonly name: string;
}

const names = (routes: Routes<Sub>, type: string): string[][] =>
  routes.resolve(type).tiers.map((tier) => tier.map((s) => s.name));

function add(routes: Routes<Sub>, name: string, patterns: string[], priority = 100): Sub {
  const subscription = { name, patterns, priority };
  routes.add(subscription, routes.check(patterns));
  return subscription;
}

test('tiers by priority, subscription order within, each subscription once', () => {
  const routes = new Routes<Sub>();
  add(routes, 'a', ['*', 'x.*', 'x.y']);
  add(routes, 'b', ['x.y'], 200);
  add(routes, 'c', ['x.*']);
  add(routes, 'd', ['x.y'], Number.NEGATIVE_INFINITY);
  assert.equal(names(routes, 'x.y'), [['b'], ['a', 'c'], ['d']]);
  assert.equal(names(routes, 'other'), [['a']]);
});

test('a resolved route never changes; later ones see what was added and removed', () => {
  const routes = new Routes<Sub>();
  const a = add(routes, 'a', ['x']);
  const before = routes.resolve('x');
  add(routes, 'b', ['x']);
  assert.is(before.tiers[0]?.length, 1);
  assert.equal(names(routes, 'x'), [['a', 'b']]);
  assert.ok(routes.remove(a));
  assert.not.ok(routes.remove(a));
  assert.equal(names(routes, 'x'), [['b']]);
  assert.is(routes.resolve('x'), routes.resolve('x'));
});

test("the bus's own events are not seen by *, but by system.* and other globs", () => {
  const routes = new Routes<Sub>();
  add(routes, 'all', ['*']);
  add(routes, 'system', ['system.*']);
  add(routes, 'glob', ['*.handler_error']);
  assert.equal(
    routes
      .resolveSystem('system.handler_error')
      .tiers.flat()
      .map((s) => s.name),
    ['system', 'glob'],
  );
  assert.equal(names(routes, 'system.handler_error'), [['all', 'system', 'glob']]);
});

test('a hundred thousand distinct types leave ten thousand routes at most', () => {
  const routes = new Routes<Sub>();
  add(routes, 'a', ['job.*']);
  const first = routes.resolve('job.0');
  for (let i = 1; i <= 9_999; i++) routes.resolve(`job.${i}`);
  assert.is(routes.resolve('job.0'), first);
  for (let i = 10_000; i < 100_000; i++) routes.resolve(`job.${i}`);
  assert.is.not(routes.resolve('job.0'), first);
  assert.ok(routes.cached <= 10_000, `${routes.cached} routes`);
});

test('removing the last subscription of a pattern forgets the pattern', () => {
  const routes = new Routes<Sub>();
  const added = Array.from({ length: 100 }, (_, i) => add(routes, String(i), [`t.${i}`, 'all.*']));
  assert.is(routes.patternCount, 101);
  for (const subscription of added) routes.remove(subscription);
  assert.is(routes.patternCount, 0);
  assert.is(routes.size, 0);
});

test.run();
