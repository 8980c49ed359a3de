import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import type { Ingestion } from '../delivery/pending.ts';
import { BusClosedError, InvalidEventError } from '../errors.ts';
import { Check } from '../options/check.ts';
import type { ResolvedIngestOptions } from '../options/ingest.ts';
import type { EmitOptions, IngestReport, Payload, WritableMap } from '../types.ts';
import { chunksUntil } from './chunks-until.ts';
import { type EventLine, isOfBus, readEventLine, whyMalformed } from './event-line.ts';
import { type BadLine, LineSplitter } from './line-splitter.ts';

export interface IngestHost {
  closed(): boolean;
  /** Waits for room under every overflow policy. Undefined: there is room. */
  room(signal: AbortSignal | undefined): Promise<void> | undefined;
  /** Meets the overflow policy as emit does. False: the event is dropped, and counted. Throws BackpressureError. */
  make(eventType: string): boolean;
  /** `unread`: every handler of this type runs on a thread, and nothing on this one needs to read the payload. */
  route(eventType: string): { readonly unread: boolean; readonly handled: boolean };
  /** Checks and encodes a payload that was read on this thread. Throws what emit throws. */
  encode(eventType: string, payload: Payload, options: EmitOptions): string;
  /** Accepts an event, a recorded one with its own time and id; `ingestion` hears of its end. */
  admit(
    eventType: string,
    payloadJson: string,
    options: EmitOptions,
    ingestion: Ingestion,
    recorded: EventLine | undefined,
  ): void;
  emitAsync(eventType: string, payload: Payload, options: EmitOptions & { signal: AbortSignal }): Promise<string>;
}

