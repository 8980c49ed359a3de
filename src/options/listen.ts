import type { EventStreamOptions, WaitForOptions } from '../types.ts';
import { Check } from './check.ts';

const DEFAULT_WAIT_MS = 30_000;

/** Of `waitForPending`, `shutdown` and their like. Infinity: none. Throws ConfigError. */
export function resolveTimeLimit(what: string, options: unknown, defaultMs: number = DEFAULT_WAIT_MS): number {
  const check = new Check();
  const given = check.options(`${what}'s options`, options, what, ['timeoutMs']);
  const timeoutMs = check.wait('timeoutMs', given.timeoutMs, defaultMs);
  check.done();
  return timeoutMs;
}

export interface ResolvedWaitForOptions {
  /** Infinity: none. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly filter: WaitForOptions['filter'];
}

/** Throws one ConfigError that names every fault. */
export function resolveWaitForOptions(options: WaitForOptions | undefined): ResolvedWaitForOptions {
  const check = new Check();
  const given = check.options('options', options, 'waitFor', ['timeoutMs', 'signal', 'filter']);
  check.func('filter', given.filter);
  const timeoutMs = check.wait('timeoutMs', given.timeoutMs, DEFAULT_WAIT_MS);
  const signal = check.signal('signal', given.signal);
  check.done();
  return { timeoutMs, signal, filter: given.filter as WaitForOptions['filter'] };
}

export interface ResolvedStreamOptions {
  readonly bufferSize: number;
  /** Nothing is left out: events stay pending until there is room. */
  readonly wait: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Throws one ConfigError that names every fault. */
export function resolveStreamOptions(options: EventStreamOptions | undefined): ResolvedStreamOptions {
  const check = new Check();
  const given = check.options('options', options, 'events', ['signal', 'bufferSize', 'whenFull']);
  const { whenFull = 'dropOldest' } = given;
  if (whenFull !== 'dropOldest' && whenFull !== 'wait') check.fail('whenFull', whenFull, 'one of dropOldest, wait');
  const bufferSize = check.integer('bufferSize', given.bufferSize, 1_024, 1, Number.MAX_SAFE_INTEGER);
  const signal = check.signal('signal', given.signal);
  check.done();
  return { bufferSize, wait: whenFull === 'wait', signal };
}
