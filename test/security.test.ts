import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { z } from 'zod';
import {
  BusEvent,
  DeadLetterQueue,
  EVENT_TYPE_PATTERN,
  type EventBusOptions,
  InMemoryMetrics,
  isValidEventType,
  MetricsCollector,
  PrometheusMetrics,
  Redactor,
  SerializationError,
} from '../src/index.ts';
import { fails, only, withBus } from './bus/fixtures.ts';
import { inFolder, projectRoot, tests } from './helpers.ts';

// The claims of SECURITY.md that no other test holds, and that all of them name a test that is there.

const test = tests('security');

process.env.RECHECK_SYNC_BACKEND = 'pure';
const { checkSync } = createRequire(import.meta.url)('recheck') as typeof import('recheck');

/** A handler module in a line. */
const inline = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(`export default ${code}`)}`);

test('each claim of SECURITY.md names a test that is there', () => {
  const text = readFileSync(join(projectRoot, 'SECURITY.md'), 'utf8');
  const claims = text.split('\n').filter((line) => line.startsWith('- '));
  const references = [...text.matchAll(/`(test\/[\w/-]+\.test\.ts)`: “([^”]+)”/g)];
  assert.ok(claims.length > 20, `${claims.length} claims`);
  for (const claim of claims) assert.match(claim, /`test\/[\w/-]+\.test\.ts`: “/);
  for (const [, file, name] of references) {
    const source = readFileSync(join(projectRoot, file!), 'utf8');
    const quoted = ["'", '"', '`'].some((quote) => source.includes(`${quote}${name!}${quote}`));
    assert.ok(quoted, `${file} has no test “${name}”`);
  }
});

test('files are readable by their owner alone, whatever the umask', () =>
  inFolder(async (folder) => {
    if (process.platform === 'win32') return;
    const umask = process.umask(0);
    try {
      const deadLetterQueue = new DeadLetterQueue({ path: join(folder, 'dead.jsonl') });
      const options: EventBusOptions = {
        deadLetterQueue,
        eventLogPath: join(folder, 'events.jsonl'),
        maxLogSizeBytes: 1_000,
      };
      await withBus(options, async (bus) => {
        bus.subscribe(fails, 'x');
        for (let n = 0; n < 20; n++) await bus.emitAndWait('x', { n });
        await bus.getEvents();
        const names = readdirSync(folder);
        assert.ok(names.length >= 5, names.join());
        for (const name of names) assert.is(statSync(join(folder, name)).mode & 0o777, 0o600, name);
      });
      deadLetterQueue.close();
    } finally {
      process.umask(umask);
    }
  }));

const POLLUTING =
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":{"polluted":1}}}';
const polluted = (): unknown => (({}) as { polluted?: unknown }).polluted;

test('keys that name a prototype are data on every way through the bus', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    const payload = JSON.parse(POLLUTING) as Record<string, unknown>;
    const deadLetterQueue = new DeadLetterQueue({ path });
    const options: EventBusOptions = {
      deadLetterQueue,
      eventLogPath: join(folder, 'events.jsonl'),
      redactor: new Redactor(),
      schemas: { typed: z.looseObject({}) },
      maxConcurrentHandlers: 1,
    };
    await withBus(options, async (bus) => {
      const seen: unknown[] = [];
      bus.subscribe((event) => void seen.push(Object.keys(event.payload), polluted()), '*');
      bus.subscribe(inline('({ payload }) => ({ keys: Object.keys(payload), polluted: ({}).polluted, payload })'), '*');
      bus.subscribe(
        inline(
          `() => { throw Object.assign(new Error('no'), JSON.parse(${JSON.stringify(`{"own":${POLLUTING}}`)})); }`,
        ),
        'failing',
      );
      for (const type of ['plain', 'typed', 'failing']) {
        const { outcomes } = await bus.emitAndWait(type, payload);
        const value = outcomes[1]!.value as { keys: string[]; polluted: unknown; payload: object };
        assert.is(value.polluted, undefined, 'on a thread');
        // What a schema puts out is its own affair: zod leaves the key away.
        if (type === 'typed') continue;
        assert.equal(value.keys, ['__proto__', 'constructor', 'a']);
        assert.ok(Object.hasOwn(value.payload, '__proto__'));
      }
      await bus.ingest([`${POLLUTING}\n`], { ndjson: true, eventType: 'plain' });
      await bus.waitForPending();
      assert.equal(seen.filter((entry) => Array.isArray(entry)).length, 4);
      const [logged] = await bus.getEvents({ eventType: 'plain' });
      assert.equal(Object.keys(logged!.payload as object), ['__proto__', 'constructor', 'a']);
      assert.equal(Object.keys(BusEvent.fromJsonl(logged!.toJsonl()).payload as object).length, 3);
    });
    deadLetterQueue.close();
    const read = new DeadLetterQueue({ path });
    assert.is(read.size(), 1);
    read.close();
    assert.is(polluted(), undefined, 'on the main thread');
  }));

