import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as assert from 'uvu/assert';
import { Input } from '../../src/cli/input.ts';
import type { Output } from '../../src/cli/output.ts';
import type { RunSummary } from '../../src/cli/run-summary.ts';
import { BusEvent } from '../../src/event.ts';
import { tests } from '../helpers.ts';
import { CONTROL, inFolder, jsonLines, run, start } from './cli.ts';

const test = tests('ganglion run');

interface Result {
  event_id: string;
  event_type: string;
  correlation_id: string | null;
  line?: number;
  handler: string;
  ok: boolean;
  value?: unknown;
  reason?: string;
  error?: { name: string; message: string };
  attempt: number;
  duration_ms: number;
  thread_id: number;
}

const MODULES = {
  'double.mjs': 'export default ({ payload }) => ({ n: payload.n * 2 });',
  'odd.mjs': `export default ({ payload }, { attempt }) => {
    if (payload.n % 2 === 1) throw new TypeError('odd \\u001b[31m' + payload.n);
    return attempt;
  };
  export const bytes = () => new Uint8Array([1, 2]);
  export const chain = ({ payload }, context) => void context.emit('chained', { n: payload.n });`,
  // Says on standard error that it has begun, and ends when its file is there.
  'waits.mjs': `import { existsSync, writeSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  export default async ({ payload }) => {
    if (payload.go === undefined) return 'at once';
    writeSync(2, 'begun\\n');
    while (!existsSync(payload.go)) await sleep(10);
    return 'done';
  };
  export const never = () => { writeSync(2, 'begun\\n'); for (;;); };`,
} as const;

const numbers = (n: number): string => Array.from({ length: n }, (_, i) => `{"n":${i}}\n`).join('');

test('any objects with --type, out of a file: a line per outcome, and a summary', () =>
  inFolder({ ...MODULES, 'in.ndjson': numbers(100) }, async (cwd) => {
    const args = [
      'run',
      '--on',
      'num.*=./double.mjs',
      '--on',
      'num.ber=double.mjs',
      '--type',
      'num.ber',
      '--threads',
      '2',
    ];
    const { code, stdout, stderr } = await run([...args, '--results', 'in.ndjson'], { cwd });
    assert.is(code, 0, stderr);
    const results = jsonLines<Result>(stdout);
    assert.is(results.length, 100, 'one module is one subscription, however many patterns lead to it');
    for (const { line, value, event_type, handler, ok, attempt, duration_ms, thread_id } of results) {
      assert.equal([value, event_type, handler, ok, attempt], [{ n: (line! - 1) * 2 }, 'num.ber', 'double', true, 1]);
      assert.ok(duration_ms >= 0 && thread_id > 0);
    }
    assert.is(new Set(results.map(({ event_id }) => event_id)).size, 100);
    assert.match(stderr, /^100 lines, 0 failed, in .*\nhandler +calls +failed/);
    assert.not.match(stderr, CONTROL, 'no progress line, no colour');
    const json = await run([...args, '--json', 'in.ndjson'], { cwd });
    const summary = JSON.parse(json.stdout) as RunSummary;
    assert.equal([json.code, json.stderr], [0, '']);
    const { complete, stopped, error, lines, emitted, failed, malformed, unhandled, dead_letters } = summary;
    assert.equal([complete, stopped, error, lines, emitted, failed], [true, null, null, 100, 100, 0]);
    assert.equal([malformed, unhandled, dead_letters, summary.handlers.double?.total_calls], [0, 0, null, 100]);
  }));

