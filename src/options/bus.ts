import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AuditOptions as LogOptions } from '../audit/log.ts';
import type { SealPayload } from '../audit-format.ts';
import type { DeadLetterQueue } from '../dead-letters/queue.ts';
import type { MetricsCollector } from '../metrics/collector.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { EventBusOptions } from '../types.ts';
import { OverflowPolicy } from '../types.ts';
import type { Validator } from '../validation.ts';
import { Check } from './check.ts';

/** Of an audit log, and who gets its seals. */
export type AuditOptions = LogOptions & { readonly onSeal?: (seal: SealPayload) => void };

/** The options of a bus with every default filled in. Timeouts: Infinity means none. */
export interface ResolvedOptions {
  readonly threads: number;
  readonly spareThreads: number;
  readonly asyncPerThread: number;
  readonly handlerTimeoutMs: number;
  readonly maxPendingEvents: number;
  readonly overflowPolicy: OverflowPolicy;
  readonly blockTimeoutMs: number;
  readonly loadTimeoutMs: number;
  /** Infinity: never. */
  readonly recycleAfterEvents: number;
  readonly recycleAboveHeapBytes: number;
  readonly ringSlots: number;
  readonly ringBytes: number;
  readonly metrics: MetricsCollector | undefined;
  readonly validateEvents: boolean;
  readonly validator: Validator | undefined;
  readonly schemas: Readonly<Record<string, StandardSchemaV1>>;
  readonly compileSchemas: boolean;
  /** undefined: by what is registered. */
  readonly tracing: boolean | undefined;
  readonly deadLetterQueue: DeadLetterQueue | undefined;
  readonly redactor: Redactor | undefined;
  /** Undefined: no audit log. */
  readonly audit: AuditOptions | undefined;
  /** A folder, with a slash at its end. */
  readonly workersUrl: URL | undefined;
  readonly worker: Pick<EventBusOptions, 'resourceLimits' | 'execArgv' | 'env'>;
}

const MIN_RING_SLOTS = 16;
const MIN_RING_BYTES = 65_536;
/** A thread's number is 10 bits of a slot word, 0 is nobody, and threads that are dying keep theirs: 256 leaves room. */
const MAX_THREADS = 256;
/** Each published slot has a number of 20 bits on the main thread, and running deliveries have some too. */
const MAX_RING_SLOTS = 1 << 18;
const MAX_RING_BYTES = 1 << 30;

const FSYNC = ['none', 'rotate', 'batch'] as const;

const BUS_OPTIONS: readonly (keyof EventBusOptions)[] = [
  'maxConcurrentHandlers',
  'spareThreads',
  'asyncPerThread',
  'handlerTimeoutMs',
  'maxPendingEvents',
  'overflowPolicy',
  'blockTimeoutMs',
  'loadTimeoutMs',
  'recycleAfterEvents',
  'recycleAboveHeapBytes',
  'ring',
  'resourceLimits',
  'execArgv',
  'env',
  'workersUrl',
  'enableAudit',
  'eventLogPath',
  'maxLogSizeBytes',
  'maxLogFiles',
  'auditFsync',
  'redactor',
  'auditSeal',
  'onSeal',
  'metrics',
  'validateEvents',
  'validator',
  'schemas',
  'compileSchemas',
  'tracing',
  'deadLetterQueue',
];

function resolveFolder(check: Check, name: string, value: unknown): URL | undefined {
  const path = check.path(name, value);
  if (path === undefined) return undefined;
  const { href } = path instanceof URL ? path : pathToFileURL(resolve(path));
  return new URL(`${href.replace(/\/$/, '')}/`);
}

function resolveAudit(
  check: Check,
  given: Record<string, unknown>,
  workersUrl: URL | undefined,
): AuditOptions | undefined {
  const { auditFsync: fsync = 'rotate', auditSeal: seal = false, redactor, onSeal } = given;
  const path = check.path('eventLogPath', given.eventLogPath);
  const enabled = check.boolean('enableAudit', given.enableAudit, path !== undefined);
  if (enabled && given.eventLogPath === undefined)
    check.problems.push('enableAudit is true without eventLogPath: name the file of the log');
  const maxLogSizeBytes = check.integer('maxLogSizeBytes', given.maxLogSizeBytes, 0, 1, Number.MAX_SAFE_INTEGER);
  const maxLogFiles = check.integer('maxLogFiles', given.maxLogFiles, 5, 0, 100_000);
  if (!FSYNC.includes(fsync as (typeof FSYNC)[number])) check.fail('auditFsync', fsync, `one of ${FSYNC.join(', ')}`);
  check.methods('redactor', redactor, ['toConfig', 'redactLine'], 'a Redactor');
  if (typeof seal !== 'boolean' && !(typeof seal === 'number' && Number.isInteger(seal) && seal > 0)) {
    check.fail('auditSeal', seal, 'a boolean or a positive number of lines');
  }
  check.func('onSeal', onSeal);
  if (!enabled || path === undefined || check.problems.length > 0) return undefined;
  return {
    path,
    ...(maxLogSizeBytes > 0 && { maxLogSizeBytes }),
    maxLogFiles,
    fsync: fsync as (typeof FSYNC)[number],
    ...(redactor !== undefined && { redactor: (redactor as Redactor).toConfig() }),
    seal: seal as boolean | number,
    ...(workersUrl !== undefined && { workersUrl }),
    ...(onSeal !== undefined && { onSeal: onSeal as (seal: SealPayload) => void }),
  };
}

