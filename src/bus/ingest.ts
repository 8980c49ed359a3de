import { Readable, Writable } from 'node:stream';
import { inspect } from 'node:util';
import type { Ingestion } from '../delivery/pending.ts';
import { BusClosedError, ConfigError, InvalidEventError } from '../errors.ts';
import type { ResolvedIngestOptions } from '../options.ts';
import type { EmitOptions, IngestReport, Payload, WritableMap } from '../types.ts';
import { LineSplitter } from './line-splitter.ts';

export interface IngestHost {
  closed(): boolean;
  /** Waits for room under every overflow policy. Undefined: there is room. */
  room(signal: AbortSignal | undefined): Promise<void> | undefined;
  /** Every handler of this type runs on a thread, and nothing on this one needs to read the payload. */
  unread(eventType: string): boolean;
  /** Checks and encodes a payload that was read on this thread. Throws what emit throws. */
  encode(eventType: string, payload: Payload, options: EmitOptions): string;
  /** Accepts an event; `ingestion` hears of its end. */
  admit(eventType: string, payloadJson: string, options: EmitOptions, ingestion: Ingestion): void;
  emitAsync(eventType: string, payload: Payload, options: EmitOptions & { signal: AbortSignal }): Promise<string>;
}

/** One call of `ingest`: a source of payloads, as NDJSON text or as objects. Resolves when all of its events have settled. */
export class Ingest {
  readonly #host: IngestHost;
  readonly #options: ResolvedIngestOptions;
  readonly #report: IngestReport = { lines: 0, emitted: 0, malformed: 0, bytes: 0 };
  #open = 0;
  #allSettled: (() => void) | undefined;
  /** What the caller's own callback threw: it ends the ingestion. */
  #fault: { readonly error: unknown } | undefined;

  constructor(host: IngestHost, options: ResolvedIngestOptions) {
    this.#host = host;
    this.#options = options;
  }

  async run(source: AsyncIterable<unknown> | Iterable<unknown>): Promise<IngestReport> {
    const { signal, ndjson } = this.#options;
    signal?.throwIfAborted();
    const abort = (): void => {
      if (source instanceof Readable) source.destroy(signal!.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      if (ndjson) await this.#lines(source);
      else await this.#objects(source);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#allSettled = resolve;
      });
    }
    this.#check();
    return this.#report;
  }

  async #lines(source: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    const splitter = new LineSplitter(this.#options.maxLineBytes);
    for await (const chunk of source) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      if (!(bytes instanceof Uint8Array)) {
        throw new InvalidEventError(`ingest takes chunks of text or bytes, got ${inspect(chunk, { depth: 0 })}`);
      }
      this.#report.bytes += bytes.length;
      for (const line of splitter.push(bytes)) {
        const room = this.#line(line, splitter);
        if (room !== undefined) await room;
      }
    }
    for (const line of splitter.end()) await this.#line(line, splitter);
  }

  /** A promise where there is no room now; the line is emitted when it resolves. */
  #line(line: string | undefined, splitter: LineSplitter): Promise<void> | undefined {
    this.#check();
    const number = splitter.line;
    if (line === undefined) {
      this.#report.lines++;
      this.#malformed('', number, new InvalidEventError(`longer than maxLineBytes=${this.#options.maxLineBytes}`));
      return undefined;
    }
    const text = line.trim();
    if (text === '') return undefined;
    this.#report.lines++;
    const room = this.#host.room(this.#options.signal);
    if (room === undefined) {
      this.#emitLine(text, number);
      return undefined;
    }
    return room.then(() => this.#emitLine(text, number));
  }

  #emitLine(text: string, number: number): void {
    const { eventType, emit } = this.#options;
    // What does not even look like an object needs no thread to say so.
    if (text.charCodeAt(0) !== 123 /* { */ || text.charCodeAt(text.length - 1) !== 125 /* } */) {
      this.#malformed(text, number, new InvalidEventError('the line is no JSON object'));
      return;
    }
    let payloadJson = text;
    const unread = this.#host.unread(eventType);
    if (!unread) {
      let payload: Payload;
      try {
        payload = JSON.parse(text) as Payload;
      } catch (cause) {
        this.#malformed(text, number, new InvalidEventError('the line is not JSON', { cause }));
        return;
      }
      try {
        payloadJson = this.#host.encode(eventType, payload, emit);
      } catch (error) {
        this.#malformed(text, number, error as Error);
        return;
      }
    }
    this.#admit(payloadJson, number, unread);
  }

  async #objects(source: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    const { eventType, emit, signal } = this.#options;
    let number = 0;
    for await (const payload of source) {
      this.#check();
      number++;
      this.#report.lines++;
      let payloadJson: string;
      try {
        payloadJson = this.#host.encode(eventType, payload as Payload, emit);
      } catch (error) {
        this.#malformed(inspect(payload, { depth: 1 }), number, error as Error);
        continue;
      }
      await this.#host.room(signal);
      this.#admit(payloadJson, number, false);
    }
  }

  #admit(payloadJson: string, number: number, unread: boolean): void {
    this.#check();
    this.#open++;
    this.#report.emitted++;
    this.#host.admit(this.#options.eventType, payloadJson, this.#options.emit, {
      unread,
      malformed: (error) => {
        this.#report.emitted--;
        this.#malformed(payloadJson, number, error);
      },
      settled: () => {
        if (--this.#open === 0) this.#allSettled?.();
      },
    });
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
export function openWritable(host: IngestHost, target: string | WritableMap, highWaterMark: number): Writable {
  if ((typeof target !== 'string' || target.trim() === '') && typeof target !== 'function') {
    throw new ConfigError(`writable takes an event type or a function, got ${inspect(target, { depth: 0 })}`);
  }
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
