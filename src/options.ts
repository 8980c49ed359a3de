import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AuditOptions as LogOptions } from './audit/log.ts';
import type { SealPayload } from './audit-format.ts';
import type { DeadLetterQueue } from './dead-letters/queue.ts';
import type { Guarantees } from './delivery/pending.ts';
import { ConfigError, InvalidPatternError } from './errors.ts';
import type { MetricsCollector } from './metrics/collector.ts';
import type { Redactor } from './redact/redactor.ts';
import type {
  DeadLetterQueueOptions,
  EmitOptions,
  EventBusOptions,
  HandlerModule,
  IngestOptions,
  SubscribeOptions,
} from './types.ts';
import { OverflowPolicy } from './types.ts';
import type { Validator } from './validation.ts';

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
/** A line becomes a string, which Node bounds at half a gigabyte. */
const MAX_LINE_BYTES = 1 << 28;

/** Gathers all faults of one options object, so that the caller sees them at once. */
class Check {
  readonly problems: string[] = [];

  fail(name: string, value: unknown, expected: string): void {
    this.problems.push(`${name} must be ${expected}, got ${inspect(value, { depth: 0, breakLength: Infinity })}`);
  }

  integer(name: string, value: unknown, fallback: number, min: number, max: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.fail(name, value, `an integer from ${min} to ${max}`);
    return fallback;
  }

  /** A positive integer, or Infinity, which is the default. */
  limit(name: string, value: unknown): number {
    if (value === Number.POSITIVE_INFINITY) return value;
    return this.integer(name, value, Number.POSITIVE_INFINITY, 1, Number.MAX_SAFE_INTEGER);
  }

  /** Any positive number; 0 and Infinity mean none where `zero` allows it. */
  duration(name: string, value: unknown, fallback: number, zero: boolean): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && value > 0) return value;
    if (zero && value === 0) return Number.POSITIVE_INFINITY;
    this.fail(
      name,
      value,
      zero ? 'a positive number of milliseconds, 0 or Infinity' : 'a positive number of milliseconds',
    );
    return fallback;
  }

  powerOfTwo(name: string, value: unknown, fallback: number, min: number, max: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && value >= min && value <= max && (value & (value - 1)) === 0) return value;
    this.fail(name, value, `a power of two from ${min} to ${max}`);
    return fallback;
  }

  object(name: string, value: unknown): boolean {
    if (value === undefined) return false;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return true;
    this.fail(name, value, 'an object');
    return false;
  }

  /** An option that nobody reads is a typo that would be silently without effect. */
  known(name: string, value: object, keys: readonly string[]): void {
    for (const key of Object.keys(value)) {
      if (!keys.includes(key)) this.problems.push(`${name} has no option ${inspect(key)}; it takes ${keys.join(', ')}`);
    }
  }

  boolean<T>(name: string, value: unknown, fallback: T): boolean | T {
    if (value === undefined) return fallback;
    if (typeof value !== 'boolean') this.fail(name, value, 'a boolean');
    return value as boolean;
  }

  /** An object with these methods; of which class it is doesn't matter. */
  methods(name: string, value: unknown, methods: readonly string[], expected: string): void {
    if (value === undefined) return;
    const found = value as Record<string, unknown> | null;
    if (methods.some((method) => typeof found?.[method] !== 'function')) this.fail(name, value, expected);
  }

  schemas(value: unknown): Readonly<Record<string, StandardSchemaV1>> {
    if (!this.object('schemas', value)) return {};
    for (const [eventType, schema] of Object.entries(value as object)) {
      const standard = (schema as Partial<StandardSchemaV1> | null | undefined)?.['~standard'];
      if (typeof standard?.validate !== 'function')
        this.fail(`schemas[${inspect(eventType)}]`, schema, 'a Standard Schema');
    }
    return { ...(value as Record<string, StandardSchemaV1>) };
  }

  done(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}

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
  if (value === undefined) return undefined;
  const isUrl = value instanceof URL;
  if (isUrl ? value.protocol !== 'file:' : typeof value !== 'string' || value === '') {
    check.fail(name, value, 'a file URL or the path of a folder');
    return undefined;
  }
  return new URL(`${(isUrl ? value : pathToFileURL(resolve(value as string))).href.replace(/\/$/, '')}/`);
}

