import * as assert from 'uvu/assert';
import { MetricsCollector } from '../src/index.ts';
import { withBus } from './bus/fixtures.ts';
import { tests } from './helpers.ts';

const test = tests('warnings');

/** The warnings of the process while `act` runs, once each has been told. */
async function warnings(act: () => Promise<unknown>): Promise<{ code: unknown; message: string }[]> {
  const found: { code: unknown; message: string }[] = [];
  const listen = (warning: Error & { code?: unknown }): void =>
    void found.push({ code: warning.code, message: warning.message });
  process.on('warning', listen);
  try {
    await act();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('warning', listen);
  }
  return found;
}

/** A handler module in a line. */
const moduleOf = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

interface Case {
  /** Makes the warning happen as a user would. */
  act: () => Promise<unknown>;
  /** What happened, with the value. */
  says: RegExp;
  /** The next step. */
  next: RegExp;
}

const warned: Readonly<Record<string, Case>> = {
  GANGLION_UNENCODABLE_VALUE: {
    act: () =>
      withBus({}, async (bus) => {
        bus.subscribe(() => 1n, 'x');
        bus.subscribe(moduleOf('export default () => 1n'), 'x', { name: 'big' });
        for (const _ of [1, 2]) await bus.emitAndWait('x', {});
      }),
    says: /handler big returned a value that JSON can't hold/,
    next: /Return plain data, a Uint8Array, or nothing/,
  },
  GANGLION_INVALID_EVENT: {
    act: () =>
      withBus({ validateEvents: true }, async (bus) => {
        bus.subscribe(moduleOf("export default (event, context) => void context.emit('Bad Name', {})"), 'x.y');
        for (const _ of [1, 2]) await bus.emitAndWait('x.y', {});
        await bus.waitForPending();
      }),
    says: /counts as failed: Bad Name/,
    next: /Correct what it emits/,
  },
  GANGLION_METRICS_BACKEND: {
    act: async () => {
      const fails = (): never => {
        throw new Error('the backend is down');
      };
      const backend = { increment: fails, gauge: fails, histogram: fails, timing: fails };
      await withBus({ metrics: new MetricsCollector(backend) }, (bus) => bus.emitAndWait('x', {}));
    },
    says: /the backend is down/,
    next: /backendErrors counts how often/,
  },
  GANGLION_TEARDOWN_ERROR: {
    act: () =>
      withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
        const code = "export default () => {}; export const teardown = () => { throw new Error('still busy'); };";
        bus.subscribe(moduleOf(code), 'x');
        await bus.emitAndWait('x', {});
        await bus.shutdown();
      }),
    says: /still busy/,
    next: /may still be open/,
  },
  GANGLION_HOST_ERROR: {
    act: () =>
      withBus({ maxConcurrentHandlers: 1, spareThreads: 0 }, async (bus) => {
        // The handler has returned when the thread's own loop meets it.
        const code = `export default () => void setImmediate(() => {
          Atomics.load = () => { throw new Error('load is not what it was'); };
        })`;
        bus.subscribe(moduleOf(code), 'x');
        for (let n = 0; n < 2; n++) {
          const restarted = bus.waitFor('system.thread_restarted', { timeoutMs: 20_000 });
          assert.ok((await bus.emitAndWait('x', {})).ok, 'its delivery is none the worse for it');
          await restarted;
        }
      }),
    says: /load is not what it was/,
    next: /changes Node's built-ins/,
  },
};

for (const [code, { act, says, next }] of Object.entries(warned)) {
  test(`${code} is warned of once, with value and next step`, async () => {
    const found = (await warnings(act)).filter((warning) => warning.code === code);
    assert.ok(found.length > 0, 'no warning');
    assert.is(new Set(found.map(({ message }) => message)).size, found.length, 'the same twice');
    const match = found.find(({ message }) => says.test(message));
    assert.ok(match, found.map(({ message }) => message).join('\n'));
    assert.match(match.message, next);
  });
}

test.run();
