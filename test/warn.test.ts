import * as assert from 'uvu/assert';
import { DeadLetterQueue, type EventBus, type EventBusOptions, MetricsCollector, NoopMetrics } from '../src/index.ts';
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

const failing = (): never => {
  throw new Error('the mail server is down');
};

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
  GANGLION_UNHEARD_FAILURE: {
    act: () =>
      withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
        bus.subscribe(failing, 'x', { name: 'mailer' });
        bus.subscribe(new URL('file:///nowhere/at/all.js'), 'x');
        for (const _ of [1, 2]) bus.emit('x', {});
        await bus.waitForPending();
      }),
    says: /handler mailer failed on x \(handler_error\), and nobody hears of it: the mail server is down\. /,
    next: /Subscribe to system\.handler_error, await emitAndWait, or give the bus a deadLetterQueue or an eventLogPath$/,
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

function deferred(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject!: (error: Error) => void;
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  return { promise, reject };
}

const unheard = async (act: () => Promise<unknown>): Promise<string[]> =>
  (await warnings(act)).filter(({ code }) => code === 'GANGLION_UNHEARD_FAILURE').map(({ message }) => message);

test('a failure is unheard once per handler and reason, of a module that is missing as well', async () => {
  const messages = await unheard(warned.GANGLION_UNHEARD_FAILURE!.act);
  assert.is(messages.length, 2);
  assert.ok(messages.some((message) => message.startsWith('handler all failed on x (handler_load_error)')));
});

const metrics = new MetricsCollector(new NoopMetrics());
const heard: Readonly<Record<string, [EventBusOptions, (bus: EventBus) => unknown]>> = {
  'a dead letter queue': [{ deadLetterQueue: new DeadLetterQueue() }, (bus) => bus.emit('x', {})],
  metrics: [{ metrics }, (bus) => bus.emit('x', {})],
  emitAndWait: [{}, (bus) => bus.emitAndWait('x', {})],
  ingest: [{}, (bus) => bus.ingest([{}], { eventType: 'x' })],
  'a subscriber to system.handler_error': [
    {},
    (bus) => {
      bus.subscribe(() => {}, 'system.*');
      bus.emit('x', {});
    },
  ],
};
for (const [who, [options, emit]] of Object.entries(heard)) {
  test(`a failure that reaches ${who} is no warning`, async () => {
    const messages = await unheard(() =>
      withBus(options, async (bus) => {
        bus.subscribe(failing, 'x');
        await emit(bus);
        await bus.waitForPending();
        assert.is(bus.getStats().failed, 1);
      }),
    );
    assert.equal(messages, []);
  });
}

test('an error after the outcome that nobody hears is a warning, unless it is how a handler heeds its signal', async () => {
  for (const [name, found] of [
    ['Error', ["an error came after its handler's outcome on x, and nobody hears of it: too late. "]],
    ['AbortError', []],
  ] as const) {
    const messages = await unheard(() =>
      withBus({}, async (bus) => {
        const { promise, reject } = deferred();
        bus.subscribe(() => promise, 'x', { timeoutMs: 5 });
        await bus.emitAndWait('x', {});
        reject(Object.assign(new Error('too late'), { name }));
      }),
    );
    assert.equal(
      messages.map((message) => message.slice(0, message.indexOf('Subscribe'))),
      found,
    );
  }
});

test.run();
