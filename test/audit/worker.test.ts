import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { AuditLog } from '../../src/audit/log.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { tests } from '../helpers.ts';
import { eventLine, faultyWriter, folder, indices, linesOf, upTo } from './helpers.ts';

const test = tests('audit worker');

const MANY = 64;
/** At which call each thread dies: late enough for it to get something done before. */
const calls = [
  ['writeSync', 4],
  ['statSync', 4],
  ['renameSync', 7],
  ['openSync', 10],
  ['closeSync', 10],
  ['fstatSync', 10],
] as const;
for (const [call, at] of calls) {
  test(`a thread that ends at ${call} again and again: nothing is lost, doubled or out of order`, async () => {
    for (const when of call === 'writeSync' ? ['before', 'half', 'after'] : ['before', 'after']) {
      const path = join(folder(), 'events.jsonl');
      const writer = faultyWriter(`call=${call}&at=${at}&when=${when}&what=exit`);
      const log = new AuditLog({ path, maxLogSizeBytes: 1_000, maxLogFiles: MANY, seal: 10 }, {}, { writer });
      for (let i = 0; i < 40; i++) log.append(eventLine(i, i === 20 ? { text: 'x'.repeat(2_000_000) } : {}));
      assert.ok(await log.flush(30_000), `${call} ${when}`);
      assert.ok(log.stats().restarts > 0);
      assert.ok(await log.close(10_000));
      assert.equal([...indices(path, MANY), ...indices(path)], upTo(40), `${call} ${when}`);
    }
  }, 120_000);
}

test('a pattern that runs away: its record is written unsearched and unreadable, the rest as ever', async () => {
  const path = join(folder(), 'events.jsonl');
  const rule = { name: 'runaway', pattern: /(?:x+x+)+y/ };
  const redactor = new Redactor({ patterns: [rule], extendDefaults: true }).toConfig();
  const faults: string[] = [];
  const log = new AuditLog({ path, redactor }, { fault: ({ message }) => faults.push(message) });
  log.append(eventLine(0, { mail: 'ann@example.com' }));
  log.append(eventLine(1, { secret_text: 'x'.repeat(5_000) }));
  log.append(eventLine(2, { mail: 'ann@example.com' }));
  assert.ok(await log.flush(15_000));
  const [before, stalled, after] = linesOf(path).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(before!.payload, { i: 0, mail: '[REDACTED_EMAIL]' });
  assert.equal(stalled, {
    event_type: 'test.line',
    payload: '[REDACTED_UNSCANNABLE]',
    timestamp: 1_760_000_001.5,
    event_id: 'event-1',
    source: null,
    correlation_id: null,
  });
  assert.equal(after!.payload, { i: 2, mail: '[REDACTED_EMAIL]' });
  assert.is(faults.length, 1);
  const events = await log.read();
  assert.is(events[1]!.payload as unknown, '[REDACTED_UNSCANNABLE]');
  assert.is(events[1]!.eventId, 'event-1');
  assert.is(log.stats().damaged_lines, 0);
  assert.ok(await log.close(10_000));
});

test('the same while the event loop is blocked', async () => {
  const path = join(folder(), 'events.jsonl');
  const redactor = new Redactor({ patterns: [{ name: 'runaway', pattern: /(?:x+x+)+y/ }] }).toConfig();
  const log = new AuditLog({ path, redactor });
  for (let i = 0; i < 3; i++) log.append(eventLine(i, i === 1 ? { text: 'x'.repeat(5_000) } : {}));
  assert.ok(log.flushSync(15_000));
  assert.match(readFileSync(path, 'utf8'), /"i":0.*REDACTED_UNSCANNABLE.*"i":2/s);
  assert.ok(await log.close(10_000));
});

test('positions and counts go over their wrap', async () => {
  for (const ringStart of [0x7fff_ff00, 0xffff_ff00 | 0]) {
    const path = join(folder(), 'events.jsonl');
    const log = new AuditLog({ path, ringBytes: 65_536, redactor: new Redactor().toConfig() }, {}, { ringStart });
    for (let i = 0; i < 5_000; i++) while (!log.append(eventLine(i))) assert.ok(log.blockForRoom(10_000));
    assert.ok(await log.close(10_000));
    assert.equal(indices(path), upTo(5_000));
  }
});

test.run();
