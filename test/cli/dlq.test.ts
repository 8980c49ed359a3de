import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { BusEvent, DeadLetterQueue, EventBus } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { CONTROL, inFolder, jsonLines, run, start } from './cli.ts';

const test = tests('ganglion dlq');

const NASTY = '\u001b[2J\u009b';

interface Letter {
  id: string;
  event: { event_type: string; event_id: string; payload: { n: number } };
  reason: string;
  handler_name: string;
  retry_count: number;
  attempts: { at: number; thread_id: number; error: { message: string } }[];
}

const MODULES = {
  // Fails for odd numbers, and for all while there is no file beside it.
  'book.mjs': `import { existsSync } from 'node:fs';
  export default ({ payload }) => {
    if (payload.n % 2 === 1 || !existsSync(new URL('./mended', import.meta.url))) throw new Error('no ' + payload.text);
  };`,
  // Tells when it begins and ends with each, and lets others in between.
  'tells.mjs': `import { appendFileSync } from 'node:fs';
  const tell = (what, { n }) => appendFileSync(new URL('./told', import.meta.url), what + n + ' ');
  export default async ({ payload }) => {
    tell('+', payload);
    await new Promise((resolve) => setTimeout(resolve, (7 - payload.n) * 2));
    tell('-', payload);
    if (payload.n === 2) throw new Error('no');
  };`,
  'waits.mjs': `import { writeSync } from 'node:fs';
  export default () => { writeSync(2, 'begun\\n'); return new Promise(() => { setInterval(() => {}, 1_000); }); };`,
};

/** Six letters of two types, out of a handler with this name. */
async function fill(folder: string, name = 'book'): Promise<void> {
  const queue = new DeadLetterQueue({ path: join(folder, 'dead.jsonl') });
  const bus = new EventBus({ deadLetterQueue: queue });
  const fails = ({ payload }: { payload: Record<string, unknown> }): never => {
    throw Object.assign(new Error(`no ${String(payload.text)}`, { cause: 'a cause' }), { code: 'E_NO' });
  };
  bus.subscribe(fails, '*', { name });
  for (let n = 0; n < 6; n++) {
    await bus.emitAndWait(n < 4 ? 'order.paid' : `user${NASTY}`, { n, text: NASTY }, { correlationId: 'flow' });
  }
  await bus.shutdown();
  queue.close();
}

const dlq = (cwd: string, ...args: string[]): ReturnType<typeof run> =>
  run(['dlq', args[0]!, '--file', 'dead.jsonl', ...args.slice(1)], { cwd });

async function letters(cwd: string, ...args: string[]): Promise<Letter[]> {
  return jsonLines<Letter>((await dlq(cwd, 'list', '--json', ...args)).stdout);
}

test('list and show, also while a queue has the file; nothing a terminal would obey', () =>
  inFolder({}, async (cwd) => {
    await fill(cwd);
    const queue = new DeadLetterQueue({ path: join(cwd, 'dead.jsonl') });
    try {
      const [text, all, paid, limited] = await Promise.all([
        dlq(cwd, 'list'),
        letters(cwd),
        letters(cwd, '--type', 'order.*', '--reason', 'handler_error'),
        dlq(cwd, 'list', '--limit', '2'),
      ]);
      assert.is(text.code, 0);
      assert.not.match(text.stdout, CONTROL);
      assert.match(text.stdout, /^id +first failed.*\n.* handler_error +book +user\\u001b/);
      assert.match(text.stdout, /6 dead letters\n$/);
      assert.equal(
        [all.map(({ event }) => event.payload.n), paid.map(({ event }) => event.payload.n)],
        [
          [5, 4, 3, 2, 1, 0],
          [3, 2, 1, 0],
        ],
      );
      assert.match(limited.stdout, /6 dead letters, 4 of them not shown/);
      const [shown, json, none] = await Promise.all([
        dlq(cwd, 'show', all[0]!.id),
        dlq(cwd, 'show', all[0]!.id, '--json'),
        dlq(cwd, 'show', 'nobody'),
      ]);
      assert.is(shown.code, 0);
      assert.not.match(shown.stdout, CONTROL);
      for (const part of [
        /^handler +book$/m,
        /"n": 5/,
        /attempt 1/,
        /code: E_NO/,
        /cause: "a cause"/,
        /^flow +flow$/m,
      ]) {
        assert.match(shown.stdout, part);
      }
      assert.equal(jsonLines(json.stdout), [all[0]]);
      assert.equal([none.code, none.stdout], [1, '']);
    } finally {
      queue.close();
    }
  }));

