import * as assert from 'uvu/assert';
import { Redactor } from '../../src/redact/redactor.ts';
import { ByteRingConsumer } from '../../src/ring/byte-ring.ts';
import { AUDIT, createAudit } from '../../src/ring/layout.ts';
import { AuditBatch } from '../../workers/audit-batch.ts';
import { LineRedactor } from '../../workers/audit-redact.ts';
import { tests } from '../helpers.ts';
import { eventLine } from './helpers.ts';

const test = tests('audit batch');

const MOST = 500;

/** The line as a batch has it whose strings can hold no more than `MOST` bytes. */
function batched(line: string, skip = false): string {
  const memory = createAudit(65_536);
  const redactor = new LineRedactor(new Redactor().toConfig());
  const batch = new AuditBatch(memory, new ByteRingConsumer(memory.ring), redactor, MOST);
  // Keys are known to be harmless from the second line on.
  batch.addBulk(Buffer.from(eventLine(0, { text: '' })), -1, 0);
  const begin = batch.length;
  memory.words[AUDIT.SKIP_SET] = Number(skip);
  batch.addBulk(Buffer.from(line), -1, 0);
  const text = batch.view().toString('utf8', begin);
  assert.ok(text.endsWith('\n'));
  return text.slice(0, -1);
}

const PLAIN = 'twelve '.repeat(100);
const SECRET = `${PLAIN} ann@example.com`;
const without = (i: number): string =>
  JSON.stringify({
    event_type: 'test.line',
    payload: '[REDACTED_UNSCANNABLE]',
    timestamp: 1_760_000_000.5 + i,
    event_id: `event-${i}`,
    source: null,
    correlation_id: null,
  });

test('a line that no string can hold: as it is when it is clean, else without its payload', () => {
  assert.is(batched(eventLine(1, { text: PLAIN })), eventLine(1, { text: PLAIN }));
  assert.is(batched(eventLine(2, { text: SECRET, ',"timestamp":': ',"payload":' })), without(2));
  assert.match(batched(eventLine(3, { text: 'ann@example.com' })), /"text":"\[REDACTED_EMAIL\]"/);
});

test('the same for one that has stalled a thread', () => {
  assert.is(batched(eventLine(1, { text: PLAIN }), true), without(1));
  assert.is(batched(eventLine(2), true), without(2));
});

test('one whose envelope no string can hold, or that is none, is a token alone', () => {
  const long = JSON.stringify({ ...JSON.parse(eventLine(1)), source: SECRET });
  for (const line of [long, SECRET]) assert.is(batched(line), '"[REDACTED_UNSCANNABLE]"');
});

test.run();
