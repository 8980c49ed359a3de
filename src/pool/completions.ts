import { splitParts } from '../codec.ts';
import { type Delivery, failure, type Outcome, type Subscription, success } from '../delivery/pending.ts';
import { InvalidEventError, WorkerExitError } from '../errors.ts';
import {
  EMIT,
  LATE,
  type LateErrorInfo,
  OUTCOME,
  RECORD_CRASH,
  RECORD_EMIT,
  RECORD_LATE,
  RECORD_OUTCOME,
  STATUS_BYTES,
  STATUS_ERROR,
  STATUS_LOAD_ERROR,
  STATUS_MALFORMED,
  STATUS_OK,
  STATUS_UNENCODABLE,
  STATUS_VALUE,
  type WorkerEmit,
} from '../protocol.ts';
import { readBytes } from '../ring/bytes.ts';
import { cellDelivery, loadCell } from '../ring/cells.ts';
import { CELL_DONE, stateOf } from '../ring/layout.ts';
import { readText } from '../ring/text.ts';
import { deserializeError, type SerializedError } from '../serialized-error.ts';
import { FailureReason } from '../types.ts';
import type { HandlerThread } from './handler-thread.ts';
import { reportedLoadError } from './loading.ts';
import type { PoolModule } from './modules.ts';

export interface CompletionHooks {
  find(id: number): Delivery | undefined;
  settle(delivery: Delivery, outcome: Outcome): void;
  emitted(event: WorkerEmit): void;
  lateError(info: LateErrorInfo): void;
  unencodable(handlerName: string): void;
}

/** Reads what the threads wrote into their completion rings. */
export class Completions {
  readonly #hooks: CompletionHooks;

  constructor(hooks: CompletionHooks) {
    this.#hooks = hooks;
  }

  /** Everything that the thread has published; returns how many records. */
  drain(thread: HandlerThread): number {
    const ring = thread.completions;
    const head = ring.head();
    let count = 0;
    for (let at = ring.next(head); at !== -1; at = ring.next(head)) {
      this.#record(thread, at);
      count++;
    }
    if (count > 0) ring.release();
    return count;
  }

  /**
   * After the thread's exit: a cell that is DONE while its delivery is open means that the thread died between settling it
   * and publishing the record, which stands complete behind the last published one.
   */
  drainDead(thread: HandlerThread): void {
    this.drain(thread);
    for (let cell = 0; cell < thread.memory.cellCount; cell++) {
      if (stateOf(loadCell(thread.memory, cell)) !== CELL_DONE) continue;
      if (this.#hooks.find(cellDelivery(thread.memory, cell)) === undefined) continue;
      this.#record(thread, thread.completions.unpublished());
      return;
    }
  }

  #record(thread: HandlerThread, at: number): void {
    const { kind } = thread.completions;
    if (kind === RECORD_OUTCOME) this.#outcome(thread, at);
    else if (kind === RECORD_EMIT) this.#emit(thread, at);
    else if (kind === RECORD_CRASH) this.#crash(thread, at);
    else if (kind === RECORD_LATE) this.#late(thread, at);
  }