test('retry: in the handler of that name, what succeeds is removed, what fails again says so, then is exhausted', () =>
  inFolder(MODULES, async (cwd) => {
    await fill(cwd);
    const on = ['--on', '*=./book.mjs', '--threads', '1'];
    const all = await letters(cwd);
    const first = await dlq(cwd, 'retry', all[5]!.id, ...on, '--json');
    assert.is(first.code, 1);
    const { succeeded, failed } = JSON.parse(first.stdout) as { succeeded: string[]; failed: { error: string }[] };
    assert.equal([succeeded, failed.length], [[], 1]);
    assert.match(failed[0]!.error, /handler_error: Error: no/);
    writeFileSync(join(cwd, 'mended'), '');
    const second = await dlq(cwd, 'retry', ...on);
    assert.is(second.code, 1);
    assert.not.match(second.stdout, CONTROL);
    assert.match(second.stdout, /^3 dead letters retried with success, 3 left in the file\n3 failed\n/);
    const left = await letters(cwd);
    assert.equal(
      left.map(({ event, retry_count, attempts }) => [event.payload.n, retry_count, attempts.length]),
      [
        [5, 1, 2],
        [3, 1, 2],
        [1, 1, 2],
      ],
    );
    const exhausted = await dlq(cwd, 'retry', ...on, '--max-retries', '1');
    assert.is(exhausted.code, 1);
    assert.match(exhausted.stdout, /^0 dead letters .*\n3 left alone/);
  }));

test('retry --redact: what the retry adds to the file holds no personal data; nor does --json hold what a terminal obeys', () =>
  inFolder(
    { 'book.mjs': "export default () => { throw new Error('no mail to user@example.com\\u009b2J'); };" },
    async (cwd) => {
      await fill(cwd);
      const { code, stdout } = await dlq(cwd, 'retry', '--on', '*=./book.mjs', '--redact', '--json');
      assert.is(code, 1);
      assert.not.match(stdout, CONTROL);
      assert.match(
        (JSON.parse(stdout) as { failed: { error: string }[] }).failed[0]!.error,
        /user@example\.com\u009b2J/,
      );
      const file = readFileSync(join(cwd, 'dead.jsonl'), 'utf8');
      assert.match(file, /no mail to/);
      assert.not.match(file, /user@example/);
    },
  ));

test('retry of a letter whose handler is not among those given fails, and the letter stays', () =>
  inFolder(MODULES, async (cwd) => {
    await fill(cwd, 'other');
    const { code, stdout } = await dlq(cwd, 'retry', '--on', '*=./book.mjs');
    assert.is(code, 1);
    assert.match(stdout, /6 failed/);
    assert.match(stdout, /named other/);
    assert.is((await letters(cwd)).length, 6);
  }));

test('retry: letters of one ordering key one after the other in their order, also behind one that fails again', () =>
  inFolder(MODULES, async (cwd) => {
    const queue = new DeadLetterQueue({ path: join(cwd, 'dead.jsonl') });
    const bus = new EventBus({ deadLetterQueue: queue });
    const fails = (): never => {
      throw new Error('no');
    };
    bus.subscribe(fails, 'x', { name: 'tells' });
    for (let n = 0; n < 7; n++) await bus.emitAndWait('x', { n }, { orderingKey: n === 3 ? 'other' : 'key' });
    await bus.shutdown();
    queue.close();
    const { code, stdout } = await dlq(cwd, 'retry', '--on', 'x=./tells.mjs', '--threads', '2');
    assert.is(code, 1);
    assert.match(stdout, /^6 dead letters retried with success, 1 left in the file\n1 failed\n/);
    const told = readFileSync(join(cwd, 'told'), 'utf8').trim().split(' ');
    assert.equal(
      told.filter((each) => !each.endsWith('3')),
      [0, 1, 2, 4, 5, 6].flatMap((n) => [`+${n}`, `-${n}`]),
    );
    assert.ok(told.indexOf('+3') < told.indexOf('-6'), 'another key does not wait for it');
  }));

