import { trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import * as assert from 'uvu/assert';
import { fixture, withBus } from './bus/fixtures.ts';
import { tests } from './helpers.ts';
import { withSdk } from './telemetry-sdk.ts';

const test = tests('telemetry: what is not sampled');
test('what is not sampled makes no spans, and tells its threads so', () =>
  withSdk(
    (spans) =>
      withBus({}, async (bus) => {
        bus.subscribe(fixture('traces', 'works'), 'parent');
        bus.subscribe(() => {}, 'parent');
        const { outcomes } = await bus.emitAndWait('parent', {});
        assert.is(spans().length, 0);
        // Its SDK would have recorded a root of its own.
        assert.equal(outcomes[0]?.reason, 'handler_error');
      }),
    new AlwaysOffSampler(),
  ));

for (const contexts of [true, false]) {
  test(`what is not sampled continues, unsampled, in what its handlers emit, ${contexts ? 'with' : 'without'} a context manager`, () => {
    const asked: { name: string; traceId: string }[] = [];
    const nothing: Sampler = {
      shouldSample: (_context, traceId, name) => {
        asked.push({ name, traceId });
        return { decision: SamplingDecision.NOT_RECORD };
      },
    };
    return withSdk(
      (spans) =>
        withBus({}, async (bus) => {
          bus.subscribe((_event, { emit }) => void emit('child.inline', {}), 'parent');
          bus.subscribe(fixture('tools', 'emits'), 'parent');
          await bus.emitAndWait('parent', {});
          assert.ok(await bus.waitForPending());
          assert.equal(asked.map(({ name }) => name).sort(), [
            'send child.async',
            'send child.inline',
            'send child.sync',
            'send parent',
          ]);
          assert.is(new Set(asked.map(({ traceId }) => traceId)).size, 1);
          assert.is(spans().length, 0);
        }),
      nothing,
      contexts,
    );
  });
}

test('what is recorded though it is not sampled has spans of its handlers too', async () => {
  const ended: string[] = [];
  const processor: SpanProcessor = {
    onStart: () => {},
    onEnd: ({ name }) => void ended.push(name),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const records: Sampler = { shouldSample: () => ({ decision: SamplingDecision.RECORD }) };
  const provider = new BasicTracerProvider({ spanProcessors: [processor], sampler: records });
  trace.setGlobalTracerProvider(provider);
  try {
    await withBus({}, async (bus) => {
      bus.subscribe(fixture('echo'), 'x');
      bus.subscribe(() => {}, 'x');
      await bus.emitAndWait('x', {});
    });
  } finally {
    trace.disable();
    await provider.shutdown();
  }
  assert.equal(ended.sort(), ['process x', 'process x', 'send x']);
});

test.run();