function resolveAudit(
  check: Check,
  given: Record<string, unknown>,
  workersUrl: URL | undefined,
): AuditOptions | undefined {
  const { eventLogPath: path, auditFsync: fsync = 'rotate', auditSeal: seal = false, redactor, onSeal } = given;
  if (path !== undefined && !(path instanceof URL) && (typeof path !== 'string' || path === '')) {
    check.fail('eventLogPath', path, 'a non-empty string or a file URL');
  }
  const enabled = check.boolean('enableAudit', given.enableAudit, path !== undefined);
  if (enabled && path === undefined)
    check.problems.push('enableAudit is true without eventLogPath: name the file of the log');
  const maxLogSizeBytes = check.integer('maxLogSizeBytes', given.maxLogSizeBytes, 0, 1, Number.MAX_SAFE_INTEGER);
  const maxLogFiles = check.integer('maxLogFiles', given.maxLogFiles, 5, 0, 100_000);
  if (!FSYNC.includes(fsync as (typeof FSYNC)[number])) check.fail('auditFsync', fsync, `one of ${FSYNC.join(', ')}`);
  check.methods('redactor', redactor, ['toConfig', 'redactLine'], 'a Redactor');
  if (typeof seal !== 'boolean' && !(typeof seal === 'number' && Number.isInteger(seal) && seal > 0)) {
    check.fail('auditSeal', seal, 'a boolean or a positive number of lines');
  }
  if (onSeal !== undefined && typeof onSeal !== 'function') check.fail('onSeal', onSeal, 'a function');
  if (!enabled || path === undefined || check.problems.length > 0) return undefined;
  return {
    path: path as string | URL,
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
  const given: Record<string, unknown> = check.object('options', options) ? { ...options } : {};
  check.known('EventBus', given, BUS_OPTIONS);
  const ring = check.object('ring', given.ring) ? (given.ring as Record<string, unknown>) : {};
  check.known('ring', ring, ['slots', 'bytes']);
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
  const max = given.maxPendingEvents;
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
    maxPendingEvents:
      max === Number.POSITIVE_INFINITY
        ? max
        : check.integer('maxPendingEvents', max, 100_000, 1, Number.MAX_SAFE_INTEGER),
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
      ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
      ...(options.execArgv === undefined ? {} : { execArgv: options.execArgv }),
      ...(options.env === undefined ? {} : { env: options.env }),
    },
  };
  check.done();
  return resolved;
}

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
  const given: Record<string, unknown> = check.object('options', options) ? { ...options } : {};
  check.known('subscribe', given, SUBSCRIBE_OPTIONS);
  const { priority = 100, name, signal, redeliver = true } = given;
  if (typeof priority !== 'number' || Number.isNaN(priority)) check.fail('priority', priority, 'a number');
  if (name !== undefined && (typeof name !== 'string' || name === '')) check.fail('name', name, 'a non-empty string');
  if (signal !== undefined && !(signal instanceof AbortSignal)) check.fail('signal', signal, 'an AbortSignal');
  if (typeof redeliver !== 'boolean') check.fail('redeliver', redeliver, 'a boolean');
  const timeoutMs = check.duration('timeoutMs', given.timeoutMs, defaultTimeoutMs, true);
  const guarantees = resolveGuarantees(check, given, deadLetters);
  check.done();
  return {
    priority: priority as number,
    name: name as string | undefined,
    timeoutMs,
    signal: signal as AbortSignal | undefined,
    redeliver: redeliver as boolean,
    guarantees,
  };
}

