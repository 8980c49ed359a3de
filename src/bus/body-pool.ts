import type { PendingEvent } from '../delivery/pending.ts';
import { FreeBuffers } from '../pool/free-buffers.ts';

/** Below it fresh memory costs no more. */
const LEAST_BYTES = 4096;

/** Memory for the bodies of pending events: each emit copies one, and nobody needs it once its event has settled. */
export class BodyPool {
  readonly #free = new FreeBuffers<ArrayBuffer>(LEAST_BYTES);

  /** Gives the event a copy of its body. */
  lend(event: PendingEvent, body: Uint8Array): void {
    if (body.length < LEAST_BYTES) {
      event.body = new Uint8Array(body);
      return;
    }
    const size = this.#free.sizeOf(body.length);
    event.body = new Uint8Array(this.#free.take(size) ?? new ArrayBuffer(size), 0, body.length);
    event.body.set(body);
    event.bodyIsLent = true;
  }

  /** The event has settled: what it was lent may be written over. */
  takeBack(event: PendingEvent): void {
    if (!event.bodyIsLent) return;
    const buffer = event.body!.buffer as ArrayBuffer;
    event.body = undefined;
    event.bodyIsLent = false;
    this.#free.keep(buffer, buffer.byteLength);
  }
}
