import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import * as assert from 'uvu/assert';

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
export const PARENT: string = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

/** Runs with a real SDK registered, and gives what it has recorded. */
export async function withSdk(
  use: (spans: () => ReadableSpan[]) => Promise<void>,
  sampler?: Sampler,
  contexts = true,
): Promise<void> {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler === undefined ? {} : { sampler }),
  });
  trace.setGlobalTracerProvider(provider);
  if (contexts) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    await use(() => exporter.getFinishedSpans());
  } finally {
    trace.disable();
    context.disable();
    await provider.shutdown();
  }
}

/** The one span of that name. */
export const named = (spans: readonly ReadableSpan[], name: string): ReadableSpan => {
  const found = spans.filter((span) => span.name === name);
  assert.is(found.length, 1, `${name} among ${spans.map((span) => span.name).join()}`);
  return found[0]!;
};
/** Of a span's time. */
export const ms = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;
