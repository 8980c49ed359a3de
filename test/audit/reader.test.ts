import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { type Stretch, visitBackwards } from '../../src/audit/backwards.ts';
import { AuditLog } from '../../src/audit/log.ts';
import type { AuditQuery } from '../../src/audit/query.ts';
import { readEvents, visitEvents } from '../../src/audit/reader.ts';
import { BUS_SOURCE, segmentPath, systemLine } from '../../src/audit-format.ts';
import { AuditOpenError, ConfigError, InvalidPatternError } from '../../src/errors.ts';
import { BusEvent } from '../../src/event.ts';
import { tests } from '../helpers.ts';
import { eventLine, folder, rejection, upTo } from './helpers.ts';

const test = tests('audit reader');

const START_MS = 1_760_000_000_500;

async function numbers(path: string, query: AuditQuery = {}): Promise<unknown[]> {
  return (await readEvents(path, query)).events.map(({ payload }) => payload.i);
}

/** Files from the newest: each holds so many lines, counted from the oldest on. */
function write(path: string, sizes: readonly number[]): number {
  let i = 0;
  for (let number = sizes.length - 1; number >= 0; number--) {
    const lines = upTo(sizes[number]!).map(() => `${eventLine(i++)}\n`);
    if (lines.length > 0) writeFileSync(segmentPath(path, number), lines.join(''));
  }
  return i;
}

test('newest first over all files, 100 of them unless told otherwise', async () => {
  const path = join(folder(), 'events.jsonl');
  // A number that a killed rotation has left free is no end.
  const total = write(path, [30, 40, 0, 50, 60]);
  const all = upTo(total).reverse();
  assert.equal(await numbers(path), all.slice(0, 100));
  for (const limit of [0, 1, 29, 30, 31, 71, 179, 180, 1_000, Number.POSITIVE_INFINITY]) {
    assert.equal(await numbers(path, { limit }), all.slice(0, limit), `limit ${limit}`);
  }
});

test('since: milliseconds or a date, its own moment included, also out of order', async () => {
  const path = join(folder(), 'events.jsonl');
  write(path, [10, 10]);
  assert.equal(await numbers(path, { since: START_MS + 15_000 }), [19, 18, 17, 16, 15]);
  assert.equal(await numbers(path, { since: START_MS + 15_001 }), [19, 18, 17, 16]);
  assert.equal(await numbers(path, { since: new Date(START_MS + 18_000), limit: 1 }), [19]);
  assert.equal(await numbers(path, { since: START_MS + 1e9 }), []);
  appendFileSync(path, `${eventLine(3)}\n`);
  assert.equal(await numbers(path, { since: START_MS + 18_000 }), [19, 18]);
});

test('one flow: by its correlation id, plain or one that JSON writes with escapes', async () => {
  const path = join(folder(), 'events.jsonl');
  const flows = ['a-1', 'a-12', 'with "quotes" é', 'a-1'];
  const line = (correlationId: string, i: number): string =>
    `${new BusEvent('x', { i }, { correlationId }).toJsonl()}\n`;
  writeFileSync(path, `${flows.map(line).join('')}${new BusEvent('x', { i: 4, flow: 'a-1' }).toJsonl()}\n`);
  assert.equal(await numbers(path, { correlationId: 'a-1' }), [3, 0]);
  assert.equal(await numbers(path, { correlationId: 'a-1', limit: 1 }), [3]);
  assert.equal(await numbers(path, { correlationId: 'with "quotes" é' }), [2]);
  assert.equal(await numbers(path, { correlationId: 'a' }), []);
  const error = await rejection(numbers(path, { correlationId: 7 as never }));
  assert.ok(ConfigError.is(error));
});

