import { appendFileSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { segmentPath } from '../../src/audit-format.ts';
import { BusEvent, EventBus, type EventRecordJson } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { CONTROL, inFolder, jsonLines, run, start } from './cli.ts';
import { lines, NASTY, numbersOf, range, START_MS } from './log-lines.ts';

const test = tests('ganglion tail, trace, verify, stats');

/** Keys that other writers, or this one for bodies, put behind the six. */
const MORE = ',"body_bytes":20,"big":12345678901234567890}\n';

test('tail: the last ten, or so many, oldest first, over rotated files; nothing a terminal would obey', () =>
  inFolder(
    { 'events.1.jsonl': lines(0, 20), 'events.jsonl': `${lines(20, 25).replace(/}\n$/, MORE)}damaged ${NASTY}\n` },
    async (cwd) => {
      const [ten, json, none] = await Promise.all([
        run(['tail'], { cwd }),
        run(['tail', '-n', '7', '--json', '--file', 'events.jsonl'], { cwd }),
        run(['tail', '-n', '0'], { cwd }),
      ]);
      assert.is(ten.code, 0);
      assert.is(ten.stdout.trimEnd().split('\n').length, 10);
      assert.match(ten.stdout, /^2026-01-31 12:00:15\.000 {2}a\.b {2}\{"n":15,/);
      assert.match(ten.stderr, /1 damaged line left out/);
      for (const { stdout, stderr } of [ten, json]) assert.not.match(stdout + stderr, CONTROL);
      assert.equal(numbersOf(json.stdout), range(18, 25));
      assert.match(json.stdout, /"body_bytes":20,"big":12345678901234567890\}$/m, 'the line as it is');
      assert.is(jsonLines<EventRecordJson>(json.stdout)[0]!.payload.text, NASTY);
      assert.equal([none.code, none.stdout], [0, '']);
    },
  ));

test('tail: pattern, flow and since', () =>
  inFolder(
    {
      'log.1.jsonl': lines(0, 5) + lines(5, 8, { type: 'system.x', source: 'event_bus' }),
      'log.jsonl': lines(8, 12, { type: 'a.c', flow: 'f' }) + lines(12, 15, { type: 'b' }),
    },
    async (cwd) => {
      const shown = async (...args: string[]): Promise<unknown[]> => {
        const { code, stdout, stderr } = await run(['tail', '--file', 'log.jsonl', '--json', ...args], { cwd });
        assert.is(code, 0, stderr);
        return numbersOf(stdout);
      };
      assert.equal(
        await Promise.all([
          shown('a.*'),
          shown('*', '-n', '100'),
          shown('system.x'),
          shown('--correlation', 'f', '-n', '2'),
          shown('--since', '2026-01-31T12:00:03Z'),
          shown('--since', '2026-01-31T12:00:03Z', '-n', '2', 'a.*'),
          shown('--since', '1s'),
        ]),
        [
          [0, 1, 2, 3, 4, 8, 9, 10, 11],
          [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14],
          [5, 6, 7],
          [10, 11],
          range(3, 15),
          [10, 11],
          [],
        ],
      );
    },
  ));

test('a last line without a line feed is read by all; what is no event is damage to all', () =>
  inFolder(
    {
      'whole.1.jsonl': lines(0, 2, { flow: 'f' }).trimEnd(),
      'whole.jsonl': lines(2, 4, { flow: 'f' }).trimEnd(),
      'torn.jsonl': lines(0, 4, { flow: 'f' }).slice(0, -3),
      'bytes.jsonl': Buffer.concat([
        Buffer.from(lines(0, 4, { flow: 'f' })),
        Buffer.from(lines(4, 5, { flow: 'f' }).replace('"n":4', '"n":"\u00ff"'), 'latin1'),
      ]),
    },
    async (cwd) => {
      for (const [file, events, damaged] of [
        ['whole.jsonl', 4, 0],
        ['torn.jsonl', 3, 1],
        ['bytes.jsonl', 4, 1],
      ] as const) {
        const [tail, since, trace, stats] = await Promise.all([
          run(['tail', '--json', '--file', file], { cwd }),
          run(['tail', '--json', '--file', file, '--since', '2000-01-01'], { cwd }),
          run(['trace', 'f', '--json', '--file', file], { cwd }),
          run(['stats', '--json', file], { cwd }),
        ]);
        for (const { stdout, stderr } of [tail, since, trace]) {
          assert.equal(numbersOf(stdout), range(0, events), file);
          assert.is(stderr, damaged === 0 ? '' : `${damaged} damaged line left out\n`, file);
        }
        const told = JSON.parse(stats.stdout) as Record<string, unknown>;
        assert.equal([told.events, told.damaged], [events, damaged], file);
      }
    },
  ));

test('tail --follow: a last line without a line feed waits for it; an event that comes again is shown again', () =>
  inFolder({ 'log.jsonl': lines(0, 3).trimEnd() }, async (cwd) => {
    const path = join(cwd, 'log.jsonl');
    const { child, shows, ended } = start(['tail', '-f', '--json', '--file', path]);
    await shows('stdout', '"id-1"');
    appendFileSync(path, `\n${lines(1, 2)}${lines(3, 4)}`);
    await shows('stdout', '"id-3"');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    assert.equal([code, stderr], [0, '']);
    assert.equal(numbersOf(stdout), [0, 1, 2, 1, 3]);
  }));

test('tail --follow: what comes, over rotation and a cut, until Ctrl-C', () =>
  inFolder({ 'log.jsonl': lines(0, 3) }, async (cwd) => {
    const path = join(cwd, 'log.jsonl');
    const { child, shows, ended } = start(['tail', '--follow', '-n', '1', '--json', '--file', path]);
    await shows('stdout', '"id-2"');
    appendFileSync(path, lines(3, 4));
    await shows('stdout', '"id-3"');
    // Half a line is none yet.
    const [half, rest] = [lines(4, 5).slice(0, 20), lines(4, 5).slice(20)];
    appendFileSync(path, half);
    appendFileSync(path, rest);
    await shows('stdout', '"id-4"');
    // Two rotations in one go, and lines before, between and behind them.
    appendFileSync(path, lines(5, 6));
    renameSync(path, segmentPath(path, 1));
    writeFileSync(path, lines(6, 7));
    renameSync(segmentPath(path, 1), segmentPath(path, 2));
    renameSync(path, segmentPath(path, 1));
    writeFileSync(path, lines(7, 8));
    await shows('stdout', '"id-7"');
    truncateSync(path, 0);
    await shows('stderr', 'cut');
    appendFileSync(path, lines(8, 9));
    await shows('stdout', '"id-8"');
    child.kill('SIGINT');
    const { code, signal, stdout, stderr } = await ended;
    assert.equal([code, signal, stderr], [0, null, 'the log was cut: from its beginning\n']);
    assert.equal(numbersOf(stdout), range(2, 9));
  }));

test('tail --follow waits for a log that is not there yet; its reader may leave', () =>
  inFolder({}, async (cwd) => {
    const path = join(cwd, 'log.jsonl');
    const { child, shows, ended } = start(['tail', '-f', '--file', path]);
    const more = setInterval(() => appendFileSync(path, lines(0, 1)), 20);
    await shows('stdout', 'a.b');
    child.stdout.destroy();
    const { code, signal, stderr } = await ended;
    clearInterval(more);
    assert.equal([code, signal, stderr], [0, null, '']);
  }));

test('what nests too deeply to be written is shown for what it is, and the rest as ever', () =>
  inFolder({}, async (cwd) => {
    const path = join(cwd, 'events.jsonl');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    writeFileSync(path, lines(0, 1) + lines(1, 2, { flow: 'f' }).replace('"n":1', `"n":${deep}`) + lines(2, 3));
    const shown = await run(['tail'], { cwd });
    assert.equal([shown.code, shown.stderr], [0, '']);
    // Newer versions of Node write it all the same.
    assert.match(shown.stdout, /a\.b {2}(\(nested too deeply to be shown\)|\{"n":\[+…) {2}in f\n.*"n":2/);
    for (const args of [
      ['trace', 'f'],
      ['stats', path],
      ['tail', '--json'],
    ]) {
      assert.is((await run(args, { cwd })).code, 0, args.join(' '));
    }
  }));

test('trace: a flow as a waterfall, failures marked; as JSON; an unknown one', () =>
  inFolder({}, async (cwd) => {
    const path = join(cwd, 'events.jsonl');
    const bus = new EventBus({ eventLogPath: path, maxLogSizeBytes: 1_000, maxLogFiles: 100 });
    bus.subscribe(
      () => {
        throw new Error(`no ${NASTY}`);
      },
      'order.paid',
      { name: 'books' },
    );
    for (const type of ['order.placed', 'order.paid', 'order.sent']) {
      bus.emit(type, {}, { correlationId: 'flow-1' });
      for (let n = 0; n < 5; n++) bus.emit('other', { n }, { correlationId: 'flow-2' });
      await bus.waitForPending();
    }
    await bus.shutdown();
    const [text, json, none] = await Promise.all([
      run(['trace', 'flow-1'], { cwd }),
      run(['trace', 'flow-1', '--json', '--file', path]),
      run(['trace', `no ${NASTY}`], { cwd }),
    ]);
    assert.is(text.code, 0, text.stderr);
    assert.not.match(text.stdout, CONTROL);
    const rows = text.stdout.trimEnd().split('\n');
    assert.is(rows.length, 6, text.stdout);
    assert.match(rows[1]!, /^ *\+0 µs .*• order\.placed/);
    assert.match(rows[2]!, /✗ order\.paid/);
    assert.match(rows[3]!, / {4}✗ system\.handler_error +books handler_error Error: no \\u001b\[2J/);
    assert.match(rows[4]!, /• order\.sent/);
    assert.match(rows[5]!, /^4 events in .*, 1 failed$/);
    assert.equal(
      jsonLines<EventRecordJson>(json.stdout).map(({ event_type }) => event_type),
      ['order.placed', 'order.paid', 'system.handler_error', 'order.sent'],
    );
    assert.equal([none.code, none.stdout], [1, '']);
    assert.not.match(none.stderr, CONTROL);
  }));

test('verify: a sealed log, a changed one, one without seals, and a head that was kept elsewhere', () =>
  inFolder({ 'plain.jsonl': lines(0, 3), 'empty.jsonl': '' }, async (cwd) => {
    const path = join(cwd, 'log.jsonl');
    const bus = new EventBus({ eventLogPath: path, auditSeal: 5, maxLogSizeBytes: 2_000 });
    for (let n = 0; n < 50; n++) bus.emit('a.b', { n });
    await bus.shutdown();
    const good = await run(['verify', 'log.jsonl', '--json'], { cwd });
    assert.is(good.code, 0, good.stdout);
    const { ok, head, segments } = JSON.parse(good.stdout) as { ok: boolean; head: string; segments: number };
    assert.ok(ok && segments > 1);
    const [text, expected, cut, plain] = await Promise.all([
      run(['verify', 'log.jsonl'], { cwd }),
      run(['verify', 'log.jsonl', '--expect-head', head.toUpperCase()], { cwd }),
      run(['verify', 'log.jsonl', '--expect-head', 'a'.repeat(64)], { cwd }),
      run(['verify', 'plain.jsonl'], { cwd }),
    ]);
    assert.is(text.code, 0);
    assert.match(text.stdout, /^as it was written: .*seals/);
    assert.match(text.stdout, /cut off the end can only be seen against a copy of the head/);
    assert.is(expected.code, 0);
    assert.not.match(expected.stdout, /only be seen/);
    assert.is(cut.code, 1);
    assert.match(cut.stdout, /cut off or written anew/);
    assert.is(plain.code, 1);
    assert.match(plain.stdout, /no seal/);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"n":4(\d)/, '"n":9$1'));
    const emptied = await run(['verify', 'empty.jsonl'], { cwd });
    assert.equal([emptied.code, emptied.stdout.split('\n')[0]], [0, 'the log is empty: nothing is proved']);
    const changed = await run(['verify', 'log.jsonl'], { cwd });
    assert.is(changed.code, 1);
    assert.match(changed.stdout, /^NOT as it was written: .*\nat .*log\.jsonl, line \d+;/);
  }));

test('stats: types, hours, failures, damaged lines; empty and not UTF-8', () =>
  inFolder(
    {
      'log.1.jsonl': `\ufeff${lines(0, 3)}`,
      'log.jsonl': Buffer.concat([
        Buffer.from(`${lines(3, 5, { type: `t${NASTY}`, at: START_MS + 7_200_000 })}\r\n{"event_type":\n`),
        Buffer.from([0xff, 10]),
        Buffer.from(
          `${new BusEvent('system.handler_error', { reason: 'handler_timeout' }, { timestamp: START_MS }).toJsonl()}\n{"torn`,
        ),
      ]),
      'empty.jsonl': '',
    },
    async (cwd) => {
      const [text, json, empty] = await Promise.all([
        run(['stats', 'log.jsonl'], { cwd }),
        run(['stats', 'log.jsonl', '--json'], { cwd }),
        run(['stats', 'empty.jsonl'], { cwd }),
      ]);
      assert.is(text.code, 0, text.stderr);
      assert.not.match(text.stdout, CONTROL);
      assert.match(text.stdout, /^6 events/);
      assert.match(text.stdout, /3 damaged lines, the first in line 7/);
      assert.match(text.stdout, /failures of handlers: handler_timeout 1/);
      assert.match(text.stdout, /^a\.b +3 +50\.0 %$/m);
      assert.match(text.stdout, /^2026-01-31 12:00 {2}█+ 4\n2026-01-31 13:00 {2}0\n2026-01-31 14:00 {2}█+ 2$/m);
      const stats = JSON.parse(json.stdout) as Record<string, unknown>;
      assert.equal([stats.events, stats.damaged], [6, 3]);
      const sizes = ['log.1.jsonl', 'log.jsonl'].map((name) => statSync(join(cwd, name)).size);
      assert.is(stats.bytes, sizes[0]! + sizes[1]!);
      assert.equal(stats.by_type, { 'a.b': 3, [`t${NASTY}`]: 2, 'system.handler_error': 1 });
      assert.equal(stats.by_hour, { '2026-01-31 12:00': 4, '2026-01-31 14:00': 2 });
      assert.equal([empty.code, empty.stdout], [0, '0 events, 0 B\n']);
    },
  ));

test.run();