test("events' own lines out of a pipe keep what they have; failures, retries, exports, events that handlers emit", () =>
  inFolder(MODULES, async (cwd) => {
    const event = (type: string, n: number): string =>
      `${new BusEvent(type, { n }, { eventId: `id-${n}`, correlationId: `flow-${n}`, timestamp: 1_000 }).toJsonl()}\n`;
    const { code, stdout, stderr } = await run(
      [
        ...['run', '--on', 'a.*=./odd.mjs', '--on', 'a.b=./odd.mjs#bytes', '--on', 'a.b=./odd.mjs#chain'],
        ...['--on', 'chained=./double.mjs', '--attempts', '2', '--results'],
      ],
      { cwd, input: event('a.b', 1) + event('a.c', 2) + event('other', 3) },
    );
    assert.is(code, 1);
    const results = jsonLines<Result>(stdout);
    const of = (handler: string): Result[] => results.filter((result) => result.handler === handler);
    const [odd, even] = of('odd').sort((a, b) => a.line! - b.line!);
    assert.equal([odd!.event_id, odd!.correlation_id, odd!.ok, odd!.attempt], ['id-1', 'flow-1', false, 2]);
    assert.equal(
      [odd!.reason, odd!.error!.name, odd!.error!.message],
      ['handler_error', 'TypeError', 'odd \u001b[31m1'],
    );
    assert.equal([even!.event_id, even!.ok, even!.value], ['id-2', true, 1]);
    assert.equal(of('odd#bytes')[0]!.value, { base64: 'AQI=' });
    const [chained] = of('double');
    assert.equal([chained!.event_type, chained!.value, chained!.line], ['chained', { n: 2 }, undefined]);
    assert.is(chained!.correlation_id, 'flow-1');
    assert.is(results.length, 5);
    assert.match(stderr, /^3 lines, 1 failed/);
    assert.match(stderr, /1 event matched no --on pattern and had no handler/);
    assert.match(stderr, /1 × odd handler_error: TypeError: odd \\u001b\[31m1/);
    assert.not.match(stderr, CONTROL);
  }));

test('malformed lines are counted, told with their number, and kept in the reject file', () =>
  inFolder(MODULES, async (cwd) => {
    const long = `{"n":"${'x'.repeat(5_000_000)}"}`;
    const input = Buffer.concat([
      Buffer.from(
        `\ufeff{"n":1}\r\n\r\nnot json \u001b[2J\u009b\n${long}\n[1]\n{"n":2,}\n{"n":3,"__proto__":{"n":9}}\n`,
      ),
      Buffer.from([0x7b, 0xff, 0x7d, 10]),
    ]);
    const args = ['run', '--on', 'x=./double.mjs', '--type', 'x', '--results', '--rejects', 'bad.ndjson', '-'];
    const { code, stdout, stderr } = await run(args, { cwd, input });
    assert.is(code, 1);
    const values = jsonLines<Result>(stdout).map(({ line, value }) => [line, value]);
    assert.equal(
      values.sort((a, b) => Number(a[0]) - Number(b[0])),
      [
        [1, { n: 2 }],
        [4, { n: null }],
        [7, { n: 6 }],
      ],
    );
    assert.match(stderr, /^7 lines, 0 failed/);
    assert.match(stderr, /4 malformed lines, kept in bad\.ndjson/);
    assert.not.match(stderr, CONTROL);
    const kept = readFileSync(join(cwd, 'bad.ndjson'), 'utf8');
    assert.not.match(kept, CONTROL, 'it is looked at on a terminal');
    const rejects = jsonLines<{ line: number; reason: string; text: string }>(kept);
    assert.equal(new Set(rejects.map(({ line }) => line)), new Set([3, 5, 6, 8]));
    assert.is(rejects.find(({ line }) => line === 3)!.text, 'not json \u001b[2J\u009b');
    for (const { line } of rejects) assert.match(stderr, new RegExp(`line ${line}: `));
    if (process.platform !== 'win32') assert.is(statSync(join(cwd, 'bad.ndjson')).mode & 0o777, 0o600);
  }));

test('--results hold nothing that a terminal obeys', () =>
  inFolder({ 'says.mjs': 'export default ({ payload }) => payload.text;' }, async (cwd) => {
    const text = '\u009b2J\u202e';
    const input = `${JSON.stringify({ text })}\n`;
    const { stdout } = await run(['run', '--on', 'x=./says.mjs', '--type', 'x', '--results', '-'], { cwd, input });
    assert.not.match(stdout, /[\u0080-\u009f\u202e]/);
    assert.is(jsonLines<Result>(stdout)[0]!.value, text);
  }));

if (process.platform === 'linux') {
  test('a reject file on a full disk: the summary is there all the same, and the fault', () =>
    inFolder(MODULES, async (cwd) => {
      const args = ['run', '--on', 'x=./double.mjs', '--type', 'x', '--rejects', '/dev/full', '-'];
      const { code, stderr } = await run(args, { cwd, input: '{"n":1}\nnot json\n' });
      assert.is(code, 1);
      assert.match(stderr, /^2 lines, 0 failed/);
      assert.match(stderr, /ganglion run: ENOSPC/);
    }));
}

test('an empty input; one of blank lines', () =>
  inFolder({ ...MODULES, empty: '' }, async (cwd) => {
    for (const args of [['empty'], ['-']]) {
      const { code, stdout, stderr } = await run(['run', '--on', '*=./double.mjs', ...args], { cwd, input: '\n\r\n' });
      assert.equal([code, stdout], [0, '']);
      assert.match(stderr, /^0 lines, 0 failed/);
    }
  }));

test('a module that is missing is wrong usage, before any file is made', () =>
  inFolder({ 'in.ndjson': numbers(1), 'dead.jsonl': '' }, async (cwd) => {
    for (const module of ['./no.mjs', 'no-package', '.', './in.ndjson/no.mjs']) {
      const on = ['--on', `x=${module}`];
      for (const args of [
        ['run', ...on, '--type', 'x', '--audit', 'log.jsonl', '--rejects', 'bad.jsonl', 'in.ndjson'],
        ['dlq', 'retry', ...on, '--file', 'dead.jsonl'],
      ]) {
        const { code, stdout, stderr } = await run(args, { cwd });
        assert.equal([code, stdout], [2, ''], stderr);
        assert.match(stderr, /there is no module .*\n.*--help/);
      }
    }
    for (const file of ['log.jsonl', 'bad.jsonl']) assert.not(existsSync(join(cwd, file)));
  }));

test('a module that throws or has no such export: told before anything is read', () =>
  inFolder({ ...MODULES, 'throws.mjs': 'throw new Error("at import")', 'in.ndjson': numbers(1) }, async (cwd) => {
    const cases = {
      './throws.mjs': /at import/,
      './double.mjs#no': /no function "no"/,
    };
    await Promise.all(
      Object.entries(cases).map(async ([module, message]) => {
        const { code, stdout, stderr } = await run(['run', '--on', `x=${module}`, '--type', 'x', 'in.ndjson'], { cwd });
        assert.equal([code, stdout], [1, '']);
        assert.match(stderr, message);
        assert.is(stderr.trimEnd().split('\n').length, 1, stderr);
      }),
    );
  }));

test('audit log, dead letters and redaction; what was logged runs again as it was, and the letters can be retried', () =>
  inFolder(MODULES, async (cwd) => {
    const input = '{"n":1,"password":"hunter2"}\n{"n":2}\n';
    const first = await run(
      ['run', '--on', 'x=./odd.mjs', '--type', 'x', '--audit', 'log.jsonl', '--dead-letters', 'dead.jsonl', '--redact'],
      { cwd, input },
    );
    assert.is(first.code, 1);
    assert.match(first.stderr, /1 dead letter in dead\.jsonl/);
    assert.match(first.stderr, /lines in the audit log log\.jsonl/);
    for (const file of ['log.jsonl', 'dead.jsonl']) {
      assert.not.match(readFileSync(join(cwd, file), 'utf8'), /hunter2/, file);
    }
    const logged = jsonLines<{ event_id: string; event_type: string }>(readFileSync(join(cwd, 'log.jsonl'), 'utf8'));
    const again = await run(['run', '--on', '*=./double.mjs', '--results', 'log.jsonl'], { cwd });
    assert.is(again.code, 0, again.stderr);
    assert.match(again.stderr, /lines? skipped: records of the bus/);
    assert.equal(
      new Set(jsonLines<Result>(again.stdout).map(({ event_id }) => event_id)),
      new Set(logged.filter(({ event_type }) => event_type === 'x').map(({ event_id }) => event_id)),
    );
  }));

test('--overflow: block loses nothing, drop loses and counts, raise gives up', () =>
  inFolder({ ...MODULES, 'in.ndjson': numbers(2_000) }, async (cwd) => {
    const args = ['run', '--on', 'x=./double.mjs', '--type', 'x', '--max-pending', '1', '--json', 'in.ndjson'];
    const [block, drop, raise] = await Promise.all(
      ['block', 'drop', 'raise'].map(async (policy) => {
        const { code, stdout } = await run([...args, '--overflow', policy], { cwd });
        return { code, ...(JSON.parse(stdout) as RunSummary) };
      }),
    );
    assert.equal([block!.code, block!.emitted, block!.dropped], [0, 2_000, 0]);
    assert.equal([drop!.code, drop!.lines], [0, 2_000]);
    assert.ok(drop!.dropped > 0 && drop!.dropped + drop!.emitted === 2_000, JSON.stringify(drop));
    assert.equal([raise!.code, raise!.complete], [1, false]);
    assert.match(raise!.error!, /pending/);
  }));

test('Ctrl-C stops the reading, lets what is under way finish, and reports', () =>
  inFolder(MODULES, async (cwd) => {
    const { child, shows, ended } = start(['run', '--on', 'x=./waits.mjs', '--type', 'x', '--results'], { cwd });
    child.stdin.write(`{}\n${JSON.stringify({ go: join(cwd, 'go') })}\n`);
    await Promise.all([shows('stdout', '"at once"'), shows('stderr', 'begun')]);
    child.kill('SIGINT');
    await shows('stderr', 'stopping: 1 event under way');
    writeFileSync(join(cwd, 'go'), '');
    const { code, signal, stdout, stderr } = await ended;
    assert.equal([code, signal], [1, null], 'the input had not come to its end');
    assert.match(stdout, /"value":"done"/);
    assert.match(stderr, /2 lines, 0 failed/);
    assert.match(stderr, /interrupted: the input was not read to its end/);
  }));

test('a second Ctrl-C ends at once, also out of a handler that never returns', () =>
  inFolder(MODULES, async (cwd) => {
    const args = ['run', '--on', 'x=./waits.mjs#never', '--type', 'x', '--timeout-ms', '0', '--audit', 'log.jsonl'];
    const { child, shows, ended } = start(args, { cwd });
    child.stdin.write('{"n":1}\n');
    await shows('stderr', 'begun');
    child.kill('SIGINT');
    await shows('stderr', 'stopping');
    child.kill('SIGINT');
    const { code, signal } = await ended;
    assert.equal([code, signal], [null, 'SIGINT']);
    assert.match(readFileSync(join(cwd, 'log.jsonl'), 'utf8'), /"event_type":"x"/, 'what was accepted is on the disk');
  }));

test('a reader that leaves ends it without a word of its own', () =>
  inFolder(MODULES, async (cwd) => {
    const { child, shows, ended } = start(['run', '--on', 'x=./double.mjs', '--type', 'x', '--results'], { cwd });
    child.stdin.write('{"n":1}\n');
    await shows('stdout', '\n');
    child.stdout.destroy();
    const more = setInterval(() => child.stdin.write('{"n":2}\n'), 20);
    const { code, stderr } = await ended;
    clearInterval(more);
    assert.is(code, 1, 'the input was left unread');
    assert.match(stderr, /nobody reads the output any more: the input was not read to its end/);
    assert.not.match(stderr, /EPIPE|Error/);
  }));

test('a slow reader of results holds up the reading of the input', async () => {
  let read = 0;
  const source = Readable.from(
    (function* chunks(): Generator<Buffer> {
      for (;;) yield Buffer.alloc(10, (read++).toString());
    })(),
    { highWaterMark: 1 },
  );
  const full = { room: () => new Promise<void>(() => {}) } as unknown as Output;
  const input = new Input('test', source, undefined);
  const chunks = input.chunks([undefined, full]);
  assert.is((await chunks.next()).done, false);
  void chunks.next();
  await new Promise((resolve) => setImmediate(resolve));
  const before = read;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal([read, input.bytes, input.ended], [before, 10, false]);
  input.close();
});

test('a TypeScript module runs where Node takes it, and is refused with a reason elsewhere', () =>
  inFolder(
    { 'typed.ts': 'export default ({ payload }: { payload: { n: number } }): number => payload.n;' },
    async (cwd) => {
      const { code, stdout, stderr } = await run(['run', '--on', 'x=./typed.ts', '--type', 'x', '--results'], {
        cwd,
        input: '{"n":5}\n',
      });
      if (process.features.typescript !== undefined && process.features.typescript !== false) {
        assert.equal([code, jsonLines<Result>(stdout)[0]!.value], [0, 5], stderr);
      } else {
        assert.equal([code, stdout], [1, '']);
        assert.match(stderr, /typed\.ts/);
      }
      assert.not(existsSync(join(cwd, 'log.jsonl')));
    },
  ));

test.run();