/** One call of `ingest`: a source of payloads, as NDJSON text or as objects. Resolves when all of its events have settled. */
export class Ingest {
  readonly #host: IngestHost;
  readonly #options: ResolvedIngestOptions;
  readonly #report: IngestReport = {
    lines: 0,
    emitted: 0,
    failed: 0,
    malformed: 0,
    dropped: 0,
    skipped: 0,
    unhandled: 0,
    bytes: 0,
  };
  /** Aborts with the signal that rejects, and with the one that stops. */
  readonly #ending = new AbortController();
  #open = 0;
  #openBytes = 0;
  #allSettled: (() => void) | undefined;
  #fewerBytes: (() => void) | undefined;
  /** What the caller's own callback threw: it ends the ingestion. */
  #fault: { readonly error: unknown } | undefined;

  constructor(host: IngestHost, options: ResolvedIngestOptions) {
    this.#host = host;
    this.#options = options;
  }

  async run(source: unknown): Promise<IngestReport> {
    const { signal, stopSignal, ndjson } = this.#options;
    signal?.throwIfAborted();
    const end = (): void => {
      this.#ending.abort();
      this.#fewerBytes?.();
      // What was emitted stays emitted, and is not waited for any more.
      if (signal?.aborted) this.#allSettled?.();
    };
    if (stopSignal?.aborted) end();
    for (const each of [signal, stopSignal]) each?.addEventListener('abort', end, { once: true });
    try {
      const chunks = chunksUntil(source, this.#ending.signal);
      if (ndjson) await this.#lines(chunks);
      else await this.#objects(chunks);
      this.#check();
      if (this.#open > 0) {
        await new Promise<void>((resolve) => {
          this.#allSettled = resolve;
        });
      }
    } finally {
      for (const each of [signal, stopSignal]) each?.removeEventListener('abort', end);
    }
    this.#check();
    return this.#report;
  }

  async #lines(source: AsyncIterable<unknown>): Promise<void> {
    const splitter = new LineSplitter(this.#options.maxLineBytes);
    for await (const chunk of source) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      if (!(bytes instanceof Uint8Array)) {
        throw new InvalidEventError(`ingest takes chunks of text or bytes, got ${inspect(chunk, { depth: 0 })}`);
      }
      this.#report.bytes += bytes.length;
      for (const line of splitter.push(bytes)) {
        const done = this.#line(line, splitter.line);
        if (done !== undefined) await done;
        if (this.#stopped) return;
      }
    }
    // What stands behind the last line feed may be half a line where the source was left.
    if (!this.#stopped) for (const line of splitter.end()) await this.#line(line, splitter.line);
  }

  /** A promise where there is no room now; the line is emitted when it resolves. */
  #line(line: string | BadLine, number: number): Promise<void> | undefined {
    this.#check();
    if (typeof line !== 'string') {
      this.#report.lines++;
      this.#malformed(line.text, number, new InvalidEventError(line.reason));
      return undefined;
    }
    const text = line.trim();
    if (text === '') return undefined;
    const room = this.#room();
    if (room === undefined) {
      this.#emitLine(text, number);
      return undefined;
    }
    return room.then(
      () => this.#emitLine(text, number),
      (error: Error) => this.#roomRefused(error),
    );
  }

  #emitLine(text: string, number: number): void {
    if (this.#stopped) return;
    this.#report.lines++;
    // What does not even look like an object needs no thread to say so.
    if (text.charCodeAt(0) !== 123 /* { */ || text.charCodeAt(text.length - 1) !== 125 /* } */) {
      this.#malformed(text, number, new InvalidEventError('the line is no JSON object'));
      return;
    }
    const { eventType, emit } = this.#options;
    if (eventType === undefined) {
      this.#emitEventLine(text, number);
      return;
    }
    const route = this.#host.route(eventType);
    let payloadJson = text;
    if (!route.unread) {
      const encoded = this.#encode(eventType, text, undefined, emit, text, number);
      if (encoded === undefined) return;
      payloadJson = encoded;
    }
    this.#admit(eventType, payloadJson, emit, text, number, route);
  }

  #emitEventLine(text: string, number: number): void {
    let line: EventLine;
    try {
      line = readEventLine(text);
    } catch (error) {
      this.#malformed(text, number, error as Error);
      return;
    }
    if (isOfBus(line)) {
      this.#report.skipped++;
      return;
    }
    const { eventType } = line;
    const { emit } = this.#options;
    const options: EmitOptions = { ...emit };
    if (line.source !== null) options.source = line.source;
    if (line.correlationId !== null) options.correlationId = line.correlationId;
    const { unread, handled } = this.#host.route(eventType);
    let { payloadJson } = line;
    if (!unread) {
      const encoded = this.#encode(eventType, payloadJson, line.payload, options, text, number);
      if (encoded === undefined) return;
      payloadJson = encoded;
    }
    const route = { unread: unread && line.payload === undefined, handled };
    this.#admit(eventType, payloadJson, options, text, number, route, line);
  }

  /** Undefined: the line is malformed, and told. `payload`: it has been parsed. */
  #encode(
    eventType: string,
    payloadJson: string,
    payload: Payload | undefined,
    options: EmitOptions,
    text: string,
    number: number,
  ): string | undefined {
    let parsed = payload;
    try {
      parsed ??= JSON.parse(payloadJson) as Payload;
    } catch (cause) {
      this.#malformed(text, number, whyMalformed(text, new InvalidEventError('the line is not JSON', { cause })));
      return undefined;
    }
    try {
      return this.#host.encode(eventType, parsed, options);
    } catch (error) {
      this.#malformed(text, number, error as Error);
      return undefined;
    }
  }

  async #objects(source: AsyncIterable<unknown>): Promise<void> {
    const { emit } = this.#options;
    // Objects come with a type, see resolveIngestOptions.
    const eventType = this.#options.eventType!;
    let number = 0;
    for await (const payload of source) {
      this.#check();
      number++;
      let payloadJson: string;
      try {
        payloadJson = this.#host.encode(eventType, payload as Payload, emit);
      } catch (error) {
        this.#report.lines++;
        this.#malformed(inspect(payload, { depth: 1 }), number, error as Error);
        continue;
      }
      await this.#room()?.catch((error: Error) => this.#roomRefused(error));
      if (this.#stopped) return;
      this.#report.lines++;
      const { handled } = this.#host.route(eventType);
      this.#admit(eventType, payloadJson, emit, payloadJson, number, { unread: false, handled });
    }
  }

  #admit(
    eventType: string,
    payloadJson: string,
    options: EmitOptions,
    text: string,
    number: number,
    { unread, handled }: { readonly unread: boolean; readonly handled: boolean },
    recorded?: EventLine,
  ): void {
    this.#check();
    const report = this.#report;
    if (this.#options.whenFull === 'policy' && !this.#host.make(eventType)) {
      report.dropped++;
      return;
    }
    this.#open++;
    const bytes = payloadJson.length;
    this.#openBytes += bytes;
    report.emitted++;
    if (!handled) report.unhandled++;
    // A thread's verdict on the line comes before or after the end of its event.
    let malformed = false;
    let failed = false;
    const ingestion: Ingestion = {
      unread,
      line: number,
      malformed: (error) => {
        if (malformed) return;
        malformed = true;
        if (failed) report.failed--;
        report.emitted--;
        this.#malformed(text, number, recorded === undefined ? error : whyMalformed(text, error));
      },
      settled: (event) => {
        // One that the overflow policy displaced is not failed: its deliveries were never settled.
        if (event.failed && event.open > 0) {
          report.dropped++;
          report.emitted--;
        } else if (event.failed && !malformed) {
          failed = true;
          report.failed++;
        }
        this.#settled(bytes);
      },
    };
    this.#host.admit(eventType, payloadJson, options, ingestion, recorded);
  }

  #settled(bytes: number): void {
    this.#openBytes -= bytes;
    if (this.#fewerBytes !== undefined && this.#openBytes < this.#options.maxPendingBytes) this.#fewerBytes();
    if (--this.#open === 0) this.#allSettled?.();
  }

  /** Undefined: there is room now. */
  #room(): Promise<void> | undefined {
    if (this.#openBytes < this.#options.maxPendingBytes) return this.#roomForOne();
    return new Promise<void>((resolve) => {
      this.#fewerBytes = resolve;
    }).then(() => {
      this.#fewerBytes = undefined;
      return this.#roomForOne();
    });
  }

  #roomForOne(): Promise<void> | undefined {
    return this.#options.whenFull === 'policy' ? undefined : this.#host.room(this.#ending.signal);
  }

  #roomRefused(error: Error): void {
    this.#check();
    if (!this.#stopped) throw error;
  }

  get #stopped(): boolean {
    return this.#options.stopSignal?.aborted === true;
  }

  #malformed(text: string, number: number, error: Error): void {
    this.#report.malformed++;
    try {
      this.#options.onMalformed?.({ text, line: number, error });
    } catch (fault) {
      this.#fault ??= { error: fault };
    }
  }

  #check(): void {
    if (this.#fault !== undefined) throw this.#fault.error;
    this.#options.signal?.throwIfAborted();
    if (this.#host.closed()) throw new BusClosedError('ingest');
  }
}

