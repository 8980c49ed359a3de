import { appendFileSync, closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../bench/statistics.ts';
import { AuditLog, type AuditOptions } from '../../src/audit/log.ts';
import { verifyAuditLog } from '../../src/audit/verify.ts';
import { segmentPath } from '../../src/audit-format.ts';
import { repairTail } from '../../workers/audit-repair.ts';
import { tests } from '../helpers.ts';
import { SEED } from '../seed.ts';
import { Child, eventLine, faultyWriter, folder, indices, linesOf, upTo } from './helpers.ts';

const test = tests('audit log after kill -9');

const next = seededRandom(SEED);
const MANY = 64;
/** Many processes, each of which has to start. */
const LONG_MS = 120_000;

interface Found {
  readonly event_type: string;
  readonly payload: { torn_bytes: number; torn_text: string };
}

/** Every record of the log, oldest file first; fails on a line that is not JSON. */
function records(path: string): Found[] {
  return Array.from({ length: MANY + 1 }, (_, n) => segmentPath(path, MANY - n)).flatMap((file) => {
    try {
      return linesOf(file).map((line) => JSON.parse(line) as Found);
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return [];
      throw error;
    }
  });
}

/** What the killed process has left may end in one torn line; all others are whole, in order, and none is missing. */
function checkAsLeft(path: string): number {
  const text = readFileSync(path, 'utf8');
  const torn = text.length - (text.lastIndexOf('\n') + 1);
  for (const line of text.split('\n').slice(0, -1)) JSON.parse(line);
  return torn;
}

async function checkReopened(options: AuditOptions, torn: boolean): Promise<void> {
  const path = options.path as string;
  const log = new AuditLog(options);
  await log.ready();
  const kept = [...indices(path, MANY), ...indices(path)];
  const first = kept[0] ?? 0;
  assert.equal(
    kept,
    upTo(kept.length).map((n) => first + n),
    `seed ${SEED}`,
  );
  const after = first + kept.length;
  for (let i = after; i < after + 5; i++) log.append(eventLine(i));
  assert.ok(await log.close(10_000));
  const all = records(path);
  const recovered = all.filter(({ event_type }) => event_type === 'system.audit_recovered');
  assert.is(recovered.length > 0, torn, `seed ${SEED}: a torn line and its record go together`);
  assert.equal(
    [...indices(path, MANY), ...indices(path)].slice(-5),
    upTo(5).map((n) => after + n),
  );
  if (options.seal !== undefined) assert.is((await verifyAuditLog(path)).firstProblem, undefined, `seed ${SEED}`);
}

const loads: readonly (readonly [what: string, options: Partial<AuditOptions>, lineBytes: number, lines: number])[] = [
  ['small lines', {}, 0, 3_000],
  ['lines of 2 KB', {}, 2_000, 1_000],
  ['lines of 100 KB', {}, 100_000, 300],
  ['rotation every few KB', { maxLogSizeBytes: 20_000, maxLogFiles: MANY }, 100, 1_500],
  ['rotation and seals', { maxLogSizeBytes: 20_000, maxLogFiles: MANY, seal: 20 }, 100, 1_500],
  ['fsync of each batch', { fsync: 'batch' }, 1_000, 800],
];
for (const [what, more, lineBytes, lines] of loads) {
  test(
    `at random moments, ${what}`,
    async () => {
      for (let round = 0; round < 3; round++) {
        const path = join(folder(), 'events.jsonl');
        const options: AuditOptions = { path, ...more };
        const child = new Child({ options, lineBytes, end: 'stay' });
        const moment = 1 + Math.floor(next() * lines);
        await child.message(({ appended }) => appended !== undefined && appended >= moment);
        assert.is(await child.kill(), 'SIGKILL');
        await checkReopened(options, checkAsLeft(path) > 0);
      }
    },
    LONG_MS,
  );
}

const MOMENTS = ['before', 'after'] as const;
const steps = [
  ['renameSync', 4],
  ['openSync', 3],
  ['closeSync', 2],
  ['fsyncSync', 2],
  ['fstatSync', 3],
] as const;
for (const [call, last] of steps) {
  test(
    `in a rotation, at each ${call}`,
    async () => {
      const path = join(folder(), 'events.jsonl');
      const options: AuditOptions = { path, maxLogSizeBytes: 2_000, maxLogFiles: MANY };
      let from = 0;
      for (let at = 1; at <= last; at++) {
        for (const when of MOMENTS) {
          const writer = faultyWriter(`call=${call}&at=${at}&when=${when}&what=kill`).href;
          const child = new Child({ options, writer, from, lines: 60, end: 'close' });
          await child.ended;
          // Some of these are never reached, and the child ends by itself.
          const log = new AuditLog(options);
          await log.ready();
          const kept = [...indices(path, MANY), ...indices(path)];
          assert.equal(kept, upTo(kept.length), `${call} ${at} ${when}`);
          from = kept.length;
          assert.ok(await log.close(10_000));
        }
      }
    },
    LONG_MS,
  );
}

test('half a batch, half a seal: the next one repairs', async () => {
  for (let at = 1; at <= 6; at++) {
    const path = join(folder(), 'events.jsonl');
    const options: AuditOptions = { path, maxLogSizeBytes: 2_000, maxLogFiles: MANY, seal: 5 };
    const writer = faultyWriter(`call=writeSync&at=${at}&when=half&what=kill`).href;
    assert.is(await new Child({ options, writer, lines: 60, end: 'close' }).ended, 'SIGKILL');
    await checkReopened(options, checkAsLeft(path) > 0);
  }
});

test('a kill in the repair itself leaves something to repair', async () => {
  const path = join(folder(), 'events.jsonl');
  const options: AuditOptions = { path };
  for (const query of ['call=writeSync&at=1&when=half', 'call=writeSync&at=1&when=after', 'call=ftruncateSync&at=1']) {
    writeFileSync(path, `${eventLine(0)}\n${eventLine(1, { text: 'x'.repeat(5_000) }).slice(0, -50)}`);
    const writer = faultyWriter(`${query}&what=kill`).href;
    assert.is(await new Child({ options, writer, lines: 0, end: 'close' }).ended, 'SIGKILL');
    const log = new AuditLog(options);
    assert.ok(await log.close(10_000));
    const all = records(path);
    assert.is(all[0]!.event_type, 'test.line');
    assert.ok(all.length > 1);
    for (const { event_type } of all.slice(1)) assert.is(event_type, 'system.audit_recovered');
  }
});

test('a tear anywhere in the last line, in the middle of a character too', async () => {
  const line = Buffer.from(eventLine(1, { text: 'é😀' }));
  const emoji = line.indexOf('😀');
  for (let cut = 1; cut <= line.length; cut += Math.abs(cut - emoji) < 8 || cut > line.length - 4 ? 1 : 9) {
    const path = join(folder(), 'events.jsonl');
    writeFileSync(path, `${eventLine(0)}\n`);
    appendFileSync(path, line.subarray(0, cut));
    const log = new AuditLog({ path });
    log.append(eventLine(2));
    assert.ok(await log.close(10_000));
    const [first, second, third, ...more] = records(path);
    assert.equal([first!.event_type, third!.event_type, more.length], ['test.line', 'test.line', 0]);
    if (cut === line.length) assert.is(second!.event_type, 'test.line', 'only its line feed was missing');
    else assert.equal([second!.event_type, second!.payload.torn_bytes], ['system.audit_recovered', cut]);
  }
});

test('a whole line without its line feed that is longer than a string can be counts as torn, and is not read', () => {
  const path = join(folder(), 'events.jsonl');
  const last = eventLine(1, { text: 'x'.repeat(1_000) });
  for (const [most, expected] of [
    [last.length, 'test.line'],
    [last.length - 1, 'system.audit_recovered'],
  ] as const) {
    writeFileSync(path, `${eventLine(0)}\n${last}`);
    const fd = openSync(path, 'a+');
    const torn = repairTail(path, fd, (line) => line, most);
    closeSync(fd);
    assert.is(torn, most < last.length ? last.length : 0);
    assert.is(records(path)[1]!.event_type, expected);
  }
});

test('a file of nothing but a torn line, of zeros, and an empty one', async () => {
  for (const [bytes, expected] of [
    [Buffer.from('{"event_'), 1],
    [Buffer.alloc(5_000), 1],
    [Buffer.alloc(0), 0],
  ] as const) {
    const path = join(folder(), 'events.jsonl');
    writeFileSync(path, bytes);
    const log = new AuditLog({ path });
    assert.ok(await log.close(10_000));
    assert.is(records(path).length, expected);
  }
  const path = join(folder(), 'events.jsonl');
  writeFileSync(path, `${eventLine(0)}\n`);
  truncateSync(path, 20);
  const log = new AuditLog({ path });
  assert.ok(await log.close(10_000));
  assert.is(records(path)[0]!.payload.torn_text, eventLine(0).slice(0, 20));
});

test.run();