function resolveGuarantees(check: Check, given: Record<string, unknown>, deadLetters: boolean): Guarantees {
  const { concurrency, dlqOrder = 'free', circuitBreaker = {} } = given;
  const hold = dlqOrder === 'hold';
  if (!hold && dlqOrder !== 'free') check.fail('dlqOrder', dlqOrder, "'free' or 'hold'");
  if (hold && !deadLetters) check.problems.push("dlqOrder 'hold' needs a bus with a deadLetterQueue");
  return {
    concurrency:
      concurrency === Number.POSITIVE_INFINITY
        ? concurrency
        : check.integer('concurrency', concurrency, Number.POSITIVE_INFINITY, 1, Number.MAX_SAFE_INTEGER),
    retry: resolveRetry(check, given.retry),
    breaker: circuitBreaker === false ? undefined : resolveBreaker(check, circuitBreaker),
    hold,
    maxHeld: check.integer('maxHeld', given.maxHeld, 1_000, 0, Number.MAX_SAFE_INTEGER),
  };
}

function resolveRetry(check: Check, retry: unknown): Guarantees['retry'] {
  if (!check.object('retry', retry)) return undefined;
  const given = { ...(retry as Record<string, unknown>) };
  check.known('retry', given, ['attempts', 'backoffMs', 'factor', 'maxBackoffMs', 'jitter']);
  const { attempts, factor = 2, jitter = true } = given;
  if (attempts === undefined) check.fail('retry.attempts', attempts, 'an integer from 1');
  if (typeof factor !== 'number' || !(factor >= 1)) check.fail('retry.factor', factor, 'a number from 1');
  if (typeof jitter !== 'boolean') check.fail('retry.jitter', jitter, 'a boolean');
  return {
    attempts: check.integer('retry.attempts', attempts, 1, 1, Number.MAX_SAFE_INTEGER),
    backoffMs: given.backoffMs === 0 ? 0 : check.duration('retry.backoffMs', given.backoffMs, 100, false),
    factor: factor as number,
    maxBackoffMs: check.duration('retry.maxBackoffMs', given.maxBackoffMs, 30_000, false),
    jitter: jitter as boolean,
  };
}

function resolveBreaker(check: Check, breaker: unknown): Guarantees['breaker'] {
  const given: Record<string, unknown> = check.object('circuitBreaker', breaker) ? { ...(breaker as object) } : {};
  check.known('circuitBreaker', given, ['failures', 'windowMs', 'pauseMs']);
  return {
    failures: check.integer('circuitBreaker.failures', given.failures, 5, 1, 10_000),
    windowMs: check.duration('circuitBreaker.windowMs', given.windowMs, 10_000, false),
    pauseMs: check.duration('circuitBreaker.pauseMs', given.pauseMs, 30_000, false),
  };
}

export interface ResolvedIngestOptions {
  /** Undefined: lines are events' own. */
  readonly eventType: string | undefined;
  readonly ndjson: boolean;
  readonly emit: EmitOptions;
  readonly onMalformed: IngestOptions['onMalformed'];
  readonly maxLineBytes: number;
  readonly maxPendingBytes: number;
  readonly whenFull: 'wait' | 'policy';
  readonly signal: AbortSignal | undefined;
  readonly stopSignal: AbortSignal | undefined;
}

const INGEST_OPTIONS: readonly (keyof IngestOptions)[] = [
  'eventType',
  'ndjson',
  'source',
  'correlationId',
  'orderingKey',
  'onMalformed',
  'maxLineBytes',
  'maxPendingBytes',
  'whenFull',
  'signal',
  'stopSignal',
];

