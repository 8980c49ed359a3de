/** Every code that an error of this library can carry. */
export const ERROR_CODES = [
  'ERR_GANGLION_CONFIG',
  'ERR_GANGLION_INVALID_EVENT',
  'ERR_GANGLION_INVALID_PATTERN',
  'ERR_GANGLION_SERIALIZATION',
  'ERR_GANGLION_VALIDATION',
  'ERR_GANGLION_BACKPRESSURE',
  'ERR_GANGLION_BUS_CLOSED',
  'ERR_GANGLION_HANDLER_LOAD',
  'ERR_GANGLION_HANDLER_TIMEOUT',
  'ERR_GANGLION_WORKER_EXIT',
  'ERR_GANGLION_THREAD_START',
  'ERR_GANGLION_QUARANTINED',
  'ERR_GANGLION_DROPPED',
  'ERR_GANGLION_SHUTDOWN',
  'ERR_GANGLION_SUBSCRIPTION_GONE',
  'ERR_GANGLION_WAIT_TIMEOUT',
  'ERR_GANGLION_NON_RETRYABLE',
  'ERR_GANGLION_DEAD_LETTER_INCOMPLETE',
  'ERR_GANGLION_DEAD_LETTER_FILE',
  'ERR_GANGLION_AUDIT_LOCKED',
  'ERR_GANGLION_AUDIT_OPEN',
  'ERR_GANGLION_AUDIT_WRITE',
  'ERR_GANGLION_REDACTION_RULE',
  'ERR_GANGLION_PROTOCOL',
  'ERR_GANGLION_RUNTIME',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Marks our errors across copies of this module (a bundle beside a package, a worker beside the main thread). */
const BRAND = Symbol.for('ganglion.error');

/** ERR_GANGLION_INVALID_EVENT → InvalidEventError. */
function nameOf(code: ErrorCode): string {
  const words = code.toLowerCase().split('_').slice(2);
  return `${words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')}Error`;
}

/** One of the classes below; `is` finds its own. */
interface ErrorClass<E> {
  readonly prototype: E;
  readonly code?: ErrorCode;
}

/** The base of every error this library throws. `code` is stable; `cause` is set where there is one. */
export class GanglionError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }
  override get name(): string {
    // Ours go by their code: a minifier gives classes other names.
    return Object.hasOwn(this.constructor, 'code') ? nameOf(this.code) : this.constructor.name;
  }
  /** True for an error of this class, also one that another copy of the library made. Never throws. */
  static is<E extends GanglionError>(this: ErrorClass<E>, x: unknown): x is E {
    if (typeof x !== 'object' || x === null) return false;
    try {
      const { [BRAND]: ours, code } = x as { [BRAND]?: unknown; code?: unknown };
      return (
        ours === true && (this.code === undefined ? this.prototype === GanglionError.prototype : this.code === code)
      );
    } catch {
      // A proxy can throw at any look.
      return false;
    }
  }
}

/** Options that can't be used. `problems` names each one. */
export class ConfigError extends GanglionError {
  static readonly code = 'ERR_GANGLION_CONFIG';
  readonly problems: readonly string[];
  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const list = typeof problems === 'string' ? [problems] : problems;
    super(ConfigError.code, list.join('; '), options);
    this.problems = list;
  }
}

/** An event type or payload that is not one, or a JSONL line that holds no event. */
export class InvalidEventError extends GanglionError {
  static readonly code = 'ERR_GANGLION_INVALID_EVENT';
  constructor(message: string, options?: ErrorOptions) {
    super(InvalidEventError.code, message, options);
  }
}

/** A subscription pattern that is empty or not a string. */
export class InvalidPatternError extends GanglionError {
  static readonly code = 'ERR_GANGLION_INVALID_PATTERN';
  constructor(message: string, options?: ErrorOptions) {
    super(InvalidPatternError.code, message, options);
  }
}

