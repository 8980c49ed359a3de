import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { AuditLog } from '../../src/audit/log.ts';
import { verifyAuditLog } from '../../src/audit/verify.ts';
import { parseSeal, segmentPath } from '../../src/audit-format.ts';
import { AuditOpenError, ConfigError } from '../../src/errors.ts';
import { tests } from '../helpers.ts';
import { eventLine, folder, indices, linesOf, rejection, upTo } from './helpers.ts';

const test = tests('audit seal and verifier');

const LINES = 100;
const ROTATED = 3;
const LIMIT = 3_500;

/** A sealed log of several segments, whose oldest ones are gone by rotation. */
async function sealedLog(path: string, lines = LINES, from = 0): Promise<string[]> {
  const hashes: string[] = [];
  const log = new AuditLog(
    { path, maxLogSizeBytes: LIMIT, maxLogFiles: ROTATED, seal: 7 },
    { sealed: (seal) => hashes.push(seal.hash) },
  );
  for (let i = from; i < from + lines; i++) log.append(eventLine(i));
  assert.ok(await log.close(10_000));
  return hashes;
}

const original = folder();
const originalPath = join(original, 'events.jsonl');
const originalHashes: Promise<string[]> = sealedLog(originalPath);

/** A copy that a test may spoil. */
async function copy(): Promise<string> {
  await originalHashes;
  const to = folder();
  cpSync(original, to, { recursive: true });
  return join(to, 'events.jsonl');
}

test('a log as it was written is sound, over rotation and reopening', async () => {
  const path = await copy();
  const found = await verifyAuditLog(path);
  assert.equal(
    { ok: found.ok, segments: found.segments, unsealed: found.unsealed },
    { ok: true, segments: ROTATED + 1, unsealed: 0 },
  );
  assert.is(found.lines, indices(path, ROTATED).length + indices(path).length + found.seals);
  assert.is(found.head, (await originalHashes).at(-1));
  await sealedLog(path, LINES, LINES);
  assert.equal((await verifyAuditLog(path)).firstProblem, undefined);
  await sealedLog(path, 3, 2 * LINES);
  assert.equal((await verifyAuditLog(path)).firstProblem, undefined);
});

test('the rotated files make one sequence with the active one', async () => {
  const path = await copy();
  const all = [...indices(path, ROTATED), ...indices(path)];
  assert.equal(
    all,
    upTo(all.length).map((n) => LINES - all.length + n),
  );
});

const edits: readonly (readonly [what: string, edit: (lines: string[], at: number) => string[]])[] = [
  [
    'a changed letter',
    (lines, at) =>
      lines.with(
        at,
        lines[at]!.replace(/[a-z](?=[^a-z]*$)/, (c) => (c === 'x' ? 'y' : 'x')),
      ),
  ],
  [
    'a changed number',
    (lines, at) =>
      lines.with(
        at,
        lines[at]!.replace(/\d/, (d) => String((Number(d) + 1) % 10)),
      ),
  ],
  ['a removed line', (lines, at) => lines.toSpliced(at, 1)],
  ['an inserted line', (lines, at) => lines.toSpliced(at, 0, eventLine(7))],
  ['a doubled line', (lines, at) => lines.toSpliced(at, 0, lines[at]!)],
  ['swapped lines', (lines, at) => (at === 0 ? lines : lines.with(at, lines[at - 1]!).with(at - 1, lines[at]!))],
];
for (const [what, edit] of edits) {
  test(`${what} is found on every line before the last seal`, async () => {
    const path = await copy();
    for (let number = 0; number <= ROTATED; number++) {
      const lines = linesOf(segmentPath(originalPath, number));
      for (let at = 0; at < lines.length; at++) {
        // The very last line is the last seal: behind it nothing proves anything.
        if (number === 0 && at === lines.length - 1 && what !== 'an inserted line' && what !== 'swapped lines')
          continue;
        const edited = edit(lines, at);
        if (edited.join('\n') === lines.join('\n')) continue;
        writeFileSync(segmentPath(path, number), `${edited.join('\n')}\n`);
        const found = await verifyAuditLog(path);
        assert.not.ok(found.ok, `segment ${number}, line ${at + 1}`);
      }
      writeFileSync(segmentPath(path, number), `${lines.join('\n')}\n`);
    }
  });
}

