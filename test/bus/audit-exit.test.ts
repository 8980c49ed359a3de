import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { verifyAuditLog } from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { child } from './fixtures.ts';

const test = tests('audit log of a bus whose process ends');

interface Line {
  readonly event_type: string;
  readonly payload: { n: number };
}

const EVENTS = 2_000;
const numbers = Array.from({ length: EVENTS }, (_, n) => n);

/** What the program emits first, and how it ends. */
const ends: readonly (readonly [what: string, body: string, code: number | null])[] = [
  [
    'in a handler of this thread',
    `bus.subscribe(({ payload }) => { if (payload.n === 900) process.exit(3); }, 'x'); emit();`,
    3,
  ],
  [
    'in a handler, after what that has emitted itself',
    `bus.subscribe((event, context) => { if (event.payload.n === ${EVENTS - 2}) { context.emit('x', { n: ${EVENTS - 1} }); process.exit(3); } }, 'x'); emit(${EVENTS - 1});`,
    3,
  ],
  ['while threads handle', `bus.subscribe(handler('echo'), 'x'); emit(); setImmediate(() => process.exit(3));`, 3],
  ['with an uncaught error in a microtask', `emit(); queueMicrotask(() => { throw new Error('on purpose'); });`, 1],
  [
    'with an uncaught error of a handler that nobody awaits',
    `bus.subscribe(({ payload }) => { if (payload.n === 900) setImmediate(() => { throw new Error('on purpose'); }); }, 'x'); emit();`,
    1,
  ],
  [
    'in a listener for uncaught errors',
    `process.on('uncaughtException', () => process.exit(4)); emit(); throw new Error('on purpose');`,
    4,
  ],
  [
    'in a SIGTERM handler of the program',
    `process.on('SIGTERM', () => process.exit(5)); emit(); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`,
    5,
  ],
  [
    'by a SIGINT handler that shuts the bus down',
    `process.on('SIGINT', async () => { await bus.shutdown(); process.exitCode = 6; clearInterval(hold); }); const hold = setInterval(() => {}, 1000); emit(); process.kill(process.pid, 'SIGINT');`,
    6,
  ],
  ['in the middle of a shutdown', `emit(); void bus.shutdown(); process.exit(7);`, 7],
  ['in the middle of a query', `emit(); void bus.getEvents(); setImmediate(() => process.exit(7));`, 7],
  ['with a top-level await that never settles', `emit(); await new Promise(() => {});`, 13],
  [
    'with an event that comes after the log was closed for it, and is refused',
    `emit(); process.on('exit', () => { try { bus.emit('x', { n: -1 }); } catch (error) { process.exitCode = error.code === 'ERR_GANGLION_BUS_CLOSED' ? 8 : 9; } }); process.exit();`,
    8,
  ],
  [
    'with a ring that is too small for what waits',
    `emit(); for (let n = 0; n < 10; n++) bus.emit('big', { text: 'y'.repeat(3_000_000) }); process.exit(9);`,
    9,
  ],
];
for (const [what, body, code] of ends) {
  test(`${what}: every accepted event is on disk once, in order, and sealed`, () =>
    inFolder(async (folder) => {
      const path = join(folder, 'events.jsonl');
      const ended = await child(`
        const bus = new EventBus({ eventLogPath: ${JSON.stringify(path)}, auditSeal: true });
        const emit = (count = ${EVENTS}) => { for (let n = 0; n < count; n++) bus.emit('x', { n }); };
        ${body}`);
      assert.is(ended.code, code, ended.output);
      const lines = readFileSync(path, 'utf8').split('\n');
      assert.is(lines.pop(), '', 'no torn line');
      const events = lines.map((line) => JSON.parse(line) as Line).filter(({ event_type }) => event_type === 'x');
      assert.equal(
        events.map(({ payload }) => payload.n),
        numbers,
      );
      const { ok, unsealed } = await verifyAuditLog(path);
      assert.equal({ ok, unsealed }, { ok: true, unsealed: 0 });
    }));
}

test.run();