/** A payload that JSON can't hold: a cycle, a BigInt, a throwing toJSON. `cause` is what JSON.stringify threw. */
export class SerializationError extends GanglionError {
  static readonly code = 'ERR_GANGLION_SERIALIZATION';
  constructor(message: string, options?: ErrorOptions) {
    super(SerializationError.code, message, options);
  }
}

/** An event that its validator or its schema refuses. `problems` names each fault. */
export class ValidationError extends GanglionError {
  static readonly code = 'ERR_GANGLION_VALIDATION';
  readonly eventType: string;
  readonly problems: readonly string[];
  constructor(eventType: string, problems: readonly string[], options?: ErrorOptions) {
    super(ValidationError.code, `${eventType}: ${problems.join('; ')}`, options);
    this.eventType = eventType;
    this.problems = problems;
  }
}

/** No room: `resource` says of what, the pending events or the audit ring. */
export class BackpressureError extends GanglionError {
  static readonly code = 'ERR_GANGLION_BACKPRESSURE';
  readonly resource: 'events' | 'audit';
  constructor(message: string, resource: 'events' | 'audit' = 'events') {
    super(BackpressureError.code, message);
    this.resource = resource;
  }
}

/** The bus was shut down. */
export class BusClosedError extends GanglionError {
  static readonly code = 'ERR_GANGLION_BUS_CLOSED';
  constructor(what: string) {
    super(BusClosedError.code, `${what}: the bus is shut down. Do it before shutdown(), or make a new bus`);
  }
}

/**
 * A handler module that is missing, throws on import, has no such export, or takes longer than `loadTimeoutMs`. `cause` is
 * what its import threw; there is none where that ended or blocked the thread.
 */
export class HandlerLoadError extends GanglionError {
  static readonly code = 'ERR_GANGLION_HANDLER_LOAD';
  readonly module: string;
  constructor(module: string, message: string, options?: ErrorOptions) {
    super(HandlerLoadError.code, message, options);
    this.module = module;
  }
}

/** A handler that was not done by its deadline. */
export class HandlerTimeoutError extends GanglionError {
  static readonly code = 'ERR_GANGLION_HANDLER_TIMEOUT';
  readonly timeoutMs: number;
  constructor(handlerName: string, timeoutMs: number) {
    super(
      HandlerTimeoutError.code,
      `handler ${handlerName} passed its deadline of ${timeoutMs} ms. Raise its timeoutMs, or let it end itself by ` +
        'context.signal or context.remainingMs()',
    );
    this.timeoutMs = timeoutMs;
  }
}

/** The thread that ran a handler ended under it: process.exit, out of memory, an uncaught error. */
export class WorkerExitError extends GanglionError {
  static readonly code = 'ERR_GANGLION_WORKER_EXIT';
  constructor(message: string, options?: ErrorOptions) {
    super(WorkerExitError.code, message, options);
  }
}

/** Handler threads can't be started. */
export class ThreadStartError extends GanglionError {
  static readonly code = 'ERR_GANGLION_THREAD_START';
  constructor(message: string, options?: ErrorOptions) {
    super(ThreadStartError.code, message, options);
  }
}

/** An accepted event that the overflow policy `dropOldest` displaced. */
export class DroppedError extends GanglionError {
  static readonly code = 'ERR_GANGLION_DROPPED';
  constructor(message: string) {
    super(DroppedError.code, message);
  }
}

/** A delivery that was not settled when the shutdown's time limit passed. */
export class ShutdownError extends GanglionError {
  static readonly code = 'ERR_GANGLION_SHUTDOWN';
  constructor(message: string, options?: ErrorOptions) {
    super(ShutdownError.code, message, options);
  }
}

/** Another bus, in this process or another one, writes to the log. */
export class AuditLockedError extends GanglionError {
  static readonly code = 'ERR_GANGLION_AUDIT_LOCKED';
  /** The log's real path. */
  readonly path: string;
  constructor(path: string) {
    super(
      AuditLockedError.code,
      `the audit log ${path} is in use by another bus, of this process or another one. Give each a path of its own`,
    );
    this.path = path;
  }
}