test('removed, doubled, swapped and replaced files are found', async () => {
  for (let number = 0; number <= ROTATED; number++) {
    const removed = await copy();
    rmSync(segmentPath(removed, number));
    // The active file's removal is the log's end cut off, seen against a hash that was kept.
    const head = (await originalHashes).at(-1)!;
    assert.not.ok((await verifyAuditLog(removed, number === 0 ? { head } : {})).ok, `removed ${number}`);
    for (let other = 0; other <= ROTATED; other++) {
      if (other === number) continue;
      const doubled = await copy();
      copyFileSync(segmentPath(doubled, number), segmentPath(doubled, other));
      const { ok } = await verifyAuditLog(doubled, other === 0 ? { head } : {});
      assert.not.ok(ok, `${number} over ${other}`);
      const swapped = await copy();
      renameSync(segmentPath(swapped, number), join(swapped, '..', 'x'));
      renameSync(segmentPath(swapped, other), segmentPath(swapped, number));
      renameSync(join(swapped, '..', 'x'), segmentPath(swapped, other));
      assert.not.ok((await verifyAuditLog(swapped)).ok, `swapped ${number} and ${other}`);
    }
  }
});

test('bytes added to a rotated file, also without a line feed', async () => {
  for (let number = 1; number <= ROTATED; number++) {
    for (const bytes of ['x', `${eventLine(1)}\n`, '\n']) {
      const path = await copy();
      appendFileSync(segmentPath(path, number), bytes);
      assert.not.ok((await verifyAuditLog(path)).ok, `${bytes} at ${number}`);
    }
  }
});

test('a cut end is seen against a hash that was kept, and only so', async () => {
  const path = await copy();
  const lines = linesOf(path);
  const seals = lines.flatMap((line, at) => (parseSeal(Buffer.from(line)) === undefined ? [] : [at]));
  assert.ok(seals.length > 1);
  writeFileSync(path, `${lines.slice(0, seals.at(-2)! + 1).join('\n')}\n`);
  assert.ok((await verifyAuditLog(path)).ok);
  const head = (await originalHashes).at(-1)!;
  assert.match((await verifyAuditLog(path, { head })).firstProblem!.reason, /cut off/);
  assert.ok((await verifyAuditLog(path, { head: (await originalHashes).at(-2)! })).ok);
});

test('lines after the last seal prove nothing, and are counted', async () => {
  const path = await copy();
  appendFileSync(path, `${eventLine(1)}\n${eventLine(2)}\n{"torn`);
  const found = await verifyAuditLog(path);
  assert.ok(found.ok);
  assert.is(found.unsealed, 2);
});

test('a last line without its line feed is torn: no line and no seal, be it whole', async () => {
  const path = await copy();
  const { lines, seals } = await verifyAuditLog(path);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.slice(0, -1));
  const found = await verifyAuditLog(path);
  const last = linesOf(originalPath).at(-1)!;
  assert.equal(
    { ok: found.ok, lines: found.lines, seals: found.seals, tornBytes: found.tornBytes },
    { ok: true, lines: lines - 1, seals: seals - 1, tornBytes: last.length },
  );
  // Whoever opens the log next gives it what is missing.
  await write(path, 0, 0, 7);
  assert.equal(readFileSync(path, 'utf8'), text);
  const torn = 'x'.repeat(600_000);
  writeFileSync(path, torn);
  rmSync(segmentPath(path, 1));
  rmSync(segmentPath(path, 2));
  rmSync(segmentPath(path, 3));
  const alone = await verifyAuditLog(path);
  assert.equal(
    { ok: alone.ok, lines: alone.lines, tornBytes: alone.tornBytes },
    { ok: true, lines: 0, tornBytes: torn.length },
  );
});