test('retry: Ctrl-C twice ends it, and the letters are still there', () =>
  inFolder(MODULES, async (cwd) => {
    await fill(cwd, 'waits');
    const { child, shows, ended } = start(
      ['dlq', 'retry', '--file', 'dead.jsonl', '--on', '*=./waits.mjs', '--timeout-ms', '0'],
      { cwd },
    );
    await shows('stderr', 'begun');
    child.kill('SIGINT');
    await shows('stderr', 'stopping');
    child.kill('SIGINT');
    assert.is((await ended).signal, 'SIGINT');
    assert.is((await letters(cwd)).length, 6);
  }));

test('purge: only with --yes, by id, reason, type and age', () =>
  inFolder({}, async (cwd) => {
    await fill(cwd);
    const all = await letters(cwd);
    const refused = await dlq(cwd, 'purge', '--all');
    assert.equal([refused.code, refused.stdout], [2, '']);
    assert.match(refused.stderr, /nothing was removed: --yes removes 6 of 6 dead letters/);
    const steps: readonly (readonly [args: string[], removed: number, left: number])[] = [
      [['--older-than', '1h'], 0, 6],
      [['--reason', 'handler_timeout'], 0, 6],
      [[all[0]!.id], 1, 5],
      [['--type', 'order.*', '--reason', 'handler_error', '--older-than', '0s'], 4, 1],
      [['--all'], 1, 0],
    ];
    for (const [args, removed, left] of steps) {
      const { code, stdout, stderr } = await dlq(cwd, 'purge', ...args, '--yes', '--json');
      assert.equal([code, JSON.parse(stdout)], [0, { removed, left }], stderr);
    }
    assert.equal(await letters(cwd), []);
    const unknown = await dlq(cwd, 'purge', all[0]!.id, '--yes');
    assert.is(unknown.code, 1);
    assert.match(unknown.stderr, /there is no dead letter/);
  }));

test('an audit log taken for dead letters is refused by each subcommand, and left as it is', () =>
  inFolder({ ...MODULES, 'dead.jsonl': `${new BusEvent('x', {}).toJsonl()}\n`.repeat(1_500) }, async (cwd) => {
    const before = readFileSync(join(cwd, 'dead.jsonl'), 'utf8');
    for (const args of [
      ['list'],
      ['show', 'nobody'],
      ['purge', '--all'],
      ['purge', '--all', '--yes'],
      ['retry', '--on', '*=./book.mjs'],
    ]) {
      const { code, stdout, stderr } = await dlq(cwd, ...args);
      assert.equal([code, stdout], [1, ''], args.join(' '));
      assert.match(stderr, /no line of it is a dead letter/);
      assert.is(readFileSync(join(cwd, 'dead.jsonl'), 'utf8'), before);
    }
  }));

test('a file that another process has is not changed, and the process is named', () =>
  inFolder(MODULES, async (cwd) => {
    await fill(cwd);
    const before = readFileSync(join(cwd, 'dead.jsonl'), 'utf8');
    const queue = new DeadLetterQueue({ path: join(cwd, 'dead.jsonl') });
    try {
      for (const args of [
        ['purge', '--all', '--yes'],
        ['retry', '--on', '*=./book.mjs'],
      ]) {
        const { code, stdout, stderr } = await dlq(cwd, ...args);
        assert.equal([code, stdout], [1, '']);
        assert.match(stderr, new RegExp(`in use by another process.*process ${process.pid}`));
      }
      const held = await run(['run', '--on', '*=./book.mjs', '--dead-letters', 'dead.jsonl'], { cwd });
      assert.is(held.code, 1);
      assert.match(held.stderr, /in use by another process/);
    } finally {
      queue.close();
    }
    assert.is(readFileSync(join(cwd, 'dead.jsonl'), 'utf8'), before);
    assert.not(existsSync(join(cwd, 'dead.jsonl.lock')));
  }));

test.run();
