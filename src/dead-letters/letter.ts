import { encodeEvent, encodeHead, encodePayload } from '../codec.ts';
import { BusEvent, eventOf } from '../event.ts';
import { isSerializedError, type SerializedError } from '../serialized-error.ts';
import type { FailedAttemptInfo, FailedEvent, FailureReason } from '../types.ts';

/** No Date holds more milliseconds, on either side of 1970. */
const LAST_DATE_MS = 8.64e15;

/** What of a Redactor the queue's file needs. */
export interface LetterRedactor {
  redactLine(line: string): string;
  redact(value: unknown): unknown;
}

/** An entry of the queue, as the queue and the bus see it. */
export interface DeadLetter {
  readonly id: string;
  readonly event: BusEvent;
  /** Its payload as it was encoded. Undefined: it never was. */
  readonly payloadJson: string | undefined;
  readonly body: Uint8Array | undefined;
  readonly orderingKey: string | undefined;
  /** Null: the event was not accepted. */
  readonly subscriptionId: string | null;
  readonly handlerName: string | null;
  reason: FailureReason;
  error: SerializedError;
  readonly timestamp: number;
  /** Monotonic milliseconds of the first failure, so that no change of the clock makes it older or younger. */
  readonly since: number;
  retryCount: number;
  readonly attempts: FailedAttemptInfo[];
  /** The number of the last attempt. */
  attempt: number;
  /** All handlers of its event, two or more, have failed. */
  allFailed: boolean;
  /** It came out of a file that holds less than was emitted. */
  readonly incomplete: boolean;
  /** It came out of a file, so its subscription has another id now. */
  readonly restored: boolean;
  /** A retry is under way. */
  running: Promise<boolean> | undefined;
  /** Later events of its ordering key wait until it is gone. */
  gone: (() => void) | undefined;
  /** Of the bus that it failed on last. */
  redactor: LetterRedactor | undefined;
}

/** What a failure is to the queue. */
export type NewDeadLetter = Omit<
  DeadLetter,
  'id' | 'timestamp' | 'since' | 'retryCount' | 'allFailed' | 'incomplete' | 'restored' | 'running' | 'gone'
>;

/** How a retry ended. */
export type RerunResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: FailureReason;
      readonly error: SerializedError;
      readonly threadId: number;
      readonly attempt: number;
    };

export function toFailedEvent(letter: DeadLetter): FailedEvent {
  const { id, event, reason, error, subscriptionId, handlerName, timestamp, retryCount, incomplete } = letter;
  const attempts = letter.attempts.map((attempt) => ({ ...attempt }));
  const orderingKey = letter.orderingKey ?? null;
  return {
    id,
    event,
    reason,
    error,
    subscriptionId,
    handlerName,
    timestamp,
    retryCount,
    attempts,
    orderingKey,
    incomplete,
  };
}

/** A letter as the queue's file keeps it, beside its event. */
export interface StoredLetter {
  id: string;
  reason: FailureReason;
  error: SerializedError;
  subscription_id: string | null;
  handler_name: string | null;
  ordering_key: string | null;
  timestamp: number;
  retry_count: number;
  attempts: FailedAttemptInfo[];
  attempt: number;
  all_failed: boolean;
  incomplete: boolean;
  /** Base64. */
  body: string | null;
}

/** One line's text. With a redactor nothing of the event or the errors goes through unredacted. */
export function encodeLetter(letter: DeadLetter, redactor: LetterRedactor | undefined): string {
  const raw = lineOf(letter);
  const line = redactor === undefined ? raw : redactor.redactLine(raw);
  const { body } = letter;
  const key = letter.orderingKey ?? null;
  const texts = { error: letter.error, attempts: letter.attempts, ordering_key: key };
  const shown = redactor === undefined ? texts : redacted(redactor, texts);
  const stored: StoredLetter = {
    id: letter.id,
    reason: letter.reason,
    error: shown.error,
    subscription_id: letter.subscriptionId,
    handler_name: letter.handlerName,
    ordering_key: shown.ordering_key,
    timestamp: letter.timestamp,
    retry_count: letter.retryCount,
    attempts: shown.attempts,
    attempt: letter.attempt,
    all_failed: letter.allFailed,
    incomplete:
      letter.incomplete ||
      letter.payloadJson === undefined ||
      line !== raw ||
      shown.ordering_key !== key ||
      (body !== undefined && redactor !== undefined),
    // Bytes can't be redacted, so where there is a redactor they stay away from the disk.
    body: body === undefined || redactor !== undefined ? null : Buffer.from(body).toString('base64'),
  };
  return `{"letter":${JSON.stringify(stored)},"event":${line}}`;
}

