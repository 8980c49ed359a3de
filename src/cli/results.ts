import type { Delivery, Outcome, Receipt } from '../delivery/pending.ts';
import { serializeError } from '../serialized-error.ts';
import { FailureReason } from '../types.ts';
import type { Output } from './output.ts';
import { printableJson } from './terminal.ts';

/** Writes each outcome of a run as a line of JSON. */
export class Results implements Receipt {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  outcome(delivery: Delivery, outcome: Outcome): void {
    // A line that is no JSON is a malformed line, not a failed event.
    if (outcome.reason === FailureReason.SERIALIZATION_ERROR && delivery.event.ingestion !== undefined) return;
    this.#output.write(`${printableJson(JSON.stringify(resultOf(delivery, outcome)))}\n`);
  }

  settled(): void {}
}

function resultOf({ event, subscription, attempt }: Delivery, outcome: Outcome): object {
  const { ok, value, error, reason, startedAt, endedAt, threadId } = outcome;
  const { eventId, eventType, correlationId, ingestion } = event;
  return {
    event_id: eventId,
    event_type: eventType,
    correlation_id: correlationId,
    // Of the input; an event that a handler emitted has none.
    line: ingestion?.line,
    handler: subscription.name,
    ok,
    value: value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
    reason,
    error: error && serializeError(error),
    attempt,
    duration_ms: round(endedAt - startedAt),
    queue_ms: startedAt === 0 ? 0 : round(Math.max(0, startedAt - event.emittedAt)),
    thread_id: threadId,
  };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
