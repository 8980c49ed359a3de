import { inspect } from 'node:util';
import { type Clock, MAX_TIMER_MS, type Timer } from '../clock.ts';
import { BusClosedError, ConfigError, WaitTimeoutError } from '../errors.ts';
import type { BusEvent } from '../event.ts';
import type { EventStream, EventStreamOptions, WaitForOptions } from '../types.ts';

/** What listening needs of a bus. */
export interface ListenHost {
  readonly clock: Clock;
  /** What is listened to, for messages. */
  readonly patterns: string;
  subscribe(handler: (event: BusEvent) => unknown, name: string): string;
  unsubscribe(subscriptionId: string): boolean;
  /** Called when the bus is closed. */
  readonly closers: Set<() => void>;
}

const DEFAULT_WAIT_MS = 30_000;
const DEFAULT_BUFFER = 1_024;

/** Resolves with the first event that the filter accepts. */
export async function waitFor(host: ListenHost, options: WaitForOptions<BusEvent> = {}): Promise<BusEvent> {
  const { timeoutMs = DEFAULT_WAIT_MS, signal, filter } = options;
  const problems: string[] = [];
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
    problems.push(`timeoutMs must be a number of milliseconds from 0, got ${inspect(timeoutMs)}`);
  }
  if (filter !== undefined && typeof filter !== 'function') {
    problems.push(`filter must be a function, got ${inspect(filter, { depth: 0 })}`);
  }
  checkSignal(signal, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    let timer: Timer | undefined;
    let over = false;
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
        if (filter !== undefined && !filter(event)) return;
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
      timer = host.clock.setTimer(
        () => fail(new WaitTimeoutError(timeoutMs, `no event of ${host.patterns} came`)),
        Math.min(timeoutMs, MAX_TIMER_MS),
      );
    }
  });
}

interface Taker {
  resolve(result: IteratorResult<BusEvent, undefined>): void;
  reject(reason: unknown): void;
}

/** Events as they come, in a buffer that never grows beyond its size. */
class Stream implements EventStream<BusEvent> {
  dropped = 0;
  readonly #host: ListenHost;
  readonly #size: number;
  readonly #wait: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #id: string;
  #events: BusEvent[] = [];
  /** Deliveries that are pending until there is room for their event. */
  #waiting: { event: BusEvent; taken: () => void }[] = [];
  #takers: Taker[] = [];
  #ended = false;
  #error: { reason: unknown } | undefined;

  constructor(host: ListenHost, size: number, wait: boolean, signal: AbortSignal | undefined) {
    this.#host = host;
    this.#size = size;
    this.#wait = wait;
    this.#signal = signal;
    this.#id = host.subscribe((event) => this.#arrived(event), 'events');
    host.closers.add(this.#end);
    signal?.addEventListener('abort', this.#abort, { once: true });
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
    this.#events = [];
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
    else if (this.#events.length < this.#size) this.#events.push(event);
    else if (this.#wait) return new Promise((taken) => void this.#waiting.push({ event, taken }));
    else {
      this.#events.shift();
      this.#events.push(event);
      this.dropped++;
    }
    return undefined;
  }

  readonly #abort = (): void => {
    this.#events = [];
    this.#error = { reason: this.#signal!.reason };
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
    this.#signal?.removeEventListener('abort', this.#abort);
    for (const { taken } of this.#waiting) taken();
    this.#waiting = [];
    for (const taker of this.#takers) taker.resolve({ done: true, value: undefined });
    this.#takers = [];
  };
}

export function openStream(host: ListenHost, options: EventStreamOptions = {}): EventStream<BusEvent> {
  const { signal, bufferSize = DEFAULT_BUFFER, whenFull = 'dropOldest' } = options;
  const problems: string[] = [];
  if (!Number.isInteger(bufferSize) || bufferSize < 1) {
    problems.push(`bufferSize must be an integer from 1, got ${inspect(bufferSize)}`);
  }
  if (whenFull !== 'dropOldest' && whenFull !== 'wait') {
    problems.push(`whenFull must be one of dropOldest, wait, got ${inspect(whenFull)}`);
  }
  checkSignal(signal, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  signal?.throwIfAborted();
  return new Stream(host, bufferSize, whenFull === 'wait', signal);
}

function checkSignal(signal: unknown, problems: string[]): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    problems.push(`signal must be an AbortSignal, got ${inspect(signal, { depth: 0 })}`);
  }
}
