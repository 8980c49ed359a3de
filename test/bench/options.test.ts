import * as assert from 'uvu/assert';
import { readOptions, UsageError } from '../../bench/options.ts';
import type { Scenario } from '../../bench/scenario.ts';
import { tests } from '../helpers.ts';

const scenario = (name: string, takes?: Scenario['takes']): Scenario => ({
  name,
  title: `what ${name} is`,
  sides: {},
  rows: [],
  runMs: 1,
  quickMs: 1,
  warmUpMs: 1,
  ...(takes === undefined ? {} : { takes }),
});
const all = [scenario('one'), scenario('two', ['size']), scenario('three', ['size', 'rate'])];

function fault(...args: string[]): string {
  try {
    readOptions(args, all);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`nothing wrong with ${args.join(' ')}`);
}

const test = tests('bench options');

test('without any: all scenarios, five repetitions, a seed of its own', () => {
  const options = readOptions([], all);
  assert.equal(options.scenarios, all);
  assert.is(options.repetitions, 5);
  assert.is(options.threads, 2);
  assert.is(options.quick, false);
  assert.is(options.seconds, undefined);
  assert.ok(Number.isInteger(options.seed));
});

test('all of them', () => {
  const args = '--scenario two --threads 3 --seconds 1.5 --rate 20000 --size 1024 --json a --html b --seed 7';
  const options = readOptions([...args.split(' '), '--repetitions', '9', '--scenario', 'three,one'], all);
  assert.equal(
    options.scenarios.map(({ name }) => name),
    ['one', 'two', 'three'],
  );
  const { threads, seconds, rate, size, json, html, seed, repetitions } = options;
  assert.equal(
    { threads, seconds, rate, size, json, html, seed, repetitions },
    { threads: 3, seconds: 1.5, rate: 20_000, size: 1024, json: 'a', html: 'b', seed: 7, repetitions: 9 },
  );
  assert.is(readOptions(['--compare', 'old.json'], all).compare, 'old.json');
});

test('a quick run repeats nothing unless it is told to', () => {
  assert.is(readOptions(['--quick'], all).repetitions, 1);
  assert.is(readOptions(['--quick', '--repetitions', '2'], all).repetitions, 2);
});

test('an unknown scenario gets the list', () => {
  const message = fault('--scenario', 'one,four');
  assert.match(message, 'no scenario "four"; there are:');
  for (const { name, title } of all) assert.match(message, new RegExp(`${name} +${title}`));
});

test('an unknown option gets the usage', () => {
  assert.match(fault('--scenarios', 'one'), "Unknown option '--scenarios'");
  assert.match(fault('--scenarios', 'one'), '--scenario name[,name]');
  assert.match(fault('one'), 'Unexpected argument');
});

test('numbers have to be numbers, and within bounds', () => {
  assert.is(fault('--threads', '1'), '--threads must be a whole number from 2 to 256, got "1"');
  assert.is(fault('--repetitions', '0'), '--repetitions must be a whole number from 1 to 1000, got "0"');
  assert.is(fault('--seed', '-1').includes('--seed'), true);
  assert.match(fault('--seconds', '0'), '--seconds must be a number above 0');
  assert.match(fault('--seconds', '1e3'), '--seconds must be a number above 0');
  assert.match(fault('--size', '15'), '--size must be a whole number from 16');
  assert.match(fault('--rate', 'fast'), '--rate must be a whole number from 1');
});

test('what no chosen scenario heeds is refused, with those that do', () => {
  assert.match(fault('--scenario', 'one,two', '--rate', '5'), /--rate says nothing .*:\n {2}three {2}what three is$/s);
  assert.is(readOptions(['--rate', '5'], all).rate, 5);
});

test('a comparison needs figures that mean something', () => {
  assert.match(fault('--quick', '--compare', 'old.json'), 'leave --quick out');
});

test.run();
