// What redaction costs the audit path: redactLine against the usual parse, walk, twelve patterns, stringify.
// Both run in one process, interleaved; the figures are medians over the rounds, and each result is checked.
import { Redactor } from '../src/redact/redactor.ts';

const LINES = 2_000;
const ROUNDS = 41;
const EVENT_ID = 'abcdefghijklmnopqrstuvw';

const PATTERNS: readonly RegExp[] = [
  /[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/g,
  /\b(?:\d[ -]?){13,19}\b/g,
  /\b\d{3}-\d{2}-\d{4}\b/g,
  /\b(?:\d{1,3}\.){3}\d{1,3}\b/g,
  /\+?\b\d{3}[-. ]\d{3}[-. ]\d{4}\b/g,
  /\bAKIA[A-Z0-9]{16}\b/g,
  /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g,
  /\bgh[pousr]_[A-Za-z0-9]{36}\b/g,
  /\bBearer\s+[\w.~+/-]+=*/gi,
  /\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/g,
  /\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b/g,
];
const KEYS = new Set([
  'password',
  'secret',
  'token',
  'api_key',
  'email',
  'ssn',
  'credit_card',
  'phone',
  'authorization',
]);

function walk(value: unknown): unknown {
  if (typeof value === 'string') {
    let text = value;
    for (const pattern of PATTERNS) text = text.replace(pattern, '[REDACTED]');
    return text;
  }
  if (Array.isArray(value)) return value.map(walk);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    copy[key] = KEYS.has(key.toLowerCase()) ? '[REDACTED]' : walk((value as Record<string, unknown>)[key]);
  }
  return copy;
}

function usual(line: string): string {
  const event = JSON.parse(line) as Record<string, unknown>;
  event.payload = walk(event.payload);
  event.source = walk(event.source);
  event.correlation_id = walk(event.correlation_id);
  return JSON.stringify(event);
}

function lines(payload: (i: number) => Record<string, unknown>): string[] {
  return Array.from({ length: LINES }, (_, i) =>
    JSON.stringify({
      event_type: 'order.created',
      payload: payload(i),
      timestamp: 1_760_000_000 + i / 8,
      event_id: EVENT_ID,
      source: 'order-service',
      correlation_id: i % 2 ? 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6' : null,
    }),
  );
}

const clean = lines((i) => ({
  order_id: `ord-${i}`,
  customer: 'Ann Example',
  items: [{ sku: 'lamp-7', count: i % 9, price: 12.5 }],
  created_at: '2025-10-09T08:53:20.125Z',
  state: 'open',
}));
const one = lines((i) => ({
  order_id: `ord-${i}`,
  customer: 'Ann Example',
  note: `write to ann.${i}@example.com before noon`,
  created_at: '2025-10-09T08:53:20.125Z',
  state: 'open',
}));
const four = lines((i) => ({
  order_id: `ord-${i}`,
  customer: { name: 'Ann Example', email: `ann.${i}@example.com` },
  note: `call +1 415 555 ${1000 + (i % 9000)} from 10.1.2.${i % 255}`,
  password: 'hunter2',
}));

type Way = (line: string) => string;
const redactor = new Redactor();
const ways: Record<string, Way> = { copy: (line) => line, redactLine: (line) => redactor.redactLine(line), usual };

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;

/** Nanoseconds per line. The lines are cut from a buffer anew, so that no round sees strings it knows. */
function time(way: Way, all: Buffer, ends: readonly number[]): number {
  let from = 0;
  let length = 0;
  const texts = ends.map((end) => {
    const text = all.toString('latin1', from, end);
    from = end;
    return text;
  });
  const start = process.hrtime.bigint();
  for (const text of texts) length += way(text).length;
  const ns = Number(process.hrtime.bigint() - start);
  if (length === 0) throw new Error('nothing came back');
  return ns / ends.length;
}

console.log(`node ${process.version}, ${LINES} lines, medians of ${ROUNDS} rounds`);
for (const [name, texts] of Object.entries({ clean, 'one hit': one, 'four hits': four })) {
  const all = Buffer.from(texts.join(''), 'latin1');
  let end = 0;
  const ends = texts.map((text) => {
    end += text.length;
    return end;
  });
  const changed = texts.filter((line) => redactor.redactLine(line) !== line).length;
  if (changed !== (name === 'clean' ? 0 : LINES)) throw new Error(`${changed} of the ${name} lines were changed`);
  const samples: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, run] of Object.entries(ways)) {
      samples[way] ??= [];
      samples[way].push(time(run, all, ends));
    }
  }
  const base = median(samples.usual!);
  for (const [way, times] of Object.entries(samples)) {
    const ns = median(times);
    const mb = ((all.length / LINES / ns) * 1000).toFixed(0);
    const bytes = Math.round(all.length / LINES);
    console.log(
      `${name.padEnd(9)}  ${way.padEnd(10)}  ${bytes} bytes  ${ns.toFixed(0).padStart(6)} ns  ${mb.padStart(6)} MB/s  ${(base / ns).toFixed(2)}x`,
    );
  }
}
