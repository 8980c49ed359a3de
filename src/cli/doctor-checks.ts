import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { EventBus } from '../bus.ts';
import { messageOf } from '../codec.ts';
import { megabytes, milliseconds, plural } from './figures.ts';
import { locate, parseHandlers } from './handlers.ts';
import { printable } from './terminal.ts';

export interface Finding {
  readonly name: string;
  /** `degraded`: it works, and somebody should look at it. */
  readonly status: 'ok' | 'degraded' | 'failed';
  /** What was found, in one sentence. */
  readonly diagnosis: string;
}

const OLDEST_NODE: readonly [number, number] = [20, 19];
const LITTLE_DISK_BYTES = 1 << 30;
const NO_DISK_BYTES = 64 << 20;
const PATIENCE_MS = 10_000;

export interface Subjects {
  readonly on: readonly string[];
  readonly modules: readonly string[];
  readonly folder: string;
}

/** Throws UsageError. */
export async function examine({ on, modules, folder }: Subjects): Promise<Finding[]> {
  const handlers = [...parseHandlers(on), ...modules.map((target) => ({ ...locate(target), patterns: ['*'] }))];
  const findings = [node(), cores(), sharedMemory(), permission(), disk(folder)];
  findings.push(await threads());
  for (const { module, exportName } of handlers) findings.push(await handlerModule(module, exportName));
  return findings;
}

/** One sentence. */
export function verdictOf(findings: readonly Finding[]): string {
  const failed = findings.filter(({ status }) => status === 'failed').map(({ name }) => name);
  const degraded = findings.filter(({ status }) => status === 'degraded').map(({ name }) => name);
  if (failed.length > 0) return `Not fit: ${failed.join(', ')}.`;
  return degraded.length > 0 ? `Fit, but have a look at ${degraded.join(', ')}.` : 'Fit for a bus.';
}

function node(): Finding {
  const version = process.versions.node;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fit = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return fit
    ? { name: 'node', status: 'ok', diagnosis: `Node ${version}` }
    : { name: 'node', status: 'failed', diagnosis: `Node ${version} is too old: ${OLDEST_NODE.join('.')} or newer` };
}

function cores(): Finding {
  const n = availableParallelism();
  return n > 1
    ? { name: 'cores', status: 'ok', diagnosis: plural(n, 'core') }
    : { name: 'cores', status: 'degraded', diagnosis: 'one core: handlers run beside the main thread, not faster' };
}

function sharedMemory(): Finding {
  const name = 'shared memory';
  try {
    const words = new Int32Array(new SharedArrayBuffer(8));
    Atomics.store(words, 0, 1);
    // Not allowed on every thread there is, and always on the main thread of Node.
    if (Atomics.wait(words, 0, 0, 0) !== 'not-equal') throw new Error('Atomics.wait gives a wrong answer');
    if (typeof (Atomics as { waitAsync?: unknown }).waitAsync !== 'function')
      throw new Error('there is no Atomics.waitAsync');
    return { name, status: 'ok', diagnosis: 'SharedArrayBuffer and Atomics work' };
  } catch (error) {
    return { name, status: 'failed', diagnosis: messageOf(error) };
  }
}

function permission(): Finding {
  const name = 'permission';
  // By the types it is always there.
  const model = process.permission as typeof process.permission | undefined;
  if (model === undefined) return { name, status: 'ok', diagnosis: "Node's permission model is off" };
  if (model.has('worker')) return { name, status: 'ok', diagnosis: 'the permission model allows threads' };
  return { name, status: 'failed', diagnosis: 'the permission model forbids threads: --allow-worker allows them' };
}

function disk(given: string): Finding {
  const name = 'disk';
  const folder = resolve(given);
  const shown = printable(folder);
  try {
    const draft = mkdtempSync(join(folder, '.ganglion-doctor-'));
    try {
      writeFileSync(join(draft, 'draft'), 'draft', { flush: true });
    } finally {
      rmSync(draft, { recursive: true });
    }
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    if (free < NO_DISK_BYTES) return { name, status: 'failed', diagnosis: `${megabytes(free)} free in ${shown}` };
    const status = free < LITTLE_DISK_BYTES ? 'degraded' : 'ok';
    return { name, status, diagnosis: `${shown} can be written, ${megabytes(free)} free` };
  } catch (error) {
    return { name, status: 'failed', diagnosis: `${shown} can't be written: ${printable(messageOf(error))}` };
  }
}

async function threads(): Promise<Finding> {
  const name = 'threads';
  try {
    const startedAt = performance.now();
    const bus = await busWith(new URL('./doctor-handler.js', import.meta.url), 'default');
    const upAt = performance.now();
    try {
      const { ok, outcomes } = await bus.emitAndWait('doctor.asked', { n: 1 });
      if (!ok) throw outcomes[0]?.error ?? new Error('no answer');
      const roundTrip = milliseconds(performance.now() - upAt);
      return {
        name,
        status: 'ok',
        diagnosis: `up in ${milliseconds(upAt - startedAt)}, an event there and back in ${roundTrip}`,
      };
    } finally {
      await bus.shutdown();
    }
  } catch (error) {
    return { name, status: 'failed', diagnosis: printable(messageOf(error)) };
  }
}

async function handlerModule(module: URL | string, exportName: string): Promise<Finding> {
  const name = printable(`${String(module)}${exportName === 'default' ? '' : `#${exportName}`}`.split('/').at(-1)!);
  try {
    const bus = await busWith(module, exportName);
    await bus.shutdown();
    return { name, status: 'ok', diagnosis: 'loads in a thread' };
  } catch (error) {
    return { name, status: 'failed', diagnosis: printable(messageOf(error)) };
  }
}

/** A bus of one thread with this module loaded. Rejects when it can't be. */
async function busWith(module: URL | string, exportName: string): Promise<EventBus> {
  const bus = new EventBus({
    maxConcurrentHandlers: 1,
    spareThreads: 0,
    loadTimeoutMs: PATIENCE_MS,
    handlerTimeoutMs: PATIENCE_MS,
  });
  try {
    bus.subscribe({ module, export: exportName }, 'doctor.asked');
    await bus.ready();
    return bus;
  } catch (error) {
    await bus.shutdown({ timeoutMs: 0 });
    throw error;
  }
}