test('lines longer than what is read at once: their bytes are proved too', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path, seal: 3 });
  const texts = ['a', 'b'.repeat(262_000), 'c'.repeat(300_000), 'd'.repeat(524_288), 'e'.repeat(2_000_000), 'f'];
  for (const [i, text] of texts.entries()) log.append(eventLine(i, { text }));
  assert.ok(await log.close(10_000));
  const { firstProblem, lines, seals, unsealed, tornBytes } = await verifyAuditLog(path);
  assert.equal(
    { firstProblem, lines, seals, unsealed, tornBytes },
    { firstProblem: undefined, lines: texts.length + 2, seals: 2, unsealed: 0, tornBytes: 0 },
  );
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('b'.repeat(1_000)); at < bytes.length - 1_000; at += 130_001) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    writeFileSync(path, changed);
    assert.not.ok((await verifyAuditLog(path)).ok, `byte ${at}`);
  }
});

test('what looks like a seal in the middle of a long line is none', async () => {
  const path = join(folder(), 'events.jsonl');
  await write(path, 0, 5, 7);
  const seal = linesOf(path).at(-1)!;
  // The seal stands where a piece of the long line ends.
  for (const size of [1 << 18, 1 << 19]) {
    for (let more = -seal.length; more <= seal.length; more += seal.length) {
      writeFileSync(path, `${'x'.repeat(size + more)}${seal}\n`);
      assert.is((await verifyAuditLog(path)).firstProblem?.reason, 'the log has no seal', `${size} ${more}`);
    }
  }
});

test('arguments that make no sense, and files that can not be read, give coded errors', async () => {
  const path = await copy();
  const refused = (...args: unknown[]): Promise<unknown> =>
    rejection((verifyAuditLog as (...args: unknown[]) => Promise<unknown>)(...args));
  const head = (await originalHashes).at(-1)!;
  const senseless = [[], [7], [''], [new URL('http://x/')], [path, null], [path, { head: 7 }], [path, { head: 'abc' }]];
  for (const args of [...senseless, [path, { Head: head }]])
    assert.ok(ConfigError.is(await refused(...args)), inspect(args));
  assert.ok((await verifyAuditLog(path, { head: head.toUpperCase() })).ok);
  mkdirSync(segmentPath(path, 9));
  assert.ok(AuditOpenError.is(await refused(path)));
});

test('a log that had no seals before goes on with them', async () => {
  const path = join(folder(), 'events.jsonl');
  const before = new AuditLog({ path, maxLogSizeBytes: 2_000 });
  for (let i = 0; i < 40; i++) before.append(eventLine(i));
  assert.ok(await before.close(10_000));
  assert.match((await verifyAuditLog(path)).firstProblem!.reason, /no seal/);
  await sealedLog(path, 10, 40);
  assert.equal((await verifyAuditLog(path)).firstProblem, undefined);
  const lines = linesOf(path);
  writeFileSync(path, `${lines.with(0, lines[0]!.replace('test', 'best')).join('\n')}\n`);
  assert.not.ok((await verifyAuditLog(path)).ok, 'what stood in the active file before is sealed as well');
});

test('clearing begins a new proof; an empty log is sound; no log is an error', async () => {
  const path = await copy();
  const log = new AuditLog({ path, maxLogSizeBytes: LIMIT, maxLogFiles: ROTATED, seal: 7 });
  assert.ok(await log.clear());
  assert.equal(
    { ...(await verifyAuditLog(path)) },
    {
      ok: true,
      segments: 0,
      lines: 0,
      seals: 0,
      unsealed: 0,
      unsealedSegments: 0,
      tornBytes: 0,
    },
  );
  for (let i = 0; i < 50; i++) log.append(eventLine(i));
  assert.ok(await log.close(10_000));
  assert.equal((await verifyAuditLog(path)).firstProblem, undefined);
  const none = await rejection(verifyAuditLog(join(folder(), 'events.jsonl')));
  assert.ok(AuditOpenError.is(none));
});

const MANY = 30;

/** So many lines with sealing on or off. */
async function write(
  path: string,
  from: number,
  lines: number,
  seal: number | false,
  maxLogFiles = MANY,
): Promise<void> {
  const log = new AuditLog({ path, maxLogSizeBytes: LIMIT, maxLogFiles, seal });
  for (let i = from; i < from + lines; i++) log.append(eventLine(i));
  assert.ok(await log.close(10_000));
}