/** Throws one ConfigError that names every fault. */
export function resolveIngestOptions(options: IngestOptions): ResolvedIngestOptions {
  const check = new Check();
  const given: Record<string, unknown> = check.object('options', options) ? { ...options } : {};
  check.known('ingest', given, INGEST_OPTIONS);
  const { eventType, onMalformed, whenFull = 'wait' } = given;
  const emit: Record<string, unknown> = {};
  for (const name of ['eventType', 'source', 'correlationId', 'orderingKey'] as const) {
    const value = given[name];
    if (value === undefined && (name !== 'eventType' || given.ndjson === true)) continue;
    if (typeof value !== 'string' || value.trim() === '') check.fail(name, value, 'a non-blank string');
    else if (name !== 'eventType') emit[name] = value;
  }
  if (onMalformed !== undefined && typeof onMalformed !== 'function')
    check.fail('onMalformed', onMalformed, 'a function');
  for (const name of ['signal', 'stopSignal']) {
    const value = given[name];
    if (value !== undefined && !(value instanceof AbortSignal)) check.fail(name, value, 'an AbortSignal');
  }
  if (whenFull !== 'wait' && whenFull !== 'policy') check.fail('whenFull', whenFull, "'wait' or 'policy'");
  const ndjson = check.boolean('ndjson', given.ndjson, false);
  const maxLineBytes = check.integer('maxLineBytes', given.maxLineBytes, 16 << 20, 1, MAX_LINE_BYTES);
  const maxPendingBytes = check.integer('maxPendingBytes', given.maxPendingBytes, 64 << 20, 1, Number.MAX_SAFE_INTEGER);
  check.done();
  return {
    eventType: eventType as string | undefined,
    ndjson,
    emit: emit as EmitOptions,
    onMalformed: onMalformed as IngestOptions['onMalformed'],
    maxLineBytes,
    maxPendingBytes,
    whenFull: whenFull as ResolvedIngestOptions['whenFull'],
    signal: given.signal as AbortSignal | undefined,
    stopSignal: given.stopSignal as AbortSignal | undefined,
  };
}

export interface ResolvedDeadLetterOptions {
  readonly maxSize: number;
  readonly path: string | URL | undefined;
  readonly redactor: DeadLetterQueueOptions['redactor'];
  readonly storeRaw: boolean;
}

/** Throws one ConfigError that names every fault. */
export function resolveDeadLetterOptions(options: DeadLetterQueueOptions | undefined): ResolvedDeadLetterOptions {
  const check = new Check();
  const given: Record<string, unknown> = check.object('options', options) ? { ...options } : {};
  check.known('DeadLetterQueue', given, ['maxSize', 'path', 'redactor', 'storeRaw']);
  const { path, storeRaw = false } = given;
  if (
    path !== undefined &&
    !(path instanceof URL && path.protocol === 'file:') &&
    (typeof path !== 'string' || path === '')
  )
    check.fail('path', path, 'a non-empty string or a file URL');
  if (typeof storeRaw !== 'boolean') check.fail('storeRaw', storeRaw, 'a boolean');
  const redactor = given.redactor as DeadLetterQueueOptions['redactor'];
  if (check.object('redactor', redactor) && typeof redactor?.redactLine !== 'function')
    check.fail('redactor', redactor, 'a Redactor');
  const maxSize = check.integer('maxSize', given.maxSize, 10_000, 1, Number.MAX_SAFE_INTEGER);
  check.done();
  return { maxSize, path: path as string | URL | undefined, redactor, storeRaw: storeRaw as boolean };
}

/** A handler module's address as its threads import it. */
export interface ResolvedModule {
  readonly href: string;
  readonly exportName: string;
}

/** Bare specifiers (`pkg/handler`) are left to the importing thread; paths become file URLs. Throws ConfigError. */
export function resolveHandlerModule(handler: HandlerModule): ResolvedModule {
  if (handler instanceof URL) return { href: handler.href, exportName: 'default' };
  const check = new Check();
  const { module, export: exportName = 'default' } = handler as { module?: unknown; export?: unknown };
  check.known('handler', handler, ['module', 'export']);
  if (!(module instanceof URL) && (typeof module !== 'string' || module === '')) {
    check.fail('handler.module', module, 'a URL or a non-empty string');
  }
  if (typeof exportName !== 'string' || exportName === '')
    check.fail('handler.export', exportName, 'a non-empty string');
  check.done();
  return { href: module instanceof URL ? module.href : moduleHref(module as string), exportName: exportName as string };
}

function moduleHref(module: string): string {
  if (isAbsolute(module)) return pathToFileURL(module).href;
  if (/^\.{1,2}[\\/]/.test(module)) return pathToFileURL(resolve(module)).href;
  return module;
}

/** A name to show for a module: its file's basename without the ending. */
export function moduleName({ href, exportName }: ResolvedModule): string {
  const path = href.startsWith('file:') ? fileURLToPath(href) : href;
  const base = path.split(/[\\/]/).pop() ?? path;
  const stem = base.replace(/\.[cm]?[jt]s$/, '') || base;
  return exportName === 'default' ? stem : `${stem}#${exportName}`;
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
