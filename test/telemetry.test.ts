import { propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import * as assert from 'uvu/assert';
import * as ganglion from '../src/index.ts';
import { fails, fixture, only, withBus } from './bus/fixtures.ts';
import { tests } from './helpers.ts';
import { ms, named, PARENT, TRACE_ID, withSdk } from './telemetry-sdk.ts';

const test = tests('telemetry');
test('a producer span per event, a linked consumer span per handler with its real times', () =>
  withSdk((spans) =>
    withBus({}, async (bus) => {
      bus.subscribe(fixture('tools', 'spins'), 'order.placed', { name: 'module' });
      bus.subscribe(() => new Promise((resolve) => setImmediate(resolve)), 'order.placed', { name: 'inline' });
      const { eventId, outcomes } = await bus.emitAndWait('order.placed', { ms: 20 }, { correlationId: 'c-1' });
      const send = named(spans(), 'send order.placed');
      assert.is(send.kind, SpanKind.PRODUCER);
      assert.equal(send.attributes, {
        'messaging.system': 'ganglion',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'order.placed',
        'messaging.message.id': eventId,
        'messaging.message.conversation_id': 'c-1',
      });
      const processed = spans().filter(({ name }) => name === 'process order.placed');
      assert.is(processed.length, 2);
      for (const span of processed) {
        assert.is(span.kind, SpanKind.CONSUMER);
        assert.is(span.spanContext().traceId, send.spanContext().traceId);
        assert.is(span.parentSpanContext?.spanId, send.spanContext().spanId);
        assert.equal(
          span.links.map((link) => link.context.spanId),
          [send.spanContext().spanId],
        );
        assert.is(span.status.code, SpanStatusCode.UNSET);
        assert.is(span.attributes['messaging.operation.type'], 'process');
        assert.is(span.attributes['messaging.message.conversation_id'], 'c-1');
        const outcome = outcomes.find(
          (o) => o.handlerName === span.attributes['messaging.destination.subscription.name'],
        )!;
        assert.is(span.attributes['thread.id'], outcome.threadId);
        assert.ok(
          Math.abs(ms(span.duration) - outcome.durationMs) < 2,
          `${ms(span.duration)} of ${outcome.durationMs}`,
        );
        assert.ok(ms(span.startTime) - ms(send.startTime) >= -2 && Math.abs(ms(span.endTime) - Date.now()) < 60_000);
      }
    }),
  ));

test('a failure has the code as error.type, a status and the exception', () =>
  withSdk((spans) =>
    withBus({}, async (bus) => {
      bus.subscribe(fails, 'throws');
      bus.subscribe(() => new Promise(() => {}), 'sleeps', { timeoutMs: 5 });
      bus.subscribe(fixture('throws-at-import'), 'unloadable');
      for (const type of ['throws', 'sleeps', 'unloadable']) await bus.emitAndWait(type, {});
      const types = ['throws', 'sleeps', 'unloadable'].map((type) => {
        const span = named(spans(), `process ${type}`);
        assert.is(span.status.code, SpanStatusCode.ERROR);
        assert.is(span.events[0]?.name, 'exception');
        return span.attributes['error.type'];
      });
      assert.equal(types, ['handler_error', 'ERR_GANGLION_HANDLER_TIMEOUT', 'ERR_GANGLION_HANDLER_LOAD']);
    }),
  ));

test('inside a handler of the main thread its span is active, and what it emits continues it', () =>
  withSdk((spans) =>
    withBus({}, async (bus) => {
      let inside: Span | undefined;
      bus.subscribe(async (_event, { emit }) => {
        await new Promise((resolve) => setImmediate(resolve));
        inside = ganglion.getCurrentSpan();
        ganglion.addEventToSpan('half way', { n: 1 });
        ganglion.setSpanAttribute('shop', 'a');
        emit('child', {});
      }, 'parent');
      await trace.getTracer('test').startActiveSpan('request', async (request) => {
        await bus.emitAndWait('parent', {});
        request.end();
      });
      const process = named(spans(), 'process parent');
      assert.is(inside?.spanContext().spanId, process.spanContext().spanId);
      assert.is(process.events[0]?.name, 'half way');
      assert.is(process.attributes.shop, 'a');
      assert.is(named(spans(), 'send child').parentSpanContext?.spanId, process.spanContext().spanId);
      assert.is(
        named(spans(), 'send parent').parentSpanContext?.spanId,
        named(spans(), 'request').spanContext().spanId,
      );
    }),
  ));

test('without a context manager too', () =>
  withSdk(
    (spans) =>
      withBus({}, async (bus) => {
        bus.subscribe((_event, context_) => void context_.emit('child', {}), 'parent');
        await bus.emitAndWait('parent', {});
        assert.is(
          named(spans(), 'send child').parentSpanContext?.spanId,
          named(spans(), 'process parent').spanContext().spanId,
        );
      }),
    undefined,
    false,
  ));

test("the trace goes into a thread, through its handler's own SDK, and back with what it emits", () =>
  withSdk((spans) =>
    withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
      bus.subscribe(fixture('traces', 'works'), 'parent');
      const value = only(await bus.emitAndWait('parent', {}, { correlationId: 'c', source: 's' })).value as Record<
        string,
        string
      >;
      assert.ok(await bus.waitForPending());
      const send = named(spans(), 'send parent').spanContext();
      assert.is(value.seen, send.traceId);
      assert.is(value.traceId, send.traceId);
      assert.is(value.parent, send.spanId);
      const child = named(spans(), 'send child.traced');
      assert.is(child.spanContext().traceId, send.traceId);
      assert.is(child.parentSpanContext?.spanId, value.spanId);
      assert.is(child.attributes['messaging.message.conversation_id'], 'c');
    }),
  ));

