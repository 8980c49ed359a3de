import { appendFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { visitEvents } from '../../src/audit/reader.ts';
import { segmentPath } from '../../src/audit-format.ts';
import { logBefore } from '../../src/cli/log-history.ts';
import { type LogReader, openLog } from '../../src/cli/log-reader.ts';
import type { LogLine, Place } from '../../src/cli/log-segments.ts';
import { EventBus, type EventRecordJson } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { inFolder } from './cli.ts';
import { lines, range } from './log-lines.ts';

const test = tests('reading of a log forwards');

/** The numbers of the lines that are still to be read. */
async function rest(log: LogReader): Promise<unknown[]> {
  const read: LogLine[] = [];
  for await (const chunk of log.lines()) read.push(...chunk);
  return read.map((line) =>
    typeof line === 'string' && line !== '' ? (JSON.parse(line) as EventRecordJson).payload.n : line,
  );
}

test('every line once while the log is written and rotated by a bus', () =>
  inFolder({}, async (folder) => {
    const path = join(folder, 'log.jsonl');
    const bus = new EventBus({ eventLogPath: path, maxLogSizeBytes: 4_000, maxLogFiles: 10_000 });
    await bus.ready();
    const seen: unknown[] = [];
    const ending = new AbortController();
    const reading = (async () => {
      const wait = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      for await (const chunk of (await openLog(path, { wait, signal: ending.signal })).lines()) {
        for (const line of chunk) {
          if (typeof line !== 'string' || line === '') continue;
          const { event_type, payload } = JSON.parse(line) as EventRecordJson;
          if (event_type === 'n') seen.push(payload.n);
        }
        if (seen.length >= 3_000) break;
      }
    })();
    for (let n = 0; n < 3_000; n++) {
      bus.emit('n', { n });
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await reading;
    await bus.shutdown();
    assert.equal(seen, range(0, 3_000));
  }));

test('gaps in the numbers, a file that is removed or carried off under the reader, no last line feed', () =>
  inFolder({}, async (folder) => {
    const path = join(folder, 'log.jsonl');
    writeFileSync(segmentPath(path, 4), lines(0, 2));
    writeFileSync(segmentPath(path, 2), lines(2, 4));
    writeFileSync(path, lines(4, 6).trimEnd());
    assert.equal(await rest(await openLog(path)), range(0, 6));
    const reader = (await openLog(path)).lines();
    assert.is((await reader.next()).value?.length, 2);
    // As by rotation with few files kept.
    unlinkSync(segmentPath(path, 4));
    let more = 0;
    for await (const chunk of reader) more += chunk.length;
    assert.is(more, 4);
    // As by another program, to a name that is not ours; what was read before must not come again.
    const follower = (await openLog(path, { fromEnd: true, wait: async () => {} })).lines();
    appendFileSync(path, '\n');
    assert.is((await follower.next()).value?.length, 1);
    renameSync(path, join(folder, 'log.jsonl.1'));
    writeFileSync(path, lines(6, 7));
    for (let next = await follower.next(); ; next = await follower.next()) {
      const line = next.value?.[0];
      if (typeof line !== 'string') continue;
      assert.match(line, /"id-6"/);
      break;
    }
    await follower.return();
    assert.equal(await rest(await openLog(join(folder, 'none.jsonl'))), []);
  }));

test('reading is left in the middle of a file when it is told to end', () =>
  inFolder({ 'log.jsonl': lines(0, 20_000) }, async (folder) => {
    const ending = new AbortController();
    let chunks = 0;
    for await (const _ of (await openLog(join(folder, 'log.jsonl'), { signal: ending.signal })).lines()) {
      chunks++;
      ending.abort();
    }
    assert.is(chunks, 1);
  }));

test('what stands before a place, and what comes from there on, are together all of it, whatever is written and rotated meanwhile', () =>
  inFolder({}, async (folder) => {
    const path = join(folder, 'log.jsonl');
    const before = async (place: Place): Promise<unknown[]> => {
      const found: unknown[] = [];
      await visitEvents(logBefore(path, place), {}, ({ payload }) => void found.unshift(payload.n));
      return found;
    };
    writeFileSync(segmentPath(path, 1), lines(0, 2));
    writeFileSync(path, lines(2, 4) + lines(4, 5).slice(0, 30));
    const log = await openLog(path, { fromEnd: true });
    appendFileSync(path, lines(4, 5).slice(30) + lines(5, 6));
    renameSync(segmentPath(path, 1), segmentPath(path, 2));
    renameSync(path, segmentPath(path, 1));
    writeFileSync(path, lines(6, 7));
    assert.equal(await before(log.start!), range(0, 4));
    assert.equal(await rest(log), range(4, 7));
    // In the moment between the two steps of a rotation.
    unlinkSync(path);
    const between = await openLog(path, { fromEnd: true });
    writeFileSync(path, lines(7, 8));
    assert.equal(await before(between.start!), range(0, 6));
    assert.equal(await rest(between), [7]);
    const nothing = await openLog(join(folder, 'none.jsonl'), { fromEnd: true });
    assert.is(nothing.start, undefined);
  }));

test.run();
