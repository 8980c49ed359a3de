import * as otel from '@opentelemetry/api';
import * as assert from 'uvu/assert';
import { contextOf, formatTrace, isSampled, parseTrace } from '../src/trace-context.ts';
import { tests } from './helpers.ts';

const test = tests('trace context');
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

test('all flags go through, and the sampled one is seen without parsing', () => {
  for (let traceFlags = 0; traceFlags < 256; traceFlags++) {
    const text = formatTrace({ traceId, spanId, traceFlags });
    assert.is(text.length, 55);
    assert.equal(parseTrace(otel, text), { traceId, spanId, traceFlags, isRemote: true });
    assert.is(isSampled(text), (traceFlags & otel.TraceFlags.SAMPLED) !== 0, text);
  }
});

test('a trace state goes with it', () => {
  const traceState = otel.createTraceState('vendor=1,other=2');
  const text = formatTrace({ traceId, spanId, traceFlags: 1, traceState });
  assert.ok(isSampled(text));
  assert.is(parseTrace(otel, text)?.traceState?.serialize(), 'vendor=1,other=2');
});

test('what is no context is none, and its context has no parent', () => {
  const good = formatTrace({ traceId, spanId, traceFlags: 1 });
  for (const bad of [
    '',
    'x',
    good.toUpperCase(),
    good.slice(1),
    `ff${good.slice(2)}`,
    good.replace(traceId, '0'.repeat(32)),
  ]) {
    assert.is(parseTrace(otel, bad), undefined, bad);
    assert.is(contextOf(otel, bad), otel.ROOT_CONTEXT);
  }
});

test.run();
