import { existsSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../bench/statistics.ts';
import { AuditLog, type AuditOptions } from '../../src/audit/log.ts';
import { SEAL_TYPE, segmentPath, systemLine } from '../../src/audit-format.ts';
import { HeldLines } from '../../workers/audit-held.ts';
import { tests } from '../helpers.ts';
import { eventLine, faultyWriter, folder, indices, linesOf, upTo } from './helpers.ts';

const test = tests('audit log, lines held at opening');

/** Resolves when the log's count is this, which it tells nobody of. */
async function counted(log: AuditLog, total: number): Promise<void> {
  while (log.stats().total_events_logged !== total) await new Promise((resolve) => setImmediate(resolve));
}

function count(paths: readonly string[], step: number): { logged: number; firstLines: number } {
  const held = new HeldLines(paths);
  while (!held.step(step));
  held.close();
  return { logged: held.logged, firstLines: held.firstLines };
}

test('lines of any length, seals not among them, wherever a part ends', () => {
  const path = join(folder(), 'events.jsonl');
  const next = seededRandom(7);
  for (let round = 0; round < 12; round++) {
    let lines = 0;
    let seals = 0;
    let text = '';
    while (text.length < 600_000 + round) {
      const isSeal = next() < 0.2;
      // What looks like a seal inside a line is none.
      text += isSeal
        ? systemLine(SEAL_TYPE, { n: lines })
        : eventLine(lines, { text: `{"event_type":"${SEAL_TYPE}"`.repeat(next() * 40) });
      text += '\n';
      lines++;
      if (isSeal) seals++;
    }
    writeFileSync(path, text);
    assert.equal(count([path], 1 << 18), { logged: lines - seals, firstLines: lines });
  }
});

test('a seal at each place around the end of a part; feeds at each place of a word', () => {
  const path = join(folder(), 'events.jsonl');
  const seal = `${systemLine(SEAL_TYPE, { n: 1 })}\n`;
  for (let shift = -seal.length - 2; shift < 8; shift++) {
    const before = `${'x'.repeat((1 << 18) + shift)}\n`;
    writeFileSync(path, `${before}${seal}${eventLine(1)}\n\n\n${'y'.repeat(shift & 7)}\n`);
    assert.equal(count([path], 1), { logged: 5, firstLines: 6 }, `${shift}`);
  }
  writeFileSync(path, seal);
  assert.equal(count([path, join(path, '..', 'not there')], 1), { logged: 0, firstLines: 1 });
});

/** A log of a rotated file and an active one, which is counted while it is in use. */
function large(writer?: URL): { path: string; held: number; open: (more?: Partial<AuditOptions>) => AuditLog } {
  const path = join(folder(), 'events.jsonl');
  const lines = upTo(20_000).map((i) => `${eventLine(i)}\n`);
  writeFileSync(segmentPath(path, 1), lines.join(''));
  writeFileSync(path, lines.join(''));
  const open = (more: Partial<AuditOptions> = {}): AuditLog =>
    new AuditLog({ path, ...more }, {}, { countAtOnceBytes: 1, ...(writer && { writer }) });
  return { path, held: 2 * lines.length, open };
}

test('counted in the background, with what is logged meanwhile, through rotations', async () => {
  for (const more of [{}, { maxLogSizeBytes: 20_000, maxLogFiles: 1_000 }, { seal: 100 }]) {
    const { held, open } = large();
    const log = open(more);
    for (let i = 0; i < 1_000; i++) assert.ok(log.append(eventLine(i)));
    await counted(log, held + 1_000);
    assert.ok(await log.flush(10_000));
    assert.is(log.stats().total_events_logged, held + 1_000);
    assert.ok(await log.close(10_000));
  }
});

test('cleared, closed and deleted before it is counted', async () => {
  const { path, held, open } = large();
  assert.ok(await open().close(10_000));
  let log = open();
  await log.ready();
  unlinkSync(path);
  log.append(eventLine(0));
  assert.ok(await log.flush(10_000));
  const gap = JSON.parse(linesOf(path)[0]!) as { event_type: string; payload: object };
  assert.equal(gap.payload, { missing: held / 2, code: 'DELETED' });
  assert.ok(await log.clear());
  assert.is(log.stats().total_events_logged, 0);
  log.append(eventLine(1));
  assert.ok(await log.close(10_000));
  assert.is(log.stats().total_events_logged, 1);
  assert.equal(indices(path), [1]);
  log = open();
  await counted(log, 1);
  assert.ok(await log.close(10_000));
});

test('a worker that dies in the middle of it: its successor counts what is there', async () => {
  // Each worker dies in its third batch.
  const { held, open } = large(faultyWriter('call=statSync&at=3&what=exit'));
  const log = open();
  for (let i = 0; i < 10; i++) {
    assert.ok(log.append(eventLine(i)));
    assert.ok(await log.flush(10_000));
  }
  await counted(log, held + 10);
  assert.ok(log.stats().restarts > 2);
  assert.ok(await log.close(10_000));
});

test('what can not be read is reported, and the log goes on', async () => {
  const path = join(folder(), 'events.jsonl');
  mkdirSync(segmentPath(path, 1));
  const faults: string[] = [];
  const log = new AuditLog({ path }, { fault: ({ code }) => faults.push(code) });
  await log.ready();
  log.append(eventLine(0));
  assert.ok(await log.close(10_000));
  assert.equal(faults, ['EISDIR']);
  assert.equal(indices(path), [0]);
  assert.ok(existsSync(segmentPath(path, 1)));
});

test.run();
