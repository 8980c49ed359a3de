import { inspect } from 'node:util';
import type { Guarantees } from '../delivery/pending.ts';
import { InvalidPatternError } from '../errors.ts';
import type { SubscribeOptions } from '../types.ts';
import { Check } from './check.ts';

export interface ResolvedSubscribeOptions {
  readonly priority: number;
  readonly name: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly redeliver: boolean;
  readonly guarantees: Guarantees;
}

const SUBSCRIBE_OPTIONS: readonly (keyof SubscribeOptions)[] = [
  'priority',
  'name',
  'timeoutMs',
  'signal',
  'redeliver',
  'concurrency',
  'retry',
  'circuitBreaker',
  'dlqOrder',
  'maxHeld',
];

/** `deadLetters`: the bus keeps them. Throws one ConfigError that names every fault. */
export function resolveSubscribeOptions(
  options: SubscribeOptions | undefined,
  defaultTimeoutMs: number,
  deadLetters: boolean,
): ResolvedSubscribeOptions {
  const check = new Check();
  const given = check.options('options', options, 'subscribe', SUBSCRIBE_OPTIONS);
  const { priority = 100, name } = given;
  if (typeof priority !== 'number' || Number.isNaN(priority)) check.fail('priority', priority, 'a number');
  if (name !== undefined && (typeof name !== 'string' || name === '')) check.fail('name', name, 'a non-empty string');
  const signal = check.signal('signal', given.signal);
  const redeliver = check.boolean('redeliver', given.redeliver, true);
  const timeoutMs = check.duration('timeoutMs', given.timeoutMs, defaultTimeoutMs, true);
  const guarantees = resolveGuarantees(check, given, deadLetters);
  check.done();
  return {
    priority: priority as number,
    name: name as string | undefined,
    timeoutMs,
    signal,
    redeliver,
    guarantees,
  };
}

function resolveGuarantees(check: Check, given: Record<string, unknown>, deadLetters: boolean): Guarantees {
  const { dlqOrder = 'free', circuitBreaker = {} } = given;
  const hold = dlqOrder === 'hold';
  if (!hold && dlqOrder !== 'free') check.fail('dlqOrder', dlqOrder, "'free' or 'hold'");
  if (hold && !deadLetters) check.problems.push("dlqOrder 'hold' needs a bus with a deadLetterQueue");
  return {
    concurrency: check.limit('concurrency', given.concurrency),
    retry: resolveRetry(check, given.retry),
    breaker: circuitBreaker === false ? undefined : resolveBreaker(check, circuitBreaker),
    hold,
    maxHeld: check.integer('maxHeld', given.maxHeld, 1_000, 0, Number.MAX_SAFE_INTEGER),
  };
}

function resolveRetry(check: Check, retry: unknown): Guarantees['retry'] {
  if (!check.object('retry', retry)) return undefined;
  const given = check.options('retry', retry, 'retry', ['attempts', 'backoffMs', 'factor', 'maxBackoffMs', 'jitter']);
  const { attempts, factor = 2 } = given;
  if (attempts === undefined) check.fail('retry.attempts', attempts, 'an integer from 1');
  if (typeof factor !== 'number' || !(factor >= 1)) check.fail('retry.factor', factor, 'a number from 1');
  return {
    attempts: check.integer('retry.attempts', attempts, 1, 1, Number.MAX_SAFE_INTEGER),
    backoffMs: given.backoffMs === 0 ? 0 : check.duration('retry.backoffMs', given.backoffMs, 100, false),
    factor: factor as number,
    maxBackoffMs: check.duration('retry.maxBackoffMs', given.maxBackoffMs, 30_000, false),
    jitter: check.boolean('retry.jitter', given.jitter, true),
  };
}

function resolveBreaker(check: Check, breaker: unknown): Guarantees['breaker'] {
  const given = check.options('circuitBreaker', breaker, 'circuitBreaker', ['failures', 'windowMs', 'pauseMs']);
  return {
    failures: check.integer('circuitBreaker.failures', given.failures, 5, 1, 10_000),
    windowMs: check.duration('circuitBreaker.windowMs', given.windowMs, 10_000, false),
    pauseMs: check.duration('circuitBreaker.pauseMs', given.pauseMs, 30_000, false),
  };
}

/** The patterns of one subscription, without repetition. Throws InvalidPatternError. */
export function resolvePatterns(eventTypes: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(eventTypes) ? eventTypes : [eventTypes];
  if (list.length === 0)
    throw new InvalidPatternError(
      "event types must be a pattern, as 'order.placed' or 'order.*', or a list of patterns, got an empty list",
    );
  for (const pattern of list) {
    if (typeof pattern !== 'string' || pattern.trim() === '') {
      throw new InvalidPatternError(
        `an event pattern must be a non-empty string, as 'order.placed' or 'order.*', got ${inspect(pattern)}`,
      );
    }
  }
  return [...new Set(list as readonly string[])];
}
