import { monotonicMs } from '../src/clock.ts';
import { encodePayload, splitParts } from '../src/codec.ts';
import { currentScope, runInScope } from '../src/correlation.ts';
import { resolveEmitOptions } from '../src/emit-options.ts';
import type { BusEvent } from '../src/event.ts';
import { checkEventType, eventOf } from '../src/event.ts';
import { nextEventId } from '../src/event-id.ts';
import { encodeValue, isThenable } from '../src/handler-result.ts';
import {
  type Bulk,
  type HostTask,
  type ModuleInfo,
  STATUS_BYTES,
  STATUS_ERROR,
  STATUS_LOAD_ERROR,
  STATUS_MALFORMED,
  STATUS_OK,
  STATUS_UNENCODABLE,
  STATUS_VALUE,
  type SubscriptionInfo,
} from '../src/protocol.ts';
import { readBytes } from '../src/ring/bytes.ts';
import { fillCell, setCellStart } from '../src/ring/cells.ts';
import type { DispatchConsumer } from '../src/ring/dispatch-consumer.ts';
import {
  FLAG_ASCII,
  FLAG_BULK,
  FLAG_HAS_BODY,
  FLAG_UNREAD,
  FLAG_WANTS_VALUE,
  SLOT,
  slotAt,
  THREAD,
  type ThreadMemory,
} from '../src/ring/layout.ts';
import { readText } from '../src/ring/text.ts';
import { type SerializedError, serializeError } from '../src/serialized-error.ts';
import type { EmitOptions, Payload } from '../src/types.ts';
import type { CompletionWriter } from './completion-writer.ts';
import { type FaultSink, panic } from './fault-guard.ts';
import { InFlight } from './in-flight.ts';
import { loadModule, type ThreadModule } from './thread-modules.ts';
import { runInTrace, traceOfEmit } from './trace.ts';

interface KnownSubscription extends SubscriptionInfo {
  readonly loaded: ThreadModule;
}

/** Runs deliveries on this thread: decodes, calls the handler, writes what came of it. */
export class DeliveryRunner implements FaultSink {
  readonly #memory: ThreadMemory;
  readonly #consumer: DispatchConsumer;
  readonly #writer: CompletionWriter;
  readonly #loadTimeoutMs: number;
  readonly #subscriptions = new Map<number, KnownSubscription>();
  readonly #modules = new Map<number, ThreadModule>();
  readonly #bulks = new Map<number, Buffer>();
  readonly #freeCells: number[] = [];
  readonly #inFlight = new Set<InFlight>();
  /** Reads the port at once: what a slot names was sent before it was published. */
  readonly #readPort: () => boolean;
  /** A cell has come free after its handler had returned. */
  readonly #freed: () => void;
  /** The end of the last handler; the next one starts then. 0: the clock must be read. */
  now = 0;

  constructor(
    task: HostTask,
    memory: ThreadMemory,
    consumer: DispatchConsumer,
    writer: CompletionWriter,
    readPort: () => boolean,
    freed: () => void,
  ) {
    this.#memory = memory;
    this.#consumer = consumer;
    this.#writer = writer;
    this.#loadTimeoutMs = task.loadTimeoutMs;
    this.#readPort = readPort;
    this.#freed = freed;
    for (let cell = memory.cellCount - 1; cell >= 0; cell--) this.#freeCells.push(cell);
  }

  get freeCells(): number {
    return this.#freeCells.length;
  }