test('types: exact, patterns, and what * leaves out', async () => {
  const path = join(folder(), 'events.jsonl');
  const event = (type: string, i: number, source?: string): string =>
    `${new BusEvent(type, { i }, source === undefined ? {} : { source }).toJsonl()}\n`;
  writeFileSync(
    path,
    event('user.created', 0) +
      event('user.deleted', 1) +
      event('user.profile.created', 2) +
      event('chat', 3) +
      event('system.startup', 4) +
      `${systemLine('system.handler_error', { i: 5 })}\n` +
      `${systemLine('system.audit_seal', { i: 6 })}\n` +
      event('quote"d\\type', 7),
  );
  assert.equal(await numbers(path), [7, 5, 4, 3, 2, 1, 0]);
  assert.equal(await numbers(path, { eventType: '*' }), [7, 4, 3, 2, 1, 0]);
  assert.equal(await numbers(path, { eventType: 'user.created' }), [0]);
  assert.equal(await numbers(path, { eventType: 'user.*' }), [2, 1, 0]);
  assert.equal(await numbers(path, { eventType: '*.created' }), [2, 0]);
  assert.equal(await numbers(path, { eventType: 'user.{created,deleted}' }), [1, 0]);
  assert.equal(await numbers(path, { eventType: 'system.*' }), [6, 5, 4]);
  assert.equal(await numbers(path, { eventType: 'quote"d\\type' }), [7]);
  const { events } = await readEvents(path, { eventType: 'system.handler_error' });
  assert.is(events[0]!.source, BUS_SOURCE);
});

test('damaged lines are skipped and counted, the torn end is neither', async () => {
  const path = join(folder(), 'events.jsonl');
  const damaged = [
    '',
    'no json',
    '[1]',
    'null',
    '{"event_type":"x"}',
    '{"event_type":"test.line","payload":{"i":9',
    '\u0000',
  ];
  writeFileSync(path, damaged.map((line, i) => `${eventLine(i)}\n${line}\n`).join(''));
  appendFileSync(path, Buffer.from([0xff, 0xfe, 10]));
  appendFileSync(path, eventLine(99).slice(0, 40));
  const found = await readEvents(path, {});
  assert.equal(
    found.events.map(({ payload }) => payload.i),
    upTo(damaged.length).reverse(),
  );
  // An empty line is no record at all.
  assert.is(found.damaged, damaged.length);
});

test("the Python library's own spelling of JSON, and keys after the six", async () => {
  const path = join(folder(), 'events.jsonl');
  writeFileSync(
    path,
    '{"event_type": "chat.message", "payload": {"i": 1, "text": "\\u00e9"}, "timestamp": 1760000000.25, "event_id": "a", "source": "py", "correlation_id": null}\n' +
      '{"event_type":"chat.message","payload":{"i":2},"timestamp":1760000001.5,"event_id":"b","source":null,"correlation_id":null,"body_bytes":12}\n',
  );
  const { events, damaged } = await readEvents(path, { eventType: 'chat.*', since: 1_760_000_000_250 });
  assert.equal(
    events.map(({ payload, timestamp }) => [payload.i, timestamp]),
    [
      [2, 1_760_000_001_500],
      [1, 1_760_000_000_250],
    ],
  );
  assert.is(damaged, 0);
});

test('lines longer than what is read at once', async () => {
  const path = join(folder(), 'events.jsonl');
  const texts = ['a', 'b'.repeat(65_530), 'c'.repeat(700_000), 'd', 'é'.repeat(200_000)];
  writeFileSync(path, texts.map((text, i) => `${eventLine(i, { text })}\n`).join(''));
  const { events } = await readEvents(path, {});
  assert.equal(events.map(({ payload }) => payload.text).reverse(), texts);
});

/** The one file of a log. */
async function* only(path: string): AsyncGenerator<Stretch, void, void> {
  const fd = openSync(path, 'r');
  yield { fd };
  closeSync(fd);
}

