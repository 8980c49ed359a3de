import * as otel from '@opentelemetry/api';
import * as assert from 'uvu/assert';
import { joinParts, splitParts } from '../src/codec.ts';
import { nextEventId } from '../src/event-id.ts';
import { contextOf, formatTrace, formatTraceparent, parseTrace, parseTraceparent } from '../src/trace-context.ts';
import { tests } from './helpers.ts';

const test = tests('trace context');
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

test('all flags go through', () => {
  for (let traceFlags = 0; traceFlags < 256; traceFlags++) {
    const spanContext = { traceId, spanId, traceFlags };
    assert.equal(parseTrace(otel, formatTrace(spanContext)), { ...spanContext, isRemote: true });
    assert.equal(parseTraceparent(otel, formatTraceparent(spanContext), ''), { ...spanContext, isRemote: true });
  }
  assert.is(formatTraceparent({ traceId, spanId, traceFlags: 1 }), `00-${traceId}-${spanId}-01`);
});

test('a trace state goes with it', () => {
  const traceState = otel.createTraceState('vendor=1,other=2');
  const text = formatTrace({ traceId, spanId, traceFlags: 1, traceState });
  assert.is(parseTrace(otel, text)?.traceState?.serialize(), 'vendor=1,other=2');
  const header = parseTraceparent(otel, formatTraceparent({ traceId, spanId, traceFlags: 1 }), 'vendor=1,other=2');
  assert.is(header?.traceState?.serialize(), 'vendor=1,other=2');
});

test('an event between threads carries it as it is, whatever else the event has', () => {
  const traceState = { serialize: () => 'vendor=1\n,other=[2' } as otel.TraceState;
  for (const trace of [
    { traceId, spanId, traceFlags: 0 },
    { traceId, spanId, traceFlags: 1, traceState },
  ].map(formatTrace)) {
    for (const eventId of [nextEventId(1), 'of another program']) {
      for (const source of [null, 'line\nfeed']) {
        const parts = {
          eventType: 'a.b',
          payloadJson: '{}',
          timestamp: 1,
          eventId,
          source,
          correlationId: null,
          trace,
        };
        assert.equal(splitParts(joinParts(parts), 2, 3, 1), parts);
      }
    }
  }
});

test('what is no context is none, and its context has no parent', () => {
  const good = formatTrace({ traceId, spanId, traceFlags: 1 });
  for (const bad of ['', 'x', '\n', good.toUpperCase(), good.slice(1), good.replace(traceId, '0'.repeat(32))]) {
    assert.is(parseTrace(otel, bad), undefined, bad);
    assert.is(contextOf(otel, bad), otel.ROOT_CONTEXT);
  }
  const header = formatTraceparent({ traceId, spanId, traceFlags: 1 });
  for (const bad of [
    '',
    'x',
    `${header}-`,
    `${header}\n`,
    header.toUpperCase(),
    header.slice(1),
    `ff${header.slice(2)}`,
  ]) {
    assert.is(parseTraceparent(otel, bad, ''), undefined, bad);
  }
});

test.run();