  #outcome(thread: HandlerThread, at: number): void {
    const { ints, doubles } = thread.completions;
    const delivery = this.#hooks.find(ints[(at + OUTCOME.DELIVERY) >>> 2]!);
    if (delivery === undefined) return;
    const status = ints[(at + OUTCOME.STATUS) >>> 2]!;
    const started = doubles[(at + OUTCOME.STARTED) >>> 3]!;
    const ended = doubles[(at + OUTCOME.ENDED) >>> 3]!;
    const { nodeThreadId } = thread;
    if (status === STATUS_OK) {
      this.#hooks.settle(delivery, success(undefined, started, ended, nodeThreadId));
      return;
    }
    if (status === STATUS_UNENCODABLE) {
      this.#hooks.unencodable(delivery.subscription.name);
      this.#hooks.settle(delivery, success(undefined, started, ended, nodeThreadId));
      return;
    }
    const data = this.#data(
      thread,
      at + OUTCOME.DATA,
      ints[(at + OUTCOME.BYTES) >>> 2]!,
      ints[(at + OUTCOME.BULK) >>> 2]!,
    );
    if (status === STATUS_BYTES) {
      this.#hooks.settle(delivery, success(readBytes(data, 0, data.length), started, ended, nodeThreadId));
      return;
    }
    const value: unknown = JSON.parse(readText(data, 0, data.length, false));
    if (status === STATUS_VALUE) {
      this.#hooks.settle(delivery, success(value, started, ended, nodeThreadId));
    } else if (status === STATUS_ERROR) {
      const error = deserializeError(value as SerializedError);
      this.#hooks.settle(delivery, failure(FailureReason.HANDLER_ERROR, error, started, ended, nodeThreadId));
    } else if (status === STATUS_MALFORMED) {
      const cause = deserializeError(value as SerializedError);
      const error = new InvalidEventError('the payload is not JSON', { cause });
      this.#hooks.settle(delivery, failure(FailureReason.SERIALIZATION_ERROR, error, 0, 0, nodeThreadId));
    } else if (status === STATUS_LOAD_ERROR) {
      const { href } = (delivery.subscription as Subscription<PoolModule>).module!;
      const error = reportedLoadError(href, value as SerializedError);
      this.#hooks.settle(delivery, failure(FailureReason.HANDLER_LOAD_ERROR, error, 0, 0, nodeThreadId, true));
    }
  }

  #crash(thread: HandlerThread, at: number): void {
    const { ints, doubles } = thread.completions;
    const delivery = this.#hooks.find(ints[(at + OUTCOME.DELIVERY) >>> 2]!);
    if (delivery === undefined) return;
    const data = this.#data(
      thread,
      at + OUTCOME.DATA,
      ints[(at + OUTCOME.BYTES) >>> 2]!,
      ints[(at + OUTCOME.BULK) >>> 2]!,
    );
    const cause = deserializeError(JSON.parse(readText(data, 0, data.length, false)) as SerializedError);
    const error = new WorkerExitError(
      `an uncaught error of handler ${delivery.subscription.name} ended its thread: ${cause.message}`,
      { cause },
    );
    const started = doubles[(at + OUTCOME.STARTED) >>> 3]!;
    const ended = doubles[(at + OUTCOME.ENDED) >>> 3]!;
    this.#hooks.settle(delivery, failure(FailureReason.WORKER_EXIT, error, started, ended, thread.nodeThreadId, true));
  }

  #emit(thread: HandlerThread, at: number): void {
    const { ints, doubles } = thread.completions;
    const textBytes = ints[(at + EMIT.TEXT_BYTES) >>> 2]!;
    const bodyBytes = ints[(at + EMIT.BODY_BYTES) >>> 2]!;
    const keyBytes = ints[(at + EMIT.KEY_BYTES) >>> 2]!;
    const size = textBytes + Math.max(bodyBytes, 0) + Math.max(keyBytes, 0);
    const data = this.#data(thread, at + EMIT.DATA, size, ints[(at + EMIT.BULK) >>> 2]!);
    const bodyEnd = textBytes + Math.max(bodyBytes, 0);
    const parts = splitParts(
      readText(data, 0, textBytes, false),
      ints[(at + EMIT.PAYLOAD_LENGTH) >>> 2]!,
      ints[(at + EMIT.TYPE_LENGTH) >>> 2]!,
      doubles[(at + EMIT.TIMESTAMP) >>> 3]!,
    );
    this.#hooks.emitted({
      ...parts,
      body: bodyBytes < 0 ? undefined : readBytes(data, textBytes, bodyEnd),
      orderingKey: keyBytes < 0 ? undefined : readText(data, bodyEnd, bodyEnd + keyBytes, false),
    });
  }

  #late(thread: HandlerThread, at: number): void {
    const { ints } = thread.completions;
    const data = this.#data(thread, at + LATE.DATA, ints[(at + LATE.BYTES) >>> 2]!, ints[(at + LATE.BULK) >>> 2]!);
    this.#hooks.lateError(JSON.parse(readText(data, 0, data.length, false)) as LateErrorInfo);
  }

  #data(thread: HandlerThread, at: number, size: number, bulk: number): Buffer {
    if (bulk === 0) return thread.completions.bytes.subarray(at, at + size);
    const bytes = thread.takeBulk(bulk);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}
