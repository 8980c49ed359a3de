import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { FailureReason, OverflowPolicy } from './types.ts';

/*
 * The channels of node:diagnostics_channel that this library publishes on, with the shapes of their messages. Messages are
 * built only while somebody is subscribed. They are published on the main thread, synchronously: subscribers must be quick,
 * and what they throw is reported by Node as an uncaught exception, never to the bus. Payloads are not in them: fetch
 * them, redacted, from the log, or subscribe to the events.
 */

/** `ganglion:emit`: an event was accepted; also one that a handler on a thread emitted, and the bus's own. */
export interface EmitMessage {
  eventId: string;
  eventType: string;
  source: string | null;
  correlationId: string | null;
  /** Milliseconds since the epoch. */
  timestamp: number;
  /** Raised by the bus itself. */
  system: boolean;
  /** Subscriptions that it goes to. */
  deliveries: number;
}

/**
 * `tracing:ganglion:handler:*`: one call of a handler. `start` and `end` enclose its hand-over to the thread that runs it;
 * when its outcome is there `error`, if it failed, then `asyncStart` and `asyncEnd`. All get the same object.
 */
export interface HandlerMessage {
  eventId: string;
  eventType: string;
  subscriptionId: string;
  handlerName: string;
  correlationId: string | null;
  /** From here on set when its outcome is there. */
  attempt?: number;
  ok?: boolean;
  reason?: FailureReason;
  error?: Error;
  /** Running time in milliseconds. */
  durationMs?: number;
  /** From emit to the handler's start, in milliseconds. */
  queueMs?: number;
  /** Node's thread id; 0 on the main thread. */
  threadId?: number;
}

/** `ganglion:dropped`: an overflow policy refused or displaced an event. */
export interface DroppedMessage {
  eventType: string;
  /** null: it was refused before it had one. */
  eventId: string | null;
  policy: OverflowPolicy;
}

/** `ganglion:dead-letter`: a delivery, or an event that could not be emitted, became a dead letter. */
export interface DeadLetterMessage {
  id: string;
  eventId: string;
  eventType: string;
  subscriptionId: string | null;
  handlerName: string | null;
  reason: FailureReason;
}

/** `ganglion:thread`: a handler thread was replaced after a kill or a crash. */
export interface ThreadMessage {
  change: 'restarted';
  /** Node's id of the thread that ended. */
  threadId: number;
}

/** `ganglion:audit`: the state of the audit log changed. */
export interface AuditMessage {
  change: 'opened' | 'rotated' | 'error' | 'recovered' | 'closed';
  /** The log's file. */
  path: string;
  error?: Error;
}

export const EMIT_CHANNEL: Channel = channel('ganglion:emit');
export const HANDLER_CHANNEL: TracingChannel<HandlerMessage> = tracingChannel<HandlerMessage>('ganglion:handler');
export const DROPPED_CHANNEL: Channel = channel('ganglion:dropped');
export const DEAD_LETTER_CHANNEL: Channel = channel('ganglion:dead-letter');
export const THREAD_CHANNEL: Channel = channel('ganglion:thread');
export const AUDIT_CHANNEL: Channel = channel('ganglion:audit');