  /** Deliveries whose handler has returned a promise, or whose module is loading. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  load(info: ModuleInfo): ThreadModule {
    const module = loadModule(info, this.#loadTimeoutMs);
    this.#modules.set(info.index, module);
    return module;
  }

  subscribe(info: SubscriptionInfo): void {
    const loaded = this.#modules.get(info.module);
    // A module that was never tried here is told of before its first delivery; the subscription is kept for then.
    this.#subscriptions.set(info.index, { ...info, loaded: loaded as ThreadModule });
  }

  forget(subscription: number): void {
    this.#subscriptions.delete(subscription);
  }

  addBulk(bulk: Bulk): void {
    this.#bulks.set(bulk.key, Buffer.from(bulk.buffer));
  }

  dropBulk(key: number): void {
    this.#bulks.delete(key);
  }

  abort(delivery: number, reason: 'timeout' | 'shutdown'): void {
    for (const inFlight of this.#inFlight) {
      if (inFlight.id !== delivery) continue;
      // Main has settled it: what comes of it now is late.
      inFlight.settled = true;
      runInScope(inFlight, () => inFlight.abort(reason));
    }
  }

  /** Starts the delivery in a slot that this thread has claimed. False: it was taken away meanwhile. */
  deliver(sequence: number): boolean {
    const consumer = this.#consumer;
    if (!consumer.start(sequence)) return false;
    const { ring } = consumer;
    const { slots } = ring;
    const at = slotAt(ring, sequence);
    const id = slots[at + SLOT.DELIVERY]!;
    const subscription = this.#subscription(slots[at + SLOT.SUBSCRIPTION]!);
    const flags = slots[at + SLOT.FLAGS]!;
    const offset = slots[at + SLOT.BYTE_OFFSET]!;
    const bulk = (flags & FLAG_BULK) === 0 ? undefined : this.#bulk(offset);
    const bytes = bulk ?? ring.bytes;
    const textBytes = slots[at + SLOT.TEXT_BYTES]!;
    const bodyBytes = slots[at + SLOT.BODY_BYTES]!;
    // In the ring the text is first, out of line the body is.
    const textAt = bulk === undefined ? offset : bodyBytes;
    const bodyAt = bulk === undefined ? offset + textBytes : 0;
    const text = readText(bytes, textAt, textAt + textBytes, (flags & FLAG_ASCII) !== 0);
    // A copy: the bytes are written over, the ring's as soon as the slot is free.
    const body = (flags & FLAG_HAS_BODY) === 0 ? undefined : readBytes(bytes, bodyAt, bodyAt + bodyBytes);
    const parts = splitParts(
      text,
      slots[at + SLOT.PAYLOAD_LENGTH]!,
      slots[at + SLOT.TYPE_LENGTH]!,
      ring.times[(at + SLOT.TIMESTAMP) >>> 1]!,
    );
    const cell = this.#freeCells.pop()!;
    const event = eventOf(parts, body, false);
    const inFlight = new InFlight(
      id,
      cell,
      event,
      subscription,
      slots[at + SLOT.ATTEMPT]!,
      (flags & FLAG_WANTS_VALUE) !== 0,
      this.#emit,
      parts.trace ?? null,
    );
    const unread = (flags & FLAG_UNREAD) !== 0 ? unreadable(event) : undefined;
    const { loaded } = subscription;
    const ready = loaded.handler !== undefined;
    if (ready) inFlight.startedAt = this.now === 0 ? monotonicMs() : this.now;
    fillCell(this.#memory, cell, id, inFlight.startedAt);
    consumer.release(sequence);
    if (unread !== undefined) {
      this.#settle(inFlight, STATUS_MALFORMED, JSON.stringify(unread));
      return true;
    }
    if (ready) {
      this.#run(inFlight, loaded);
      return true;
    }
    this.#inFlight.add(inFlight);
    loaded.loaded
      .then(() => {
        inFlight.startedAt = monotonicMs();
        if (loaded.error !== undefined) {
          this.#settle(inFlight, STATUS_LOAD_ERROR, JSON.stringify(loaded.error));
        } else {
          this.#inFlight.delete(inFlight);
          setCellStart(this.#memory, cell, inFlight.startedAt);
          this.#run(inFlight, loaded);
        }
        this.#freed();
      })
      .catch(panic);
    return true;
  }

  #run(inFlight: InFlight, { handler }: ThreadModule): void {
    const { words } = this.#memory;
    let value: unknown;
    let thrown: unknown;
    let failed = false;
    Atomics.store(words, THREAD.EXECUTING, inFlight.cell + 1);
    try {
      const call = (): unknown => handler!(inFlight.event, inFlight);
      const { trace } = inFlight;
      value = runInScope(inFlight, trace === null ? call : () => runInTrace(trace, call));
      if (isThenable(value)) {
        const settled = Promise.resolve(value);
        this.#inFlight.add(inFlight);
        settled.then(
          (result) => {
            this.#succeed(inFlight, result);
            this.#freed();
          },
          (error: unknown) => {
            this.#fail(inFlight, error);
            this.#freed();
          },
        );
        Atomics.store(words, THREAD.EXECUTING, 0);
        this.now = 0;
        return;
      }
    } catch (error) {
      failed = true;
      thrown = error;
    }
    Atomics.store(words, THREAD.EXECUTING, 0);
    if (failed) this.#fail(inFlight, thrown);
    else this.#succeed(inFlight, value);
  }

  #succeed(inFlight: InFlight, value: unknown): void {
    if (!inFlight.wantsValue || value === undefined) this.#settle(inFlight, STATUS_OK, undefined);
    else if (value instanceof Uint8Array) this.#settle(inFlight, STATUS_BYTES, value);
    else {
      const json = encodeValue(value);
      this.#settle(inFlight, json === undefined ? STATUS_UNENCODABLE : STATUS_VALUE, json);
    }
  }

