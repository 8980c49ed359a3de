import { messageOf } from '../codec.ts';
import type { PendingEvent } from '../delivery/pending.ts';
import { SerializationError } from '../errors.ts';
import { FreeBuffers } from '../pool/free-buffers.ts';

/** Below it fresh memory costs no more. */
const LEAST_BYTES = 4096;

/** Memory that threads see too. */
export interface Lender {
  /** False: this event's body travels otherwise. */
  lend(event: PendingEvent, body: Uint8Array): boolean;
  takeBack(event: PendingEvent): void;
}

/** Memory for the bodies of pending events: each emit copies one, and nobody needs it once its event has settled. */
export class BodyPool {
  readonly #free = new FreeBuffers<ArrayBuffer>(LEAST_BYTES);
  readonly #lender: () => Lender | undefined;

  /** `lender`: for events that go to threads. */
  constructor(lender: () => Lender | undefined) {
    this.#lender = lender;
  }

  /** Gives the event a copy of its body. Throws SerializationError when there is no memory for it. */
  lend(event: PendingEvent, body: Uint8Array): void {
    try {
      this.#lend(event, body);
    } catch (cause) {
      const bytes = body.length;
      throw new SerializationError(`no memory for a copy of a body of ${bytes} bytes: ${messageOf(cause)}`, { cause });
    }
  }

  #lend(event: PendingEvent, body: Uint8Array): void {
    if (body.length < LEAST_BYTES) {
      event.body = new Uint8Array(body);
      return;
    }
    event.bodyIsLent = true;
    if (!event.route.local && this.#lender()?.lend(event, body) === true) return;
    const size = this.#free.sizeOf(body.length);
    event.body = new Uint8Array(this.#free.take(size) ?? new ArrayBuffer(size), 0, body.length);
    event.body.set(body);
  }

  /** The event has settled: what it was lent may be written over, unless a dead letter may still be made of it. */
  takeBack(event: PendingEvent): void {
    if (!event.bodyIsLent) return;
    if (event.loan !== undefined) this.#lender()!.takeBack(event);
    if (event.failed) return;
    const { buffer } = event.body!;
    if (event.loan === undefined) this.#free.keep(buffer as ArrayBuffer, buffer.byteLength);
    event.body = undefined;
  }
}