/** A Writable of payloads, or of whatever `map` makes events of. Its back-pressure is the bus's. */
export function openWritable(host: IngestHost, target: string | WritableMap, options: unknown): Writable {
  const check = new Check();
  if ((typeof target !== 'string' || target.trim() === '') && typeof target !== 'function')
    check.fail("writable's target", target, 'an event type or a function');
  const given = check.options("writable's options", options, 'writable', ['highWaterMark']);
  const highWaterMark = check.integer('highWaterMark', given.highWaterMark, 16, 0, Number.MAX_SAFE_INTEGER);
  check.done();
  const controller = new AbortController();
  const map: WritableMap =
    typeof target === 'function' ? target : (chunk) => ({ eventType: target, payload: chunk as Payload });
  const write = async (chunk: unknown): Promise<void> => {
    const event = map(chunk);
    if (event === undefined) return;
    await host.emitAsync(event.eventType, event.payload, { ...event.options, signal: controller.signal });
  };
  return new Writable({
    objectMode: true,
    highWaterMark,
    write: (chunk: unknown, _encoding, callback) => {
      write(chunk).then(() => callback(), callback);
    },
    destroy: (error, callback) => {
      controller.abort(error ?? new BusClosedError('the stream was destroyed'));
      callback(error);
    },
  });
}
