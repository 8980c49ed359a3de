// npm run demo: every file of a folder is an event, handled on all cores by two handler modules; one of them hangs once.
import { relative } from 'node:path';
import { EventBus, FailureReason, Redactor } from '../../src/index.ts';
import { auditReport, newLogPath } from './audit.ts';
import type { FileCompressed, FileCounted, FileFound, FileStuck } from './events.ts';
import { megabytes, plural } from './format.ts';
import { measureOneThread } from './one-thread.ts';
import { parseOptions, refuse } from './options.ts';
import { Progress } from './progress.ts';
import { balances, late, leftOutLine, report } from './report.ts';
import { Tally } from './tally.ts';
import { walk } from './walk.ts';

const LINES_TIMEOUT_MS = 1_000;

const { folder, threads } = parseOptions(process.argv.slice(2));
const { files, bytes, leftOut } = await walk(folder);
if (files.length === 0) refuse(`no file to work on in ${folder}`);
console.log(`${folder}: ${plural(files.length, 'file')}, ${megabytes(bytes)}, on ${plural(threads, 'thread')}`);
const notHere = leftOutLine(leftOut);
if (notHere !== undefined) console.log(notHere);

const eventLogPath = newLogPath();
const bus = new EventBus({
  maxConcurrentHandlers: threads,
  // Few: the files wait on the disk, not in memory.
  maxPendingEvents: 256,
  // Every event is a line of this file, without what looks like a secret or a person.
  eventLogPath,
  redactor: new Redactor(),
});

// On the threads of the pool: modules. They get each file and emit what they found out.
bus.subscribe(new URL('./handlers/compress.js', import.meta.url), 'file.found');
bus.subscribe(new URL('./handlers/lines.js', import.meta.url), 'file.found', { timeoutMs: LINES_TIMEOUT_MS });

// On this thread: functions. They add up what the modules emit.
const tally = new Tally();
const progress = new Progress(files.length);
bus.subscribe((event) => {
  const file = event.payload as FileCompressed;
  tally.compressed(file);
  progress.add(file.bytes);
}, 'file.compressed');
bus.subscribe((event) => tally.counted(event.payload as FileCounted), 'file.counted');

// The handler that hangs, and what becomes of it.
let stuck: FileStuck | undefined;
bus.subscribe((event) => {
  stuck = event.payload as FileStuck;
  progress.note(`  !  lines is in a busy loop on ${short(stuck.path)}; its deadline is in ${LINES_TIMEOUT_MS} ms`);
}, 'file.stuck');
bus.subscribe((event) => {
  const { original_event_id, handler_name, reason, error } = event.payload as HandlerFailed;
  if (reason !== FailureReason.HANDLER_TIMEOUT || original_event_id !== stuck?.eventId) {
    tally.failures.push(`${handler_name}: ${error.message}`);
    return;
  }
  const lateMs = event.timestamp - stuck.deadline;
  const { live, restarts } = bus.getStats().threads;
  tally.timedOut.push({ handler: handler_name, path: short(stuck.path), lateMs });
  progress.note(`  !  ${late(lateMs)} its deadline; ${plural(restarts, 'thread')} ended and replaced, ${live} live`);
}, 'system.handler_error');
type HandlerFailed = {
  original_event_id: string;
  handler_name: string;
  reason: FailureReason;
  error: { message: string };
};

await bus.ready();
const started = performance.now();
const trap = files[files.length >> 1];
for (const file of files) {
  // Waits while maxPendingEvents are under way.
  await bus.emitAsync('file.found', { ...file, trap: file === trap } satisfies FileFound);
}
await bus.waitForPending({ timeoutMs: 300_000 });
const seconds = (performance.now() - started) / 1000;
await bus.shutdown();
const stats = bus.getStats();
progress.end();

const oneThread = measureOneThread(files);
console.log(report({ tally, stats, oneThread, seconds, threads, linesTimeoutMs: LINES_TIMEOUT_MS }));
console.log(`\n${auditReport(eventLogPath, stats)}`);
if (!balances(stats)) process.exitCode = 1;

function short(path: string): string {
  return relative(folder, path);
}
