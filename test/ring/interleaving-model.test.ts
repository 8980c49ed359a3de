import * as assert from 'uvu/assert';
import { tests } from '../helpers.ts';
import { explore } from './model/explore.ts';
import { PROTOCOL, type Rules } from './model/state.ts';

const test = tests('ring/interleaving-model');

test('no schedule of two events and one death breaks a promise', () => {
  const { states, violation } = explore(PROTOCOL, 2, 1);
  assert.is(violation, undefined);
  assert.ok(states > 100_000, `${states} states`);
});

test('no schedule of three events breaks a promise', () => {
  const { states, violation } = explore(PROTOCOL, 3, 0);
  assert.is(violation, undefined);
  assert.ok(states > 100_000, `${states} states`);
});

const mutants: [string, Partial<Rules>, number, number, RegExp][] = [
  ['no rewind after a death', { rewind: false }, 2, 1, /READY behind the hint/],
  ['the cursor alone says who has claimed', { claimInSlot: false, rewind: false }, 2, 1, /was lost/],
  ['no RUNNING mark', { runningMark: false }, 1, 1, /started twice under one attempt/],
  ['a single notify on one word', { ownWords: false, notifyAll: false }, 1, 1, /waits beside a thread that sleeps/],
  ['no wake-up for all after a death', { notifyAll: false }, 1, 1, /waits beside a thread that sleeps/],
  ['parking without a second look', { secondLook: false }, 1, 0, /was lost|waits beside/],
  ['stealing without a CAS', { stealByCas: false }, 1, 0, /started twice under one attempt/],
  ['the parked are counted after their word is written', { countFirst: false }, 1, 1, /waits beside/],
];
for (const [name, rules, events, kills, found] of mutants) {
  test(`finds what breaks when there is ${name}`, () => {
    assert.match(String(explore({ ...PROTOCOL, ...rules }, events, kills).violation), found);
  });
}

test('one word for all is safe when a death wakes everybody', () => {
  assert.is(explore({ ...PROTOCOL, ownWords: false }, 1, 1).violation, undefined);
});

test.run();