test('a handler on a thread without an SDK sees the same event, and its emits continue the trace', () =>
  withSdk((spans) =>
    withBus({}, async (bus) => {
      bus.subscribe(fixture('tools', 'whole'), 'x');
      bus.subscribe(fixture('tools', 'emits'), 'x');
      const { outcomes } = await bus.emitAndWait('x', { n: '"é\u2028' }, { source: 'sö', correlationId: 'c' });
      const { json } = outcomes[0]!.value as { json: Record<string, unknown> };
      assert.equal([json.source, json.correlation_id, json.payload], ['sö', 'c', { n: '"é\u2028' }]);
      await bus.waitForPending();
      assert.is(
        named(spans(), 'send child.async').parentSpanContext?.spanId,
        named(spans(), 'send x').spanContext().spanId,
      );
    }),
  ));

test('without an SDK nothing is made; tracing: true waits for one; tracing: false wants none', async () => {
  await withBus({ tracing: true }, (waiting) =>
    withBus({}, async (before) => {
      await waiting.emitAndWait('early', {});
      await withSdk((spans) =>
        withBus({ tracing: false }, async (without) => {
          for (const bus of [waiting, before, without]) await bus.emitAndWait('x', {});
          assert.equal(
            spans().map(({ name }) => name),
            ['send x'],
          );
        }),
      );
      await waiting.emitAndWait('late', {});
    }),
  );
});

test('traced: values, errors, promises, this and arguments', () =>
  withSdk(async (spans) => {
    const own = {
      factor: 3,
      times: ganglion.traced('times', function (this: { factor: number }, n: number) {
        return n * this.factor;
      }),
    };
    assert.is(own.times(4), 12);
    const error = new Error('no');
    assert.throws(
      ganglion.traced('throws', () => {
        throw error;
      }),
      'no',
    );
    const later = ganglion.traced(
      'later',
      async (n: number) => {
        await Promise.resolve();
        assert.is(ganglion.getTraceCorrelationId()?.length, 32);
        if (n > 1) throw error;
        return n;
      },
      { attributes: { a: 1 }, kind: SpanKind.CLIENT },
    );
    assert.is(await later(1), 1);
    assert.is(await later(2).catch((e: unknown) => e), error);
    assert.equal(
      spans().map(({ name, status, kind }) => [name, status.code, kind]),
      [
        ['times', SpanStatusCode.UNSET, SpanKind.INTERNAL],
        ['throws', SpanStatusCode.ERROR, SpanKind.INTERNAL],
        ['later', SpanStatusCode.UNSET, SpanKind.CLIENT],
        ['later', SpanStatusCode.ERROR, SpanKind.CLIENT],
      ],
    );
    assert.is(ganglion.getTraceCorrelationId(), undefined);
  }));

test('headers carry the context out and in, also without a propagator', () =>
  withSdk(async () => {
    const { traceparent } = ganglion.traced('out', () => ganglion.injectTraceContextToHeaders({ a: '1' }))();
    assert.match(traceparent!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.equal(ganglion.injectTraceContextToHeaders({ a: '1' }), { a: '1' });
    const extracted = ganglion.extractTraceContextFromHeaders({ TraceParent: PARENT, tracestate: 'k=v' })!;
    assert.is(trace.getSpanContext(extracted)?.traceId, TRACE_ID);
    assert.is(trace.getSpanContext(extracted)?.traceState?.get('k'), 'v');
    assert.is(
      trace.getSpanContext(ganglion.extractTraceContextFromHeaders(new Headers({ traceparent: PARENT }))!)?.traceId,
      TRACE_ID,
    );
    for (const bad of ['', 'x', `${PARENT}0`, `ff${PARENT.slice(2)}`, PARENT.replace(TRACE_ID, '0'.repeat(32))]) {
      assert.is(trace.getSpanContext(ganglion.extractTraceContextFromHeaders({ traceparent: bad })!), undefined, bad);
    }
    const seen: unknown[] = [];
    propagation.setGlobalPropagator({
      inject: (_context, carrier) => {
        (carrier as Record<string, string>).b3 = '1';
      },
      extract: (into, carrier) => {
        seen.push(carrier);
        return into;
      },
      fields: () => ['b3'],
    });
    try {
      assert.equal(ganglion.injectTraceContextToHeaders(), { b3: '1' });
      ganglion.extractTraceContextFromHeaders({ B3: '1' });
      assert.equal(seen, [{ b3: '1' }]);
    } finally {
      propagation.disable();
    }
  }));

test.run();
