import * as assert from 'uvu/assert';
import { roleOf } from '../../bench/roles.ts';
import { scenarios } from '../../bench/scenarios/index.ts';
import { tests } from '../helpers.ts';

const test = tests('bench roles');
const compared = scenarios.flatMap(({ rows, sides }) => rows.map((row) => ({ ...row, sides: Object.keys(sides) })));

test('what a row compares with is a side of its scenario and has a role; every ratio compares, and nothing else does', () => {
  for (const { name, unit, versus, side, sides } of compared) {
    assert.is(unit === '×', versus !== undefined, name);
    if (side !== undefined) assert.ok(sides.includes(side), name);
    if (versus === undefined) continue;
    assert.ok(sides.includes(versus), name);
    assert.type(roleOf(versus), 'string', name);
  }
});

test('a side without a role is an error that names it', () => {
  assert.throws(() => roleOf('of nobody'), /what is of nobody to ganglion\? bench\/roles\.ts/);
});

test.run();
