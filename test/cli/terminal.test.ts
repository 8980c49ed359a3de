import * as assert from 'uvu/assert';
import { clip, printable, printableJson, Terminal, table, widthOf } from '../../src/cli/terminal.ts';
import { tests } from '../helpers.ts';

const test = tests('text on a terminal');

test('nothing printable can move a cursor or turn a line around; JSON keeps its value', () => {
  const nasty = 'a\u001b[2J\u0000\u007f\u009b31m\n\t\u202e\u2028\ud800b';
  assert.is(printable(nasty), 'a\\u001b[2J\\u0000\\u007f\\u009b31m\\n\\t\\u202e\\u2028\\ud800b');
  assert.is(printable('é€😀 ❤'), 'é€😀 ❤');
  const json = `{"a":\t"${'\u009b\u007f\u202e'}"}\r`;
  const shown = printableJson(json);
  assert.not.match(shown, /\p{Cc}/u);
  assert.equal(JSON.parse(shown), JSON.parse(json));
});

test('clip and table', () => {
  assert.is(clip('abc', 3), 'abc');
  assert.is(clip('abcd', 3), 'ab…');
  assert.is(clip('a😀b', 3), 'a\ufffd…', 'half a pair is none');
  assert.equal(
    table(
      [
        ['a', '1'],
        ['bcd', '20'],
      ],
      [1],
    ),
    ['a     1', 'bcd  20'],
  );
});

test('columns are as wide as they look', () => {
  for (const [text, width] of Object.entries({ 'a·━✗': 4, 註文: 4, 'ｶ。': 3, '😀': 2, 'e\u0301': 1, 𝒳: 1, '': 0 }))
    assert.is(widthOf(text), width, text);
  assert.equal(
    table([
      ['註文', '1'],
      ['abcde', '2'],
    ]),
    ['註文   1', 'abcde  2'],
  );
});

test('colours: on a terminal, and not with NO_COLOR or a dumb one', () => {
  const painted = (env: NodeJS.ProcessEnv, tty: boolean): string => new Terminal(env, tty, false).paint('red', 'x');
  assert.is(painted({}, true), '\u001b[31mx\u001b[0m');
  assert.is(painted({ NO_COLOR: '' }, true), '\u001b[31mx\u001b[0m');
  assert.is(painted({ NO_COLOR: '1' }, true), 'x');
  assert.is(painted({ TERM: 'dumb' }, true), 'x');
  assert.is(painted({}, false), 'x');
});

test.run();
