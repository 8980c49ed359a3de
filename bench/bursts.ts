import { performance } from 'node:perf_hooks';
import { expectedSum, payloadBytes, usePayloadBytes } from './events.ts';
import type { Figures, Side } from './scenario.ts';
import { checkTotals, type Totals } from './tally.ts';

/** Events in flight at most, on every side: half of ganglion's dispatch ring, as much as rivals take without trouble. */
export const BURST = 8192;
/** A lead-in is this part of a burst … */
const LEAD_IN = 1 / 8;
/** … and in a short run a short one. */
const LEAD_PER_MS = 4;
const LEAST_LEAD_IN = 16;
/** What they may hold together: large events are fewer. */
const BURST_BYTES = 16 * 1024 * 1024;

export interface BurstSide {
  readonly note?: string;
  /** Sends events 0 … count-1 and resolves when all of them have been handled. */
  burst(count: number): Promise<void>;
  totals(): Totals;
  close(): Promise<void>;
}

interface BurstOptions {
  /** How often each event is handled. Default 1. */
  readonly handlers?: number;
  /** What handlers have added up after so many events. Default their amounts. */
  readonly sumOf?: (count: number) => number;
}

/**
 * Throughput in bursts, each awaited whole: a program that has a batch of things to tell and then waits for them.
 * A lead-in that is not measured wakes the threads up and says how large a burst fits the time.
 */
export function burstSide(name: string, side: BurstSide, options: BurstOptions = {}): Side {
  const bursts = new Bursts(name, side, options);
  return {
    ...(side.note === undefined ? {} : { note: side.note }),
    run: (ms) => bursts.measure(ms),
    close: () => side.close(),
  };
}

/** Events of several sizes. */
export interface Sized {
  /** From now on events have so many bytes. */
  use(bytes: number): void;
  /** What handlers have added up after so many events. */
  sumOf(count: number): number;
}

const sizedPayloads: Sized = { use: usePayloadBytes, sumOf: expectedSum };
/** However many sizes share the time. */
const LEAST_MS = 20;

/** The same for one size after the other; each figure's name ends in its size: 'eventsPerSecond 1024'. */
export function sizedBurstSide(
  name: string,
  sizes: readonly number[],
  side: BurstSide,
  sized: Sized = sizedPayloads,
): Side {
  const bursts = new Bursts(name, side, { sumOf: sized.sumOf });
  return {
    ...(side.note === undefined ? {} : { note: side.note }),
    async run(ms: number): Promise<Figures> {
      const all: Record<string, number | readonly number[]> = {};
      for (const bytes of sizes) {
        sized.use(bytes);
        const figures = await bursts.measure(Math.max(LEAST_MS, ms / sizes.length), bytes);
        for (const [figure, value] of Object.entries(figures)) all[`${figure} ${bytes}`] = value;
      }
      return all;
    },
    close: () => side.close(),
  };
}

class Bursts {
  readonly #name: string;
  readonly #side: BurstSide;
  readonly #handlers: number;
  readonly #sumOf: (count: number) => number;
  #sent = 0;
  #sum = 0;

  constructor(name: string, side: BurstSide, { handlers = 1, sumOf = expectedSum }: BurstOptions) {
    this.#name = name;
    this.#side = side;
    this.#handlers = handlers;
    this.#sumOf = sumOf;
  }

  async measure(ms: number, bytes: number = payloadBytes()): Promise<Figures> {
    const most = Math.max(1, Math.min(BURST, Math.floor(BURST_BYTES / bytes / this.#handlers)));
    const lead = Math.ceil(Math.min(most * LEAD_IN, Math.max(LEAST_LEAD_IN, ms * LEAD_PER_MS)));
    const leadIn = performance.now();
    await this.#send(lead);
    const perEvent = (performance.now() - leadIn) / lead;
    const fitting = Math.floor(ms / perEvent / lead) * lead;
    const count = Math.min(most, Math.max(lead, fitting));
    const cpu = process.cpuUsage();
    const start = performance.now();
    let events = 0;
    let elapsed = 0;
    while (elapsed < ms) {
      await this.#send(count);
      events += count;
      elapsed = performance.now() - start;
    }
    const { user, system } = process.cpuUsage(cpu);
    checkTotals(this.#name, this.#side.totals(), { count: this.#sent, sum: this.#sum });
    return { eventsPerSecond: (events / elapsed) * 1000, cpuUsPerEvent: (user + system) / events };
  }

  async #send(count: number): Promise<void> {
    await this.#side.burst(count);
    this.#sent += count * this.#handlers;
    this.#sum += this.#sumOf(count) * this.#handlers;
  }
}