/** Undefined: the record is not a letter. */
export function decodeLetter(record: unknown, nowMs: number, monotonicMs: number): DeadLetter | undefined {
  const { letter, event } = record as { letter?: StoredLetter; event?: { payload?: unknown; event_id?: unknown } };
  if (!isStoredLetter(letter)) return undefined;
  if (typeof event !== 'object' || event === null || !String(event.event_id).isWellFormed()) return undefined;
  // A payload that could not be searched for secrets is a text in its place.
  if (typeof event.payload === 'string') event.payload = { redacted: event.payload };
  let read: BusEvent;
  let payloadJson: string;
  try {
    read = BusEvent.fromJsonl(JSON.stringify(event));
    payloadJson = encodePayload(read.payload);
  } catch {
    return undefined;
  }
  const { body } = letter;
  const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'base64')) : undefined;
  const { eventType, timestamp, eventId, source, correlationId } = read;
  const frozen = eventOf({ eventType, payloadJson, timestamp, eventId, source, correlationId }, bytes, true);
  Object.freeze(frozen);
  return {
    id: letter.id,
    event: frozen,
    payloadJson,
    body: bytes,
    orderingKey: typeof letter.ordering_key === 'string' ? letter.ordering_key : undefined,
    subscriptionId: letter.subscription_id,
    handlerName: letter.handler_name,
    reason: letter.reason,
    error: errorOf(letter.error),
    timestamp: letter.timestamp,
    since: monotonicMs - Math.max(0, nowMs - letter.timestamp),
    retryCount: letter.retry_count,
    attempts: letter.attempts.map((each) => attemptOf(each, letter)),
    attempt: letter.attempt,
    allFailed: letter.all_failed === true,
    incomplete: letter.incomplete === true,
    restored: true,
    running: undefined,
    gone: undefined,
    redactor: undefined,
  };
}

function isStoredLetter(letter: unknown): letter is StoredLetter {
  if (typeof letter !== 'object' || letter === null) return false;
  const { id, reason, subscription_id, handler_name, timestamp, retry_count, attempts, attempt } = letter as Record<
    keyof StoredLetter,
    unknown
  >;
  return (
    typeof id === 'string' &&
    typeof reason === 'string' &&
    [subscription_id, handler_name].every((text) => text === null || typeof text === 'string') &&
    isTime(timestamp) &&
    isCount(retry_count) &&
    isCount(attempt) &&
    Array.isArray(attempts)
  );
}

/** What has been through a redactor may have another form; all readers count on this one. */
function errorOf(stored: unknown): SerializedError {
  if (isSerializedError(stored)) return stored;
  return { name: 'Error', message: typeof stored === 'string' ? stored : 'its error can not be read' };
}

function attemptOf(stored: unknown, { timestamp, reason }: StoredLetter): FailedAttemptInfo {
  const attempt = Object(stored) as Record<keyof FailedAttemptInfo, unknown>;
  return {
    at: isTime(attempt.at) ? attempt.at : timestamp,
    reason: typeof attempt.reason === 'string' ? (attempt.reason as FailureReason) : reason,
    error: errorOf(attempt.error),
    threadId: isCount(attempt.threadId) ? attempt.threadId : 0,
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_DATE_MS;
}

function lineOf({ event, payloadJson = '{}' }: DeadLetter): string {
  const { eventType, timestamp, eventId, source, correlationId } = event;
  return encodeEvent(encodeHead(eventType), payloadJson, timestamp, eventId, source, correlationId);
}

type Texts = Pick<StoredLetter, 'error' | 'attempts' | 'ordering_key'>;

function redacted(redactor: LetterRedactor, texts: Texts): Texts {
  const result = redactor.redact(texts);
  // A redactor that fails gives a token for the whole, and one that knows these keys for what stands under them.
  const whole = typeof result === 'object' && result !== null ? (result as Record<keyof Texts, unknown>) : undefined;
  const { attempts, ordering_key: key } = whole ?? { attempts: undefined, ordering_key: undefined };
  return {
    error: errorOf(whole === undefined ? result : whole.error),
    attempts: Array.isArray(attempts) ? (attempts as FailedAttemptInfo[]) : [],
    ordering_key: typeof key === 'string' ? key : null,
  };
}