test('event types that name what every object has are names like any other', async () => {
  const metrics = new MetricsCollector(new InMemoryMetrics());
  const deadLetterQueue = new DeadLetterQueue();
  const types = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  await withBus({ metrics, deadLetterQueue, schemas: { a: z.object({}) } }, async (bus) => {
    const seen: string[] = [];
    bus.subscribe((event) => {
      seen.push(event.eventType);
      throw new Error('no');
    }, types);
    for (const type of types) assert.is((await bus.emitAndWait(type, {})).outcomes.length, 1);
    assert.equal(seen, types);
    const { events_emitted } = metrics.getSnapshot();
    for (const type of types) assert.is(Object.getOwnPropertyDescriptor(events_emitted, type)?.value, 1, type);
    assert.is(deadLetterQueue.getByEventType('__proto__').length, 1);
    bus.getStats();
  });
});

const nested = (depth: number): Record<string, unknown> => {
  let payload: Record<string, unknown> = {};
  for (let i = 0; i < depth; i++) payload = { a: payload };
  return payload;
};

test('a payload of any depth is delivered or refused by its code, and the process stands', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe((event) => Object.keys(event.payload).length, 'x');
    bus.subscribe(inline('({ payload }) => Object.keys(payload).length'), 'x');
    let delivered = 0;
    let refused = 0;
    for (const depth of [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 100_000]) {
      try {
        assert.ok((await bus.emitAndWait('x', nested(depth))).ok, `${depth}`);
        delivered++;
      } catch (error) {
        assert.ok(SerializationError.is(error), String(error));
        refused++;
      }
    }
    // JSON.stringify of a newer Node has no limit of its own.
    assert.is(delivered + refused, 9);
    assert.ok(delivered >= 3);
    const line = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}\n`;
    const report = await bus.ingest([line, '{}\n'], { ndjson: true, eventType: 'x' });
    assert.is(report.lines, 2);
    assert.ok(await bus.waitForPending());
  }));

test('what a handler throws is bounded on its way: text, causes, errors in errors', () =>
  withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
    bus.subscribe(inline("() => { throw new Error('x'.repeat(20_000_000)); }"), 'long');
    bus.subscribe(
      inline(
        "() => { let e = new Error('last'); for (let i = 0; i < 10_000; i++) e = new Error('e', { cause: e }); throw e; }",
      ),
      'chain',
    );
    bus.subscribe(
      inline("() => { throw new AggregateError(Array.from({ length: 100_000 }, () => new Error('x'))); }"),
      'many',
    );
    bus.subscribe(inline("() => { const e = new Error('x'); e.cause = e; throw e; }"), 'circle');
    const long = only(await bus.emitAndWait('long', {})).error!;
    assert.ok(long.message.length < 100_000, `${long.message.length}`);
    let depth = 0;
    for (let error = only(await bus.emitAndWait('chain', {})).error; error; error = error.cause as Error) depth++;
    assert.ok(depth > 1 && depth < 100, `${depth}`);
    const { errors } = only(await bus.emitAndWait('many', {})).error as AggregateError;
    assert.ok(errors.length > 1 && errors.length <= 1_000, `${errors.length}`);
    assert.is(only(await bus.emitAndWait('circle', {})).error!.message, 'x');
  }));

test('figures, health and diagnostics channels hold no payload', async () => {
  const messages: unknown[] = [];
  const listen = (message: unknown): void => void messages.push(message);
  const names = ['emit', 'dropped', 'dead-letter', 'thread', 'audit'].map((name) => `ganglion:${name}`);
  names.push(...['start', 'asyncStart', 'asyncEnd', 'error'].map((phase) => `tracing:ganglion:handler:${phase}`));
  for (const name of names) subscribe(name, listen);
  try {
    const prometheus = new PrometheusMetrics();
    const options = { metrics: new MetricsCollector(prometheus), deadLetterQueue: new DeadLetterQueue() };
    await withBus(options, async (bus) => {
      bus.subscribe(({ payload }) => payload.password, 'x');
      bus.subscribe(fails, 'x');
      await bus.emitAndWait('x', { password: 'hunter2' });
      messages.push(prometheus.render(), bus.health(), bus.getStats());
    });
    assert.ok(messages.length > 6, `${messages.length} messages`);
    assert.not.match(inspect(messages, { depth: 8, showHidden: true }), /hunter2/);
  } finally {
    for (const name of names) unsubscribe(name, listen);
  }
});

test('the pattern of event types is linear, and long names are refused', () => {
  assert.is(checkSync(EVENT_TYPE_PATTERN.source, EVENT_TYPE_PATTERN.flags).status, 'safe');
  assert.not.ok(isValidEventType(`a.${'a'.repeat(1_000_000)}`));
});

test.run();
