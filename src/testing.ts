import { TEST_SEAM } from './bus/test-seam.ts';
import { type AnyEventBus, EventBus } from './bus.ts';
import { ConfigError, WaitTimeoutError } from './errors.ts';
import type { BusEvent } from './event.ts';
import type { EventOf, EventsShape, PatternOf } from './event-types.ts';
import { resolveTimeLimit } from './options/listen.ts';
import { InProcess } from './testing/in-process.ts';
import { turns, VirtualClock } from './testing/virtual-clock.ts';
import type { EventBusOptions, EventMap } from './types.ts';

export interface TestBusOptions<Events = EventMap, Inputs = Events> extends EventBusOptions<Events, Inputs> {
  /** What the virtual clock shows at first, in milliseconds since the epoch. @default Date.now() */
  startTime?: number;
}

const seams = new WeakMap<AnyEventBus, InProcess>();

/**
 * A bus for tests. Handler modules run in this process, in one order that is always the same, with their `setup` and
 * `teardown`; deadlines, retries, circuit
 * breakers and `waitFor` go by a clock that stands still until `advance` moves it. No thread is started, so a handler that
 * blocks can't be ended.
 */
export class TestBus<
  Events extends EventsShape<Events> = EventMap,
  Inputs extends EventsShape<Inputs> = Events,
> extends EventBus<Events, Inputs> {
  readonly #clock: VirtualClock;

  /** Throws ConfigError. */
  constructor(options: TestBusOptions<Events, Inputs> = {}) {
    const { startTime = Date.now(), ...rest } = options;
    if (!Number.isFinite(startTime))
      throw new ConfigError(`startTime must be a finite number, got ${String(startTime)}`);
    const seam = new InProcess(new VirtualClock(startTime));
    super({ ...rest, [TEST_SEAM]: seam } as EventBusOptions<Events, Inputs>);
    this.#clock = seam.clock;
    seams.set(this, seam);
  }

  /** Milliseconds since the epoch, as this bus sees them. */
  get now(): number {
    return this.#clock.wall(this.#clock.now());
  }

  /** Moves the clock on: what is due in between happens at its time and in its order. Throws RangeError. */
  async advance(ms: number): Promise<void> {
    await seams
      .get(this)!
      .ready()
      .catch(() => {});
    await this.#clock.advance(ms);
  }

  /** Ends the bus without waiting for handlers that never end. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown({ timeoutMs: 0 });
  }
}

export function createTestBus<
  Events extends EventsShape<Events> = EventMap,
  Inputs extends EventsShape<Inputs> = Events,
>(options?: TestBusOptions<Events, Inputs>): TestBus<Events, Inputs> {
  return new TestBus<Events, Inputs>(options);
}

type EventsIn<Bus extends AnyEventBus> = NonNullable<Bus['~events']>;

export interface EventRecorder<Event = BusEvent> extends Disposable {
  /** In the order of their emission. */
  readonly events: readonly Event[];
  /** Their types, for a quick comparison. */
  readonly types: readonly string[];
  /** Forgets what was recorded so far. */
  clear(): void;
  stop(): void;
}

/** Keeps the events that match, from this call on. An ordinary subscription, before all others of an event. */
export function recordEvents<Bus extends AnyEventBus, const P extends PatternOf<EventsIn<Bus>> = '*'>(
  bus: Bus,
  eventTypes?: P | readonly P[],
): EventRecorder<EventOf<EventsIn<Bus>, P>> {
  const events: EventOf<EventsIn<Bus>, P>[] = [];
  const record = (event: unknown): void => void events.push(event as EventOf<EventsIn<Bus>, P>);
  const patterns = eventTypes ?? '*';
  const id = bus.subscribe(record, patterns, { name: 'recordEvents', priority: Number.MAX_VALUE });
  const stop = (): void => void bus.unsubscribe(id);
  return {
    events,
    get types() {
      return events.map((event) => (event as { readonly eventType: string }).eventType);
    },
    clear: () => {
      events.length = 0;
    },
    stop,
    [Symbol.dispose]: stop,
  };
}

/** Turns of the event loop in which nothing happens before a virtual clock is moved on. */
const QUIET_TURNS = 3;

/**
 * Resolves when every event has settled. On a test bus the clock moves on to the next retry whenever no handler is at work;
 * a handler that is, is waited for: `advance` takes it to its deadline. Rejects with WaitTimeoutError, ConfigError.
 * @default timeoutMs 5_000, in real time
 */
export async function waitUntilIdle(bus: AnyEventBus, options?: { timeoutMs?: number }): Promise<void> {
  const timeoutMs = resolveTimeLimit('waitUntilIdle', options, 5_000);
  const seam = seams.get(bus);
  if (seam === undefined) {
    if (!(await bus.waitForPending({ timeoutMs }))) throw stillPending(bus, timeoutMs);
    return;
  }
  const until = performance.now() + timeoutMs;
  await seam.ready().catch(() => {});
  let quiet = 0;
  let before = '';
  await turns();
  while (bus.getPendingCount() > 0) {
    if (performance.now() > until) throw stillPending(bus, timeoutMs);
    const { emitted, completed, failed, dropped, pending, retrying } = bus.getStats();
    const state = [emitted, completed, failed, dropped, pending, retrying].join();
    quiet = state === before ? quiet + 1 : 0;
    before = state;
    if (quiet >= QUIET_TURNS && seam.running === 0 && seam.clock.nextAt !== Number.POSITIVE_INFINITY) {
      quiet = 0;
      await seam.clock.advance(Math.max(0, seam.clock.nextAt - seam.clock.now()));
    } else await turns();
  }
}

function stillPending(bus: AnyEventBus, timeoutMs: number): WaitTimeoutError {
  const pending = bus.getPendingCount();
  return new WaitTimeoutError(
    timeoutMs,
    `${pending} pending events did not settle (is a handler waiting for advance()?)`,
  );
}
