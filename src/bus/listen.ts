import { type Clock, MAX_TIMER_MS, type Timer } from '../clock.ts';
import { BusClosedError, WaitTimeoutError } from '../errors.ts';
import type { BusEvent } from '../event.ts';
import type { ResolvedStreamOptions, ResolvedWaitForOptions } from '../options/listen.ts';
import { Fifo } from '../pool/fifo.ts';
import type { EventStream } from '../types.ts';

/** What listening needs of a bus. */
export interface ListenHost {
  readonly clock: Clock;
  /** What is listened to, for messages. */
  readonly eventTypes: string | readonly string[];
  subscribe(handler: (event: BusEvent) => unknown, name: string): string;
  unsubscribe(subscriptionId: string): boolean;
  /** Called when the bus is closed. */
  readonly closers: Set<() => void>;
}

/** Resolves with the first event that the filter accepts. */
export async function waitFor(
  host: ListenHost,
  { timeoutMs, signal, filter }: ResolvedWaitForOptions,
): Promise<BusEvent> {
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    let timer: Timer | undefined;
    let over = false;
    let refused = 0;
    const end = (): void => {
      over = true;
      host.clock.clearTimer(timer);
      host.unsubscribe(id);
      host.closers.delete(closed);
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: unknown): void => {
      end();
      reject(error as Error);
    };
    const closed = (): void => fail(new BusClosedError('waitFor'));
    const abort = (): void => fail(signal!.reason);
    const id = host.subscribe((event) => {
      if (over) return;
      try {
        if (filter !== undefined && !filter(event)) {
          refused++;
          return;
        }
      } catch (error) {
        // Told to who waits, and no failure of a handler.
        fail(error);
        return;
      }
      end();
      resolve(event);
    }, 'waitFor');
    host.closers.add(closed);
    signal?.addEventListener('abort', abort, { once: true });
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      timer = host.clock.setTimer(() => fail(noneCame(host, timeoutMs, refused)), Math.min(timeoutMs, MAX_TIMER_MS));
    }
  });
}

function noneCame({ eventTypes }: ListenHost, timeoutMs: number, refused: number): WaitTimeoutError {
  const types = [eventTypes].flat().join(', ');
  return refused === 0
    ? new WaitTimeoutError(timeoutMs, `no event of ${types} came`, 'Wait before it is emitted, or longer')
    : new WaitTimeoutError(timeoutMs, `the filter accepted none of ${refused} events of ${types} that came`);
}

interface Taker {
  resolve(result: IteratorResult<BusEvent, undefined>): void;
  reject(reason: unknown): void;
}

/** Events as they come, in a buffer that never grows beyond its size. */
class Stream implements EventStream<BusEvent> {
  dropped = 0;
  readonly #host: ListenHost;
  readonly #options: ResolvedStreamOptions;
  readonly #id: string;
  #events = new Fifo<BusEvent>();
  /** Deliveries that are pending until there is room for their event. */
  readonly #waiting = new Fifo<{ event: BusEvent; taken: () => void }>();
  #takers: Taker[] = [];
  #ended = false;
  #error: { reason: unknown } | undefined;

  constructor(host: ListenHost, options: ResolvedStreamOptions) {
    this.#host = host;
    this.#options = options;
    this.#id = host.subscribe((event) => this.#arrived(event), 'events');
    host.closers.add(this.#end);
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  next(): Promise<IteratorResult<BusEvent, undefined>> {
    const event = this.#events.shift();
    if (event !== undefined) {
      const first = this.#waiting.shift();
      if (first !== undefined) {
        this.#events.push(first.event);
        first.taken();
      }
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#error !== undefined) {
      const { reason } = this.#error;
      this.#error = undefined;
      return Promise.reject(reason as Error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<BusEvent, undefined>> {
    this.#events = new Fifo();
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #arrived(event: BusEvent): Promise<void> | undefined {
    if (this.#ended) return undefined;
    const taker = this.#takers.shift();
    if (taker !== undefined) taker.resolve({ done: false, value: event });
    else if (this.#events.size < this.#options.bufferSize) this.#events.push(event);
    else if (this.#options.wait) return new Promise((taken) => this.#waiting.push({ event, taken }));
    else {
      this.#events.shift();
      this.#events.push(event);
      this.dropped++;
    }
    return undefined;
  }

  readonly #abort = (): void => {
    this.#events = new Fifo();
    this.#error = { reason: this.#options.signal!.reason };
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.reject(this.#error.reason);
      this.#error = undefined;
    }
    this.#end();
  };

  /** What is in the buffer can still be taken. */
  readonly #end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#host.unsubscribe(this.#id);
    this.#host.closers.delete(this.#end);
    this.#options.signal?.removeEventListener('abort', this.#abort);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.taken();
    for (const taker of this.#takers) taker.resolve({ done: true, value: undefined });
    this.#takers = [];
  };
}

export function openStream(host: ListenHost, options: ResolvedStreamOptions): EventStream<BusEvent> {
  options.signal?.throwIfAborted();
  return new Stream(host, options);
}