test('sealing switched off and on again: what was written meanwhile is proved from then on', async () => {
  const path = join(folder(), 'events.jsonl');
  await write(path, 0, 60, 7);
  const { head } = await verifyAuditLog(path);
  await write(path, 60, 100, false);
  const off = await verifyAuditLog(path);
  assert.equal({ ok: off.ok, unsealed: off.unsealed, head: off.head }, { ok: true, unsealed: 100, head });
  assert.ok(off.unsealedSegments > 2);
  await write(path, 160, 60, 7);
  await write(path, 220, 1, false);
  await write(path, 221, 60, 7);
  const on = await verifyAuditLog(path, { head: head! });
  assert.is(on.firstProblem, undefined);
  assert.equal({ ok: on.ok, unsealed: on.unsealed }, { ok: true, unsealed: 0 });
  assert.is(on.unsealedSegments, off.unsealedSegments);
  const rotated = upTo(on.segments - 1).map((n) => segmentPath(path, n + 1));
  for (const file of rotated) {
    const bytes = readFileSync(file);
    const lines = linesOf(file);
    for (const changed of [
      lines.with(0, lines[0]!.replace('test', 'best')),
      lines.slice(0, -1),
      lines.toSpliced(1, 0, eventLine(1)),
      // Without its seals it looks as if it had been written while sealing was off.
      lines.filter((line) => parseSeal(Buffer.from(line)) === undefined),
    ]) {
      if (changed.join() === lines.join()) continue;
      writeFileSync(file, `${changed.join('\n')}\n`);
      assert.not.ok((await verifyAuditLog(path)).ok, file);
    }
    rmSync(file);
    assert.not.ok((await verifyAuditLog(path)).ok, `${file} removed`);
    writeFileSync(file, bytes);
  }
  assert.ok((await verifyAuditLog(path)).ok);
});

test('seals removed to the end of the log are seen against a hash that was kept', async () => {
  const path = await copy();
  const head = (await originalHashes).at(-1)!;
  for (const number of [1, 0]) {
    const file = segmentPath(path, number);
    const rest = linesOf(file).filter((line) => parseSeal(Buffer.from(line)) === undefined);
    writeFileSync(file, `${rest.join('\n')}\n`);
  }
  const found = await verifyAuditLog(path);
  assert.ok(found.ok && found.unsealed > 0 && found.unsealedSegments === 1);
  assert.match((await verifyAuditLog(path, { head })).firstProblem!.reason, /cut off/);
  rmSync(segmentPath(path, 2));
  assert.not.ok((await verifyAuditLog(path)).ok);
});

test('rotation that went on by another limit while sealing was off', async () => {
  for (const limits of [
    [MANY, 2, MANY],
    [3, MANY, 3],
    [2, 2, MANY],
  ] as const) {
    const path = join(folder(), 'events.jsonl');
    await write(path, 0, 120, 7, limits[0]);
    await write(path, 120, 90, false, limits[1]);
    // A smaller limit removes files that the last seal says are there, and no seal tells why.
    if (limits[1] >= limits[0]) {
      const { seals, firstProblem } = await verifyAuditLog(path);
      assert.is(firstProblem?.reason, seals > 0 ? undefined : 'the log has no seal', limits.join());
    }
    await write(path, 210, 60, 7, limits[2]);
    assert.is((await verifyAuditLog(path)).firstProblem, undefined, limits.join());
  }
});

test('an end that was torn is repaired, and the proof goes on', async () => {
  const path = await copy();
  appendFileSync(path, `${eventLine(LINES)}\n{"event_type":"test.li`);
  await sealedLog(path, 10, LINES + 1);
  assert.equal((await verifyAuditLog(path)).firstProblem, undefined);
  const all = [1, 0].map((number) => readFileSync(segmentPath(path, number), 'utf8')).join('');
  assert.match(all, /system\.audit_recovered/);
  const { head } = await verifyAuditLog(path);
  truncateSync(path, 100);
  await sealedLog(path, 10, LINES + 20);
  assert.match((await verifyAuditLog(path, { head: head! })).firstProblem!.reason, /cut off/);
});

test.run();
