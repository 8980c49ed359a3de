import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import * as ganglion from '../src/index.ts';
import { openRing } from '../src/ring/layout.ts';
import { fails, fixture, only, withBus } from './bus/fixtures.ts';
import { tests } from './helpers.ts';

const test = tests('messages');

const { BusEvent, DeadLetterQueue, EventBus } = ganglion;
type Bus = ganglion.EventBus;

const folder = mkdtempSync(join(tmpdir(), 'ganglion-messages-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What `act` throws, or rejects with. */
async function thrown(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The error of the one outcome of an event of type `x`. */
async function outcomeError(
  handler: ganglion.InlineHandler | ganglion.HandlerModule,
  options: ganglion.SubscribeOptions = {},
  busOptions: ganglion.EventBusOptions = {},
): Promise<unknown> {
  return withBus(busOptions, async (bus) => {
    bus.subscribe(handler, 'x', options);
    return only(await bus.emitAndWait('x', {})).error;
  });
}

const hangs = (): Promise<never> => new Promise(() => {});

/** A bus with one event that does not end, and room for no other. */
const full = (options: ganglion.EventBusOptions, act: (bus: Bus) => unknown): Promise<unknown> =>
  withBus({ maxPendingEvents: 1, ...options }, async (bus) => {
    bus.subscribe(hangs, 'x');
    bus.emit('x', {});
    await Promise.resolve();
    return act(bus);
  });

async function gone(): Promise<unknown> {
  const deadLetterQueue = new DeadLetterQueue();
  return withBus({ deadLetterQueue }, async (bus) => {
    const id = bus.subscribe(fails, 'x', { name: 'leaver' });
    await bus.emitAndWait('x', {});
    bus.unsubscribe(id);
    return thrown(() => deadLetterQueue.retry(deadLetterQueue.getAll()[0]!.id, bus));
  });
}

/** A dead letter that was redacted on its way to the disk, read again. */
async function incomplete(): Promise<unknown> {
  const path = join(folder, 'redacted.jsonl');
  const write = new DeadLetterQueue({ path, redactor: new ganglion.Redactor() });
  const failing = (): never => {
    throw new Error('no');
  };
  await withBus({ deadLetterQueue: write }, async (bus) => {
    bus.subscribe(failing, 'x', { name: 'failing' });
    await bus.emitAndWait('x', { password: 'secret' });
  });
  write.close();
  const read = new DeadLetterQueue({ path });
  return withBus({ deadLetterQueue: read }, async (bus) => {
    bus.subscribe(failing, 'x', { name: 'failing' });
    const error = await thrown(() => read.retry(read.getAll()[0]!.id, bus));
    read.close();
    return error;
  });
}

async function lockedLog(): Promise<unknown> {
  const eventLogPath = join(folder, 'locked.jsonl');
  return withBus({ eventLogPath }, async (bus) => {
    await bus.ready();
    return thrown(() => new EventBus({ eventLogPath }));
  });
}

async function lastOf(
  handler: ganglion.InlineHandler,
  act: (bus: Bus, result: Promise<ganglion.EmitResult>) => unknown,
) {
  const bus = new EventBus();
  bus.subscribe(handler, 'x');
  const result = bus.emitAndWait('x', {});
  await act(bus, result);
  return (await result).outcomes[0]?.error;
}

interface Case {
  /** Makes the error happen as a user would. */
  act: () => unknown;
  /** What happened, with the value. */
  says: RegExp;
  /** The next step. Undefined: what is said says it. */
  next?: RegExp;
}

const cases: Readonly<Record<ganglion.ErrorCode, readonly Case[]>> = {
  ERR_GANGLION_CONFIG: [
    {
      act: () => thrown(() => new EventBus({ maxConcurrentHandlers: -1, unheardOf: 1 } as ganglion.EventBusOptions)),
      says: /no option 'unheardOf'.*maxConcurrentHandlers must be an integer from 1 to 256, got -1/,
      next: /it takes maxConcurrentHandlers, /,
    },
    {
      act: () => thrown(() => new EventBus({ handlerTimeout: 5 } as ganglion.EventBusOptions)),
      says: /EventBus has no option 'handlerTimeout'/,
      next: /did you mean handlerTimeoutMs\?$/,
    },
    {
      act: () => thrown(() => new ganglion.Redactor({ redactKey: ['pin'] } as ganglion.RedactorOptions)),
      says: /Redactor has no option 'redactKey'/,
      next: /did you mean redactKeys\?$/,
    },
    {
      act: () => withBus({}, (bus) => thrown(() => bus.subscribe('x' as never, (() => {}) as never))),
      says: /handler must be a function, .*got 'x'/,
      next: /The handler comes first: subscribe\(handler, eventTypes\)$/,
    },
    {
      act: () => withBus({}, (bus) => thrown(() => bus.subscribe('./resize.js' as never, 'x'))),
      says: /handler must be a function, .*got '\.\/resize\.js'/,
      next: /Name a module by new URL\('\.\/resize\.js', import\.meta\.url\)$/,
    },
    {
      act: () => withBus({}, (bus) => thrown(() => bus.ingest([], {}))),
      says: /ingest needs eventType/,
      next: /or ndjson: true/,
    },
    {
      act: () => thrown(() => new EventBus({ enableAudit: true })),
      says: /enableAudit is true without eventLogPath/,
      next: /name the file/,
    },
    {
      act: () => thrown(() => new EventBus({ workersUrl: folder, eventLogPath: join(folder, 'a.jsonl') })),
      says: /no worker files of ganglion in .*ganglion-messages-/,
      next: /copy node_modules\/ganglion\/dist\/standalone/,
    },
  ],
  ERR_GANGLION_INVALID_EVENT: [
    {
      act: () => withBus({}, (bus) => thrown(() => bus.emit('x', [] as never))),
      says: /must be a plain object, got.*\[\]|array/,
    },
    {
      act: () => withBus({}, (bus) => thrown(() => bus.emit('x', undefined as never))),
      says: /must be a plain object, got undefined$/,
    },
    { act: () => withBus({}, (bus) => thrown(() => bus.emit(' ', {}))), says: /must be a non-blank string, got ' '/ },
    {
      act: () => thrown(() => BusEvent.fromJsonl('{"event_id":7}')),
      says: /id must be a non-empty string without quotes.*got 7/,
    },
    { act: () => thrown(() => BusEvent.fromJsonl('{')), says: /the line is not JSON: ./ },
  ],
  ERR_GANGLION_INVALID_PATTERN: [
    {
      act: () => withBus({}, (bus) => thrown(() => bus.subscribe(() => {}, ''))),
      says: /a non-empty string, .*got ''/,
      next: /as 'order\.placed' or 'order\.\*'/,
    },
  ],
  ERR_GANGLION_SERIALIZATION: [
    {
      act: () => withBus({}, (bus) => thrown(() => bus.emit('x', { n: 1n }))),
      says: /can't be written as JSON: .*BigInt/,
      next: /Emit plain data; bytes go into the option body/,
    },
  ],
  ERR_GANGLION_VALIDATION: [
    {
      act: () => withBus({ validateEvents: true }, (bus) => thrown(() => bus.emit('Bad Name', {}))),
      says: /^Bad Name: .*Bad Name/,
      next: /does not match .*, as 'order\.placed' does$/,
    },
  ],
  ERR_GANGLION_BACKPRESSURE: [
    {
      act: () => full({}, (bus) => thrown(() => bus.emit('x', {}))),
      says: /1 events are pending, and maxPendingEvents=1/,
      next: /Await emitAsync, .*overflowPolicy/,
    },
    {
      act: () => full({ overflowPolicy: 'dropOldest' }, (bus) => thrown(() => bus.emit('x', {}))),
      says: /maxPendingEvents=1 pending events has started/,
      next: /Await emitAsync, or raise maxPendingEvents/,
    },
    {
      act: () => full({ overflowPolicy: 'block', blockTimeoutMs: 20 }, (bus) => thrown(() => bus.emit('x', {}))),
      says: /1 events are pending on the main thread alone/,
      next: /Await emitAsync/,
    },
  ],
  ERR_GANGLION_BUS_CLOSED: [
    {
      act: async () => {
        const bus = new EventBus();
        await bus.shutdown();
        return thrown(() => bus.emit('x', {}));
      },
      says: /emit: the bus is shut down/,
      next: /before shutdown\(\), or make a new bus/,
    },
  ],
  ERR_GANGLION_HANDLER_LOAD: [
    {
      act: () => outcomeError(new URL('file:///nowhere/at/all.js')),
      says: /\/nowhere\/at\/all\.js/,
      next: /new URL\('\.\/file\.js', import\.meta\.url\)/,
    },
    {
      act: () => {
        const source = join(folder, 'resize.ts');
        writeFileSync(source, 'export default () => 1;');
        return outcomeError(pathToFileURL(source.replace('.ts', '.js')));
      },
      says: /Cannot find module '.*resize\.js'/,
      next: /There is resize\.ts beside it(: name that|, and Node 20.* runs no TypeScript: compile it, or use Node 22\.18)/,
    },
    {
      act: () => outcomeError(fixture('deaths', 'lives')),
      says: /deaths\.js: it exports no function "lives"/,
      next: /It exports .*exits.*by \{ module, export: '/,
    },
    {
      act: () => outcomeError(fixture('hangs-at-import'), {}, { loadTimeoutMs: 300 }),
      says: /loadTimeoutMs=300/,
      next: /Raise that, or look for what they wait for/,
    },
  ],
  ERR_GANGLION_HANDLER_TIMEOUT: [
    {
      act: () => outcomeError(hangs, { timeoutMs: 20, name: 'slow' }),
      says: /handler slow passed its deadline of 20 ms/,
      next: /Raise its timeoutMs, or .*context\.signal or context\.remainingMs\(\)/,
    },
  ],
  ERR_GANGLION_WORKER_EXIT: [
    {
      act: () => outcomeError(fixture('deaths', 'exits'), { name: 'quitter' }),
      says: /the thread of handler quitter ended under it/,
      next: /process\.exit, ran out of memory \(resourceLimits\) or crashed/,
    },
  ],
  ERR_GANGLION_THREAD_START: [
    {
      act: () => thrown(() => outcomeError(fixture('echo'), {}, { execArgv: ['--unheard-of'] })),
      says: /--unheard-of/,
      next: /execArgv, env and resourceLimits/,
    },
    {
      act: () => outcomeError(fixture('echo'), {}, { execArgv: ['--import', './nowhere.js'] }),
      says: /no handler thread comes up: .*nowhere\.js/,
      next: /execArgv, env and resourceLimits/,
    },
  ],
  ERR_GANGLION_QUARANTINED: [
    {
      act: () =>
        withBus({ maxConcurrentHandlers: 1 }, async (bus) => {
          const circuitBreaker = { failures: 1, windowMs: 5_000, pauseMs: 60_000 };
          bus.subscribe(fixture('deaths', 'exits'), 'x', { name: 'quitter', circuitBreaker });
          await bus.emitAndWait('x', {});
          return only(await bus.emitAndWait('x', {})).error;
        }),
      says: /handler quitter cost 1 thread within 5000 ms, and is not called for 60000 ms/,
      next: /Look at its failures before this one, or set its circuitBreaker/,
    },
  ],
  ERR_GANGLION_DROPPED: [
    {
      act: () =>
        withBus({ maxPendingEvents: 2, overflowPolicy: 'dropOldest', maxConcurrentHandlers: 1 }, async (bus) => {
          bus.subscribe(() => {}, 'x');
          const oldest = bus.emitAndWait('x', {});
          bus.emit('x', {});
          bus.emit('x', {});
          return only(await oldest).error;
        }),
      says: /displaced by a newer event, .*maxPendingEvents=2/,
      next: /by overflowPolicy 'dropOldest'/,
    },
  ],
  ERR_GANGLION_SHUTDOWN: [
    {
      act: () => lastOf(hangs, (bus) => bus.shutdown({ timeoutMs: 20 })),
      says: /time limit of 20 ms/,
      next: /A larger timeoutMs waits longer, a deadLetterQueue keeps it/,
    },
  ],
  ERR_GANGLION_SUBSCRIPTION_GONE: [
    { act: gone, says: /\(leaver\), which is no longer there/, next: /emit its event anew, or remove it/ },
  ],
  ERR_GANGLION_WAIT_TIMEOUT: [
    {
      act: () => withBus({}, (bus) => thrown(() => bus.waitFor('order.*', { timeoutMs: 5 }))),
      says: /no event of order\.\* came within timeoutMs=5/,
      next: /Wait before it is emitted, or longer/,
    },
    {
      act: () =>
        withBus({}, (bus) => {
          const waiting = bus.waitFor('order.*', { timeoutMs: 20, filter: () => false });
          bus.emit('order.placed', {});
          return thrown(() => waiting);
        }),
      says: /the filter accepted none of 1 events of order\.\* that came within timeoutMs=20/,
    },
  ],
  ERR_GANGLION_NON_RETRYABLE: [
    {
      act: () =>
        outcomeError(() => {
          throw new ganglion.NonRetryableError('no address');
        }),
      says: /no address/,
    },
  ],
  ERR_GANGLION_DEAD_LETTER_INCOMPLETE: [
    {
      act: incomplete,
      says: /does not hold its event as it was emitted/,
      next: /Emit it anew, or write later ones with storeRaw: true/,
    },
  ],
  ERR_GANGLION_DEAD_LETTER_FILE: [
    {
      act: () => thrown(() => new DeadLetterQueue({ path: folder })),
      says: /the dead letter file .*ganglion-messages-.* can't be opened: EISDIR/,
      next: /Name a file in it/,
    },
  ],
  ERR_GANGLION_AUDIT_LOCKED: [{ act: lockedLog, says: /locked\.jsonl is in use/, next: /Give each a path of its own/ }],
  ERR_GANGLION_AUDIT_OPEN: [
    {
      act: () => thrown(() => new EventBus({ eventLogPath: folder })),
      says: /the audit log .*ganglion-messages-.* can't be opened: EISDIR/,
      next: /Name a file in it/,
    },
    {
      act: () => thrown(() => ganglion.verifyAuditLog(join(folder, 'none.jsonl'))),
      says: /none\.jsonl/,
      next: /Name the path/,
    },
  ],
  ERR_GANGLION_AUDIT_WRITE: [
    {
      act: () => new ganglion.AuditWriteError('/var/log/e.jsonl', 'ENOSPC', 'ENOSPC: no space left on device'),
      says: /\/var\/log\/e\.jsonl can't be written: ENOSPC/,
      next: /tried again until it succeeds/,
    },
  ],
  ERR_GANGLION_REDACTION_RULE: [
    {
      act: () => thrown(() => new ganglion.Redactor({ patterns: [{ name: 'all', pattern: /x*/ }] })),
      says: /rule all: pattern \/x\*\/ matches the empty string/,
      next: /say what it must contain/,
    },
  ],
  ERR_GANGLION_PROTOCOL: [
    {
      act: () => thrown(() => openRing(new SharedArrayBuffer(1 << 16))),
      says: /magic=0 version=0/,
      next: /Two versions of ganglion, or a bug of it: please report it/,
    },
  ],
  ERR_GANGLION_RUNTIME: [
    {
      act: async () => {
        const { versions } = process;
        Object.defineProperty(process, 'versions', { value: { ...versions, bun: '1.4.5' }, configurable: true });
        try {
          return await withBus({}, (bus) => thrown(() => bus.subscribe(fixture('echo'), 'x')));
        } finally {
          Object.defineProperty(process, 'versions', { value: versions, configurable: true });
        }
      },
      says: /this is Bun 1\.4\.5/,
      next: /Run it with node 20\.19 or newer/,
    },
  ],
};

for (const [code, list] of Object.entries(cases)) {
  test(`${code} names the value and the next step`, async () => {
    for (const { act, says, next } of list) {
      const error = await act();
      assert.ok(ganglion.GanglionError.is(error), String((error as Error | undefined)?.stack ?? error));
      assert.is(error.code, code, error.message);
      assert.match(error.message, says);
      if (next !== undefined) assert.match(error.message, next);
    }
  });
}

test('every code has a case', () => {
  assert.equal(new Set(Object.keys(cases)), new Set(ganglion.ERROR_CODES));
});

test.run();