  #fail(inFlight: InFlight, error: unknown): void {
    const serialized = serializeError(error);
    if (this.#settle(inFlight, STATUS_ERROR, JSON.stringify(serialized)) || inFlight.answersAbort(error)) return;
    this.#late(inFlight, serialized);
  }

  /** False: main had settled it. */
  #settle(inFlight: InFlight, status: number, data: string | Uint8Array | undefined): boolean {
    inFlight.settled = true;
    this.#inFlight.delete(inFlight);
    this.now = monotonicMs();
    const won = this.#writer.outcome(inFlight.cell, inFlight.id, status, data, inFlight.startedAt, this.now);
    this.#freeCells.push(inFlight.cell);
    return won;
  }

  crash(inFlight: InFlight, error: unknown): void {
    this.exiting(inFlight);
    this.#writer.crash(inFlight.cell, inFlight.id, serializeError(error), inFlight.startedAt, monotonicMs());
  }

  late(inFlight: InFlight | undefined, error: unknown): void {
    this.#late(inFlight, serializeError(error));
  }

  exiting(inFlight: InFlight | undefined): void {
    Atomics.store(this.#memory.words, THREAD.CULPRIT, inFlight === undefined ? -1 : inFlight.id);
  }

  #late(inFlight: InFlight | undefined, error: SerializedError): void {
    if (inFlight === undefined) {
      this.#writer.late({ error });
      return;
    }
    const { eventId, eventType, correlationId } = inFlight.event;
    this.#writer.late({
      error,
      delivery: { eventId, eventType, correlationId, subscriptionId: inFlight.subscriptionId },
    });
  }

  readonly #emit = (from: InFlight, eventType: string, payload: Payload, options: EmitOptions | undefined): string => {
    checkEventType(eventType);
    const { source, correlationId, body, orderingKey } = resolveEmitOptions(options);
    const payloadJson = encodePayload(payload);
    const timestamp = Date.now();
    const eventId = nextEventId(timestamp);
    const inherited = correlationId ?? currentScope()?.correlationId ?? from.correlationId ?? null;
    const trace = from.trace === null ? null : traceOfEmit(from.trace);
    const parts = {
      eventType,
      payloadJson,
      timestamp,
      eventId,
      source: source ?? null,
      correlationId: inherited,
      trace,
    };
    this.#writer.emit(parts, body, orderingKey);
    return eventId;
  };

  #subscription(index: number): KnownSubscription {
    for (;;) {
      const known = this.#subscriptions.get(index);
      if (known?.loaded !== undefined) return known;
      const loaded = known && this.#modules.get(known.module);
      if (known !== undefined && loaded !== undefined) {
        const complete = { ...known, loaded };
        this.#subscriptions.set(index, complete);
        return complete;
      }
      this.#read(`subscription=${index}`);
    }
  }

  #bulk(key: number): Buffer {
    for (;;) {
      const bulk = this.#bulks.get(key);
      if (bulk !== undefined) return bulk;
      this.#read(`bulk=${key}`);
    }
  }

  #read(what: string): void {
    if (!this.#readPort()) throw new Error(`a slot names what its thread was never told of: ${what}`);
  }
}

/** Parses the payload, which the event keeps; what is wrong with it. */
function unreadable(event: BusEvent): SerializedError | undefined {
  try {
    void event.payload;
    return undefined;
  } catch (error) {
    return serializeError(error);
  }
}
