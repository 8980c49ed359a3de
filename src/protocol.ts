import type { MessagePort } from 'node:worker_threads';
import type { EventParts } from './codec.ts';
import type { SerializedError } from './serialized-error.ts';

/** What the main thread gives a pooled thread for one lease. */
export interface HostTask {
  readonly ring: SharedArrayBuffer;
  readonly thread: SharedArrayBuffer;
  readonly owner: number;
  /** Threads that share the ring. */
  readonly threads: number;
  readonly port: MessagePort;
  readonly loadTimeoutMs: number;
  /** The thread asks to be replaced after so many deliveries; Infinity: never. */
  readonly recycleAfterEvents: number;
  /** … or when its heap has grown to so many bytes. */
  readonly recycleAboveHeapBytes: number;
}

/** A handler module as threads know it. */
export interface ModuleInfo {
  readonly index: number;
  readonly href: string;
  readonly exportName: string;
}

/** A subscription as threads know it. */
export interface SubscriptionInfo {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly module: number;
  /** Infinity: none. */
  readonly timeoutMs: number;
}

/** A buffer for messages that are too large for the dispatch ring. A slot says which and how much of it. */
export interface Bulk {
  readonly key: number;
  readonly buffer: SharedArrayBuffer;
}

export type ToThread =
  | { readonly type: 'load'; readonly modules: readonly ModuleInfo[] }
  | { readonly type: 'subscriptions'; readonly added: readonly SubscriptionInfo[] }
  | { readonly type: 'forget'; readonly subscriptions: readonly number[] }
  | { readonly type: 'bulk'; readonly bulks: readonly Bulk[] }
  | { readonly type: 'drop'; readonly key: number }
  /** The delivery was settled by main: abort its signal. */
  | { readonly type: 'abort'; readonly delivery: number; readonly reason: 'timeout' | 'shutdown' }
  | { readonly type: 'ping'; readonly number: number }
  /** Nothing is in flight and nothing more comes: the modules' teardowns, within so many milliseconds. */
  | { readonly type: 'teardown'; readonly limitMs: number };

/** An event that a handler emitted on its thread. */
export interface WorkerEmit extends EventParts {
  readonly body: Uint8Array | undefined;
  readonly orderingKey: string | undefined;
}

/** What went wrong in the teardown of a module, or of several together. */
export interface TeardownFault {
  readonly module: string;
  readonly message: string;
}

export type FromThread =
  /** The lease has begun. */
  | { readonly type: 'up' }
  /** A completion ring has something, and main had armed the bell. */
  | { readonly type: 'doorbell' }
  /** `teardown`: the module has one. */
  | { readonly type: 'loaded'; readonly module: number; readonly teardown: boolean; readonly error?: SerializedError }
  /** It has done its number of events, or its heap has grown: it wants to be replaced. */
  | { readonly type: 'worn' }
  /** It ends on an error of our own. */
  | { readonly type: 'panic'; readonly message: string }
  /** It was told to take nothing new, and nothing is in flight any more. */
  | { readonly type: 'drained' }
  /** With the teardowns that failed; the thread is about to be ended, so that main warns of them. */
  | { readonly type: 'torn-down'; readonly faults: readonly TeardownFault[] }
  /** From a thread that has been given back: what a handler left running goes on, and nobody reads its ring any more. */
  | { readonly type: 'emitted'; readonly event: WorkerEmit }
  | { readonly type: 'late'; readonly info: LateErrorInfo }
  | { readonly type: 'bulk'; readonly key: number; readonly bytes: Uint8Array };

// ---- records of a completion ring; offsets are bytes from the record's own part

/** A delivery's outcome. */
export const RECORD_OUTCOME = 1;
/** An event that a handler emitted. */
export const RECORD_EMIT = 2;
/** The error that is ending the thread; its OUTCOME is FAILED with reason worker_exit. */
export const RECORD_CRASH = 3;
/** An error that came after its delivery's outcome, or from no delivery. */
export const RECORD_LATE = 4;

/** OUTCOME and CRASH: Int32 delivery, status, bytes, bulk key; Float64 started, ended; then the bytes. */
export const OUTCOME = { DELIVERY: 0, STATUS: 4, BYTES: 8, BULK: 12, STARTED: 16, ENDED: 24, DATA: 32 } as const;

export const STATUS_OK = 0;
/** DATA is JSON. */
export const STATUS_VALUE = 1;
export const STATUS_BYTES = 2;
/** DATA is a SerializedError. */
export const STATUS_ERROR = 3;
/** The handler's module could not be loaded on this thread; DATA is a SerializedError. */
export const STATUS_LOAD_ERROR = 4;
/** Succeeded with a value that JSON can't hold. */
export const STATUS_UNENCODABLE = 5;
/** The event's payload is no JSON; DATA is a SerializedError. No handler was called. */
export const STATUS_MALFORMED = 6;

/**
 * EMIT: Int32 text bytes, body bytes, payload length, type length, key bytes, bulk key; Float64 timestamp; then text, body
 * and ordering key. Body and key bytes are -1 where there is none.
 */
export const EMIT = {
  TEXT_BYTES: 0,
  BODY_BYTES: 4,
  PAYLOAD_LENGTH: 8,
  TYPE_LENGTH: 12,
  KEY_BYTES: 16,
  BULK: 20,
  TIMESTAMP: 24,
  DATA: 32,
} as const;

/** LATE: Int32 bytes, bulk key; then JSON of LateError. */
export const LATE = { BYTES: 0, BULK: 4, DATA: 8 } as const;

/** What a late error says of the delivery it came from; without one it came from no delivery. */
export interface LateErrorInfo {
  readonly error: SerializedError;
  readonly delivery?: {
    readonly eventId: string;
    readonly eventType: string;
    readonly subscriptionId: string;
    readonly correlationId: string | null;
  };
}