/** Checks the options of a bus and fills in the defaults. Throws one ConfigError that names every fault. */
export function resolveBusOptions(options: EventBusOptions = {}): ResolvedOptions {
  const check = new Check();
  const given = check.options('options', options, 'EventBus', BUS_OPTIONS);
  const ring = check.options('ring', given.ring, 'ring', ['slots', 'bytes']);
  check.object('resourceLimits', given.resourceLimits);
  check.object('env', given.env);
  if (
    given.execArgv !== undefined &&
    !(Array.isArray(given.execArgv) && given.execArgv.every((a) => typeof a === 'string'))
  ) {
    check.fail('execArgv', given.execArgv, 'an array of strings');
  }
  check.methods('metrics', given.metrics, ['eventEmitted', 'handlerSettled', 'attach'], 'a MetricsCollector');
  check.methods('validator', given.validator, ['validate'], 'an EventValidator');
  check.methods('deadLetterQueue', given.deadLetterQueue, ['retryAll', 'getAll'], 'a DeadLetterQueue');
  const policies: readonly unknown[] = Object.values(OverflowPolicy);
  if (given.overflowPolicy !== undefined && !policies.includes(given.overflowPolicy)) {
    check.fail('overflowPolicy', given.overflowPolicy, `one of ${policies.join(', ')}`);
  }
  const workersUrl = resolveFolder(check, 'workersUrl', given.workersUrl);
  const resolved: ResolvedOptions = {
    threads: check.integer(
      'maxConcurrentHandlers',
      given.maxConcurrentHandlers,
      Math.min(availableParallelism(), MAX_THREADS),
      1,
      MAX_THREADS,
    ),
    spareThreads: check.integer('spareThreads', given.spareThreads, 1, 0, MAX_THREADS),
    asyncPerThread: check.integer('asyncPerThread', given.asyncPerThread, 8, 1, 1024),
    handlerTimeoutMs: check.duration('handlerTimeoutMs', given.handlerTimeoutMs, 30_000, true),
    maxPendingEvents: check.limit('maxPendingEvents', given.maxPendingEvents, 100_000),
    overflowPolicy: (given.overflowPolicy as OverflowPolicy | undefined) ?? OverflowPolicy.RAISE,
    blockTimeoutMs: check.duration('blockTimeoutMs', given.blockTimeoutMs, 30_000, false),
    loadTimeoutMs: check.duration('loadTimeoutMs', given.loadTimeoutMs, 30_000, false),
    recycleAfterEvents: check.limit('recycleAfterEvents', given.recycleAfterEvents),
    recycleAboveHeapBytes: check.limit('recycleAboveHeapBytes', given.recycleAboveHeapBytes),
    ringSlots: check.powerOfTwo('ring.slots', ring.slots, 16_384, MIN_RING_SLOTS, MAX_RING_SLOTS),
    ringBytes: check.powerOfTwo('ring.bytes', ring.bytes, 8 << 20, MIN_RING_BYTES, MAX_RING_BYTES),
    metrics: given.metrics as MetricsCollector | undefined,
    validateEvents: check.boolean('validateEvents', given.validateEvents, given.validator !== undefined),
    validator: given.validator as Validator | undefined,
    schemas: check.schemas(given.schemas),
    compileSchemas: check.boolean('compileSchemas', given.compileSchemas, false),
    tracing: check.boolean('tracing', given.tracing, undefined),
    deadLetterQueue: given.deadLetterQueue as DeadLetterQueue | undefined,
    redactor: given.redactor as Redactor | undefined,
    audit: resolveAudit(check, given, workersUrl),
    workersUrl,
    worker: {
      ...(given.resourceLimits !== undefined && { resourceLimits: given.resourceLimits as ResourceLimits }),
      ...(given.execArgv !== undefined && { execArgv: given.execArgv as string[] }),
      ...(given.env !== undefined && { env: given.env as NodeJS.ProcessEnv }),
    },
  };
  check.done();
  return resolved;
}