/** An audit log that can't be opened: a directory, no permission, a full disk. `cause` is the system's error. */
export class AuditOpenError extends GanglionError {
  static readonly code = 'ERR_GANGLION_AUDIT_OPEN';
  readonly path: string;
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(AuditOpenError.code, `the audit log ${path} can't be opened: ${reason}`, options);
    this.path = path;
  }
}

/** Lines don't get into the audit log for now, or some never will. `fault` is the system's code, or the log's own. */
export class AuditWriteError extends GanglionError {
  static readonly code = 'ERR_GANGLION_AUDIT_WRITE';
  readonly path: string;
  readonly fault: string;
  constructor(path: string, fault: string, reason: string) {
    const next = /^E[A-Z]/.test(fault) ? '. It is tried again until it succeeds; emit meets the overflow policy' : '';
    super(AuditWriteError.code, `the audit log ${path} can't be written: ${reason}${next}`);
    this.path = path;
    this.fault = fault;
  }
}

/** No event came within `waitFor`'s time limit, or a bus was not idle within that of `waitUntilIdle`. */
export class WaitTimeoutError extends GanglionError {
  static readonly code = 'ERR_GANGLION_WAIT_TIMEOUT';
  readonly timeoutMs: number;
  constructor(timeoutMs: number, what = 'no event came', next?: string) {
    super(WaitTimeoutError.code, `${what} within timeoutMs=${timeoutMs}${next === undefined ? '' : `. ${next}`}`);
    this.timeoutMs = timeoutMs;
  }
}

/** A delivery that was not started: its subscription's circuit breaker is open. */
export class QuarantinedError extends GanglionError {
  static readonly code = 'ERR_GANGLION_QUARANTINED';
  constructor(message: string) {
    super(QuarantinedError.code, message);
  }
}

/** For a handler to throw: another attempt would fail as well, whatever the subscription's `retry` says. */
export class NonRetryableError extends GanglionError {
  static readonly code = 'ERR_GANGLION_NON_RETRYABLE';
  readonly retryable = false;
  constructor(message: string, options?: ErrorOptions) {
    super(NonRetryableError.code, message, options);
  }
}

/** The subscription that a dead letter failed in is gone, so it can't be run again. The dead letter stays. */
export class SubscriptionGoneError extends GanglionError {
  static readonly code = 'ERR_GANGLION_SUBSCRIPTION_GONE';
  constructor(message: string) {
    super(SubscriptionGoneError.code, message);
  }
}

/** A dead letter out of a file that holds less than was emitted, as after redaction: it can't be run again as it is. */
export class DeadLetterIncompleteError extends GanglionError {
  static readonly code = 'ERR_GANGLION_DEAD_LETTER_INCOMPLETE';
  constructor(message: string) {
    super(DeadLetterIncompleteError.code, message);
  }
}

/** The dead letter queue's file can't be opened, or another queue has it. */
export class DeadLetterFileError extends GanglionError {
  static readonly code = 'ERR_GANGLION_DEAD_LETTER_FILE';
  constructor(message: string, options?: ErrorOptions) {
    super(DeadLetterFileError.code, message, options);
  }
}

/** A redaction rule that can't be compiled or matches the empty string. */
export class RedactionRuleError extends GanglionError {
  static readonly code = 'ERR_GANGLION_REDACTION_RULE';
  constructor(message: string, options?: ErrorOptions) {
    super(RedactionRuleError.code, message, options);
  }
}

/** Bun or Deno, where the threads of this library don't keep what it promises. Functions as handlers work there. */
export class RuntimeError extends GanglionError {
  static readonly code = 'ERR_GANGLION_RUNTIME';
  constructor(message: string) {
    super(RuntimeError.code, message);
  }
}

/** Shared memory that doesn't hold what the protocol says. A bug of this library, or two versions of it on one ring. */
export class ProtocolError extends GanglionError {
  static readonly code = 'ERR_GANGLION_PROTOCOL';
  constructor(message: string) {
    super(ProtocolError.code, `${message}. Two versions of ganglion, or a bug of it: please report it`);
  }
}