test('a line that is longer than a string can be is damaged, and those around it are read', async () => {
  const path = join(folder(), 'events.jsonl');
  const long = (i: number, bytes: number): string =>
    eventLine(i, { text: 'x'.repeat(bytes - eventLine(i, { text: '' }).length) });
  // Within a chunk, over one, over several; one byte decides.
  for (const most of [1_000, 70_000, 700_000]) {
    const lines = [eventLine(0), long(1, most), eventLine(2), long(3, most + 1), long(4, most + 300_000), eventLine(5)];
    for (const order of [lines, lines.toReversed()]) {
      writeFileSync(path, `${order.join('\n')}\n`);
      const seen: string[] = [];
      const damaged = await visitEvents(only(path), {}, (_, line) => void seen.push(line), most);
      assert.is(damaged, 2, `${most}`);
      assert.equal(
        seen.reverse(),
        order.filter(({ length }) => length <= most),
      );
    }
  }
});

test('a file that is cut while it is read: no line is made of two', async () => {
  const path = join(folder(), 'events.jsonl');
  const lines = upTo(5_000).map((i) => eventLine(i, { text: 'x'.repeat(i % 300) }));
  const text = `${lines.join('\n')}\n`;
  for (let cut = text.length - 70_000; cut > text.length - 90_000; cut -= 777) {
    writeFileSync(path, text);
    const fd = openSync(path, 'r');
    const seen: string[] = [];
    await visitBackwards({ fd }, (line) => {
      if (seen.length === 0) truncateSync(path, cut);
      seen.push(line!.toString());
      return true;
    });
    closeSync(fd);
    assert.is(seen.at(-1), lines[0]);
    assert.equal(
      seen.filter((line) => !lines.includes(line)),
      [],
      `cut at ${cut}`,
    );
  }
});

test('a file of the log that can not be read gives a coded error', async () => {
  const path = join(folder(), 'events.jsonl');
  write(path, [3]);
  mkdirSync(segmentPath(path, 1));
  assert.equal(await numbers(path, { limit: 3 }), [2, 1, 0]);
  const error = await rejection(numbers(path));
  assert.ok(AuditOpenError.is(error));
  assert.match((error as Error).message, 'EISDIR');
});

test('a query sees everything appended before, also while files rotate under it', async () => {
  const path = join(folder(), 'events.jsonl');
  const log = new AuditLog({ path, maxLogSizeBytes: 3_000, maxLogFiles: 200 });
  let next = 0;
  const append = (): void => {
    for (let n = 0; n < 50; n++) {
      while (!log.append(eventLine(next))) log.blockForRoom(10_000);
      next++;
    }
  };
  for (let round = 0; round < 40; round++) {
    append();
    const before = next;
    const query = log.read({ limit: Number.POSITIVE_INFINITY });
    // These are appended while the files are read.
    append();
    const seen = (await query).map(({ payload }) => payload.i as number).reverse();
    assert.ok(seen.length >= before, `round ${round}`);
    assert.equal(seen, upTo(seen.length), `round ${round}: each once and in order`);
  }
  assert.ok(await log.close(10_000));
});

test('no log yet, and queries that make no sense', async () => {
  const path = join(folder(), 'events.jsonl');
  assert.equal(await numbers(path), []);
  const refused = (query: unknown): Promise<unknown> => rejection(readEvents(path, query as AuditQuery));
  for (const query of [
    { limit: -1 },
    { limit: Number.NaN },
    { limit: '5' },
    { since: 'now' },
    { since: new Date('x') },
    { since: Symbol('x') },
    { since: 5n },
    { type: 'x' },
    null,
    'x',
  ]) {
    assert.ok(ConfigError.is(await refused(query)), inspect(query));
  }
  for (const query of [{ eventType: '' }, { eventType: ' ' }, { eventType: 5 }]) {
    assert.ok(InvalidPatternError.is(await refused(query)), JSON.stringify(query));
  }
});

test('the file keeps what was read as it is', async () => {
  const path = join(folder(), 'events.jsonl');
  write(path, [5]);
  const before = readFileSync(path);
  await readEvents(path, {});
  assert.equal(readFileSync(path), before);
});

test.run();
