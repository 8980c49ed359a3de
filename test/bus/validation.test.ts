import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { z } from 'zod';
import { EventBus, type EventBusOptions, EventValidator, MetricsCollector, ValidationError } from '../../src/index.ts';
import { tests } from '../helpers.ts';
import { balance, fixture, nextEvent, only, withBus } from './fixtures.ts';

const test = tests('validation on the bus');

/** The error that `emit` throws. */
function refusal(run: () => unknown): { code?: string; problems?: readonly string[]; message: string } {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

test('validateEvents refuses with every problem, and nothing was emitted', () =>
  withBus({ validateEvents: true }, async (bus) => {
    const seen: unknown[] = [];
    bus.subscribe((event) => void seen.push(event), '*');
    const error = refusal(() => bus.emit('Bad Name', {}));
    assert.ok(ValidationError.is(error));
    assert.match(error.message, /Bad Name/);
    const asynchronously = await bus.emitAndWait('Bad', {}).catch((e: unknown) => e);
    assert.ok(ValidationError.is(asynchronously));
    assert.ok(ValidationError.is(await bus.emitAsync('Bad', {}).catch((e: unknown) => e)));
    assert.is(bus.getStats().emitted, 0);
    assert.is(bus.getStats().validation_failures, 3);
    assert.ok(bus.getStats().validation_enabled);
    assert.ok((await bus.emitAndWait('good.name', {})).ok);
    assert.is(seen.length, 1);
  }));

test('a validator of its own: source and domain; a payload that is none stays InvalidEventError', () => {
  const validator = new EventValidator({ requireSource: true, allowedDomains: ['user'] });
  return withBus({ validator }, async (bus) => {
    assert.is(refusal(() => bus.emit('chat.sent', {})).problems?.length, 2);
    assert.is(refusal(() => bus.emit('user.login', [] as never)).code, 'ERR_GANGLION_INVALID_EVENT');
    assert.is(refusal(() => bus.emit('', {})).code, 'ERR_GANGLION_INVALID_EVENT');
    assert.ok(bus.emit('user.login', {}, { source: 'web' }));
  });
});

test('one that is not strict lets events pass and counts them; validateEvents false switches it off', async () => {
  const validator = new EventValidator({ strict: false });
  await withBus({ validator }, async (bus) => {
    assert.ok(bus.emit('Bad', {}));
    assert.is(bus.getStats().validation_failures, 1);
    assert.is(bus.getStats().emitted, 1);
  });
  await withBus({ validator, validateEvents: false }, async (bus) => {
    assert.ok(bus.emit('Bad', {}));
    assert.is(bus.getStats().validation_failures, 0);
    assert.not.ok(bus.getStats().validation_enabled);
  });
});

test('a validator or a schema that throws, or says nothing, is a ValidationError; one that is not strict passes', async () => {
  const failing: [EventBusOptions, RegExp][] = [
    [{ validator: { validate: () => JSON.parse('{') as never } }, /its validator threw: .*JSON/],
    [{ validator: { validate: () => undefined as never } }, /its validator threw/],
    [{ validator: { validate: () => ({ ok: false }) as never } }, /its validator threw/],
    [{ schemas: { x: { '~standard': { validate: () => undefined } } } as never }, /its schema threw/],
    [{ schemas: { x: { '~standard': { validate: () => ({ issues: [null] }) } } } as never }, /its schema threw/],
  ];
  for (const [options, says] of failing) {
    await withBus(options, async (bus) => {
      const error = await bus.emitAsync('x', {}).catch((e: unknown) => e);
      assert.ok(ValidationError.is(error), String(error));
      assert.match(error.message, says);
      assert.is(bus.getStats().validation_failures, 1);
    });
  }
  await withBus({ validator: { strict: false, validate: () => JSON.parse('{') as never } }, async (bus) => {
    assert.ok(bus.emit('x', {}));
    assert.is(bus.getStats().validation_failures, 1);
  });
});

test('options that are none are named together', () => {
  const options = {
    validateEvents: 1,
    validator: {},
    schemas: { a: {}, b: null },
    compileSchemas: 'yes',
    metrics: {},
    tracing: 0,
  };
  assert.is(refusal(() => new EventBus(options as unknown as EventBusOptions)).problems?.length, 7);
});

const login = {
  zod: z.object({ userId: z.string().min(1), tries: z.number().int().default(1) }),
  valibot: v.object({
    userId: v.pipe(v.string(), v.minLength(1)),
    tries: v.optional(v.pipe(v.number(), v.integer()), 1),
  }),
};

for (const library of ['zod', 'valibot'] as const) {
  test(`${library}: its output is what is emitted, and every issue is told with its path`, async () => {
    const bus = new EventBus({ schemas: { 'user.login': login[library] }, maxConcurrentHandlers: 1, spareThreads: 0 });
    try {
      bus.subscribe((event) => event.payload.tries + event.payload.userId.length, 'user.login');
      bus.subscribe(fixture('echo'), 'user.login');
      const { outcomes } = await bus.emitAndWait('user.login', { userId: 'abc' });
      assert.is(outcomes[0]?.value, 4);
      assert.equal((outcomes[1]!.value as { payload: unknown }).payload, { userId: 'abc', tries: 1 });
      const wrong = { userId: '', tries: 1.5 } as { userId: string };
      const { problems } = refusal(() => bus.emit('user.login', wrong));
      assert.is(problems?.length, 2);
      assert.match(problems![0]!, /^payload\.userId: /);
      assert.match(problems![1]!, /^payload\.tries: /);
      assert.is(bus.getStats().emitted, 1);
      assert.is(bus.getStats().validation_failures, 1);
    } finally {
      await bus.shutdown({ timeoutMs: 0 });
    }
  });
}

const hostile: [string, object, RegExp][] = [
  [
    'throws',
    {
      validate: () => {
        throw new Error('boom');
      },
    },
    /boom/,
  ],
  [
    'is asynchronous',
    {
      validate: async () => {
        throw new Error('later');
      },
    },
    /asynchronous/,
  ],
  [
    'has issues without end',
    { validate: () => ({ issues: Array.from({ length: 100_000 }, () => ({ message: 'no' })) }) },
    /and 99980 more$/,
  ],
  ['has no issue to tell', { validate: () => ({ issues: [] }) }, /without a reason/],
  ['makes no object', { validate: () => ({ value: 7 }) }, /must be a plain object, got number 7/],
];
for (const [what, standard, message] of hostile) {
  test(`a schema that ${what}`, () => {
    const schemas = { a: { '~standard': { version: 1, vendor: 'test', ...standard } } } as unknown as NonNullable<
      EventBusOptions['schemas']
    >;
    return withBus({ schemas }, async (bus) => {
      assert.match(refusal(() => bus.emit('a', {})).message, message);
      assert.is(bus.getStats().emitted, 0);
      // Types without a schema are not looked at.
      assert.ok(bus.emit('b', {}));
    });
  });
}

test('what a handler on a thread emits is checked on its arrival, and counts as failed', async () => {
  const schemas = {
    'child.sync': z.object({
      n: z
        .number()
        .max(5)
        .transform((n) => n * 10),
    }),
  };
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const metrics = new MetricsCollector();
  await withBus({ schemas: schemas as never, metrics }, async (bus) => {
    bus.subscribe(fixture('tools', 'emits'), 'x');
    const child = nextEvent(bus, 'child.sync');
    await bus.emitAndWait('x', { n: 3 });
    assert.equal((await child).payload, { n: 30 });
    await bus.emitAndWait('x', { n: 9 });
    assert.match((await warned).message, /child\.sync: payload\.n/);
    assert.ok(await bus.waitForPending());
    const { emitted, failed, validation_failures } = bus.getStats();
    assert.equal([emitted, failed, validation_failures], [6, 1, 1]);
    assert.is(metrics.getSnapshot().total_events_emitted, emitted);
    assert.is(balance(bus), 0);
  });
});

test('a compiled schema writes the same; what it would change in silence is an error', async () => {
  const schemas = {
    point: z.object({ x: z.number(), name: z.string().optional() }),
    loose: z.looseObject({ x: z.number() }),
  };
  const bus = new EventBus({ schemas, compileSchemas: true });
  try {
    bus.subscribe((event) => event.payload, ['point', 'loose']);
    // Beyond the payloads that are all compared.
    for (let i = 0; i < 100; i++) {
      const payload = { x: i / 3, name: `"\u2028\ud800${i}` };
      assert.equal(only(await bus.emitAndWait('point', payload)).value, JSON.parse(JSON.stringify(payload)));
    }
    // Standard JSON has no NaN: the one writes null, the other would write something else or throw.
    const lying = { '~standard': { ...schemas.point['~standard'], validate: (value: unknown) => ({ value }) } };
    const other = new EventBus({ schemas: { point: lying as typeof schemas.point }, compileSchemas: true });
    assert.is(refusal(() => other.emit('point', { x: 1, extra: 'lost' } as never)).code, 'ERR_GANGLION_SERIALIZATION');
    assert.is(refusal(() => other.emit('point', { x: null } as never)).code, 'ERR_GANGLION_SERIALIZATION');
    assert.is(other.getStats().emitted, 0);
    await other.shutdown();
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
  }
});

test.run();
