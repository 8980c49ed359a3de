import * as assert from 'uvu/assert';
import { encodeEvent, encodeHead, encodePayload, joinParts, maxPartsBytes, splitParts } from '../../src/codec.ts';
import { BusEvent, eventOf } from '../../src/event.ts';
import { EVENT_ID_LENGTH } from '../../src/event-id.ts';
import type { Payload } from '../../src/types.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('property/event');

/** Any UTF-16, lone surrogates among it. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
);
const key = fc.oneof(
  { weight: 5, arbitrary: text },
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'payload', ''),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }).map(fromEntries),
  ),
}));
const payloads = fc.array(fc.tuple(key, json), { maxLength: 6 }).map((entries) => fromEntries(entries) as Payload);
const types = text.filter((type) => type.trim() !== '' && type.isWellFormed());
const labels = fc.option(text, { nil: null });
const ids = fc.string({
  minLength: 1,
  maxLength: 30,
  unit: fc.constantFrom('a', 'k', 'z', '-', ':', 'é', '\u{1f600}'),
});
/** Milliseconds, until 2^32 seconds, in the year 2106. */
const times = fc.integer({ min: 0, max: 4_294_967_295_999 });
/** With microseconds, which two roundings to a Float64 leave intact until 2^31 seconds, in the year 2038. */
const microseconds = fc.integer({ min: 0, max: 2_147_483_647_999_999 }).map((us) => us / 1000);

/** Own properties only: `__proto__` as a key is one like any other. */
function fromEntries(entries: [string, unknown][]): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    // A function under this name is JSON's business, anything else is data.
    Object.defineProperty(made, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return made;
}

/** What JSON keeps of a value: -0 becomes 0. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('an encoded line is JSON of the six keys', () => {
  fc.assert(
    fc.property(types, payloads, times, ids, labels, labels, (type, payload, time, id, source, correlation) => {
      const payloadJson = encodePayload(payload);
      const line = encodeEvent(encodeHead(type), payloadJson, time, id, source, correlation);
      assert.not(/[\n\r]/.test(line), 'one line');
      assert.is(Buffer.from(line).toString(), line, 'UTF-8 can hold it');
      const record = JSON.parse(line) as Record<string, unknown>;
      assert.equal(Object.keys(record), ['event_type', 'payload', 'timestamp', 'event_id', 'source', 'correlation_id']);
      assert.is(record.event_type, type);
      assert.is(JSON.stringify(record.payload), payloadJson);
      assert.is(Math.round((record.timestamp as number) * 1000), time);
      assert.equal([record.event_id, record.source, record.correlation_id], [id, source, correlation]);
    }),
  );
});

test('an event that travelled as one text is the same event', () => {
  const own = fc.string({ minLength: EVENT_ID_LENGTH, maxLength: EVENT_ID_LENGTH, unit: fc.constantFrom('a', 'z') });
  // Those of other programs are of any length.
  const eventIds = fc.oneof(own, fc.uuid(), fc.string({ minLength: 1 }));
  fc.assert(
    fc.property(
      types,
      payloads,
      times,
      eventIds,
      labels,
      labels,
      (eventType, payload, timestamp, eventId, source, correlationId) => {
        const payloadJson = encodePayload(payload);
        const parts = { eventType, payloadJson, timestamp, eventId, source, correlationId };
        const sent = joinParts(parts);
        const bytes = Buffer.from(sent);
        assert.ok(bytes.length <= maxPartsBytes(parts));
        const got = splitParts(bytes.toString(), payloadJson.length, eventType.length, timestamp);
        assert.equal({ ...parts, ...got, trace: undefined }, { ...parts, trace: undefined });
        assert.not.ok(got.trace);
        const event = eventOf(got, undefined, false);
        assert.is(JSON.stringify(event.payload), JSON.stringify(asJson(payload)));
        assert.is(Object.getPrototypeOf(event.payload), Object.prototype, '__proto__ is a key, not a prototype');
        assert.is(
          event.toJsonl(),
          encodeEvent(encodeHead(eventType), payloadJson, timestamp, eventId, source, correlationId),
        );
      },
    ),
  );
});

test('fromJsonl(toJsonl) is the same event, and the same line', () => {
  fc.assert(
    fc.property(
      types,
      payloads,
      fc.oneof(times, microseconds),
      ids,
      labels,
      labels,
      (type, payload, time, id, source, correlation) => {
        const made = new BusEvent(type, payload, {
          eventId: id,
          timestamp: time,
          ...(source === null ? {} : { source }),
          ...(correlation === null ? {} : { correlationId: correlation }),
        });
        const line = made.toJsonl();
        const read = BusEvent.fromJsonl(line);
        assert.is(read.toJsonl(), line);
        assert.is(read.eventType, type);
        assert.is(read.timestamp, time);
        assert.equal([read.eventId, read.source, read.correlationId], [id, source, correlation]);
        assert.is(JSON.stringify(read.payload), JSON.stringify(asJson(payload)));
        assert.is(JSON.stringify(read), JSON.stringify(JSON.parse(line)), 'toJSON gives the same keys');
      },
    ),
  );
});

test('frozen all the way down where it is asked for', () => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  fc.assert(
    fc.property(payloads, (payload) => {
      const payloadJson = encodePayload(payload);
      const parts = { eventType: 't', payloadJson, timestamp: 1, eventId: 'id', source: null, correlationId: null };
      assert.ok(frozen(eventOf(parts, undefined, true).payload));
    }),
  );
});

test.run();
