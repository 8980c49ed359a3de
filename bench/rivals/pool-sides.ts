// What scenarios do with a rival's pool, whichever it is: each event or task is one call of it.
import { bestAlong, bestOf, least, most } from '../best-of.ts';
import { bodyAt, sizedBodies } from '../bodies.ts';
import { BURST, type BurstSide, burstSide, sizedBurstSide } from '../bursts.ts';
import { cpuSide, taskAt } from '../cpu-tasks.ts';
import type { WorkName } from '../cpu-work.ts';
import { orderAt } from '../events.ts';
import { LatencyHistogram } from '../latency.ts';
import { latencySide } from '../latency-side.ts';
import { mixedSide } from '../mixed.ts';
import { roundTripSide } from '../round-trips.ts';
import type { Figures, OpenSide, Setup, Side } from '../scenario.ts';
import { Tally, type Totals } from '../tally.ts';
import type { TaskPools } from './task-pool.ts';
import { sendWindowed } from './window.ts';

const WIDTHS: Readonly<Record<string, number>> = { '64 in flight': 64, 'all at once': BURST };

type Form = (i: number) => unknown;
const FORMS: Readonly<Record<string, Form>> = {
  clone: (i) => orderAt(i),
  text: (i) => JSON.stringify(orderAt(i)),
};

type Burst = (side: BurstSide) => Side;

function bursts(pools: TaskPools, burst: Burst, task: (form: string) => string, handlers = 1): OpenSide {
  const open =
    ([settings, width, form]: readonly string[]): OpenSide =>
    async (setup: Setup): Promise<Side> => {
      const tally = new Tally();
      const pool = await pools[settings!]!(setup);
      const input = FORMS[form!]!;
      const name = task(form!);
      // For each handler a call of its own, its input encoded once.
      const send = async (i: number): Promise<void> => {
        const one = input(i);
        const calls: Promise<unknown>[] = [];
        for (let n = 1; n < handlers; n++) calls.push(pool.run(name, one));
        await pool.run(name, one);
        if (calls.length > 0) await Promise.all(calls);
      };
      const single = (i: number): Promise<unknown> => pool.run(name, input(i));
      return burst({
        burst: (count) => sendWindowed(count, WIDTHS[width!]!, handlers === 1 ? single : send),
        totals: () => tally.read(),
        close: async () => {
          await pool.close();
        },
      });
    };
  return bestAlong([Object.keys(pools), Object.keys(WIDTHS), Object.keys(FORMS)], open, most('eventsPerSecond'));
}

export function throughput(name: string, pools: TaskPools): OpenSide {
  return bursts(
    pools,
    (side) => burstSide(name, side),
    (form) => form,
  );
}

/** To a task that looks at nothing. */
export function trivialThroughput(name: string, pools: TaskPools): OpenSide {
  return bursts(
    pools,
    (side) => burstSide(name, side, { sumOf: (count) => count }),
    () => 'trivial',
  );
}

export function throughputBySize(name: string, sizes: readonly number[], pools: TaskPools): OpenSide {
  return bursts(
    pools,
    (side) => sizedBurstSide(name, sizes, side),
    (form) => form,
  );
}

const BODY_FORMS = ['copied', 'moved'];

/** Bytes: the pool copies them, or a copy of them is moved. */
export function bodies(name: string, sizes: readonly number[], pools: TaskPools): OpenSide {
  const open =
    ([settings, width, form]: readonly string[]): OpenSide =>
    async (setup) => {
      const tally = new Tally();
      const pool = await pools[settings!]!(setup);
      const copied = (i: number): Promise<unknown> => pool.run('body', bodyAt(i));
      const moved = (i: number): Promise<unknown> => {
        const own = bodyAt(i).slice();
        return pool.run('body', own, [own.buffer]);
      };
      const side = {
        burst: (count: number) => sendWindowed(count, WIDTHS[width!]!, form === 'moved' ? moved : copied),
        totals: () => tally.read(),
        close: async () => {
          await pool.close();
        },
      };
      return sizedBurstSide(name, sizes, side, sizedBodies);
    };
  return bestAlong([Object.keys(pools), Object.keys(WIDTHS), BODY_FORMS], open, most('eventsPerSecond'));
}

/** So many calls for each event. */
export function fanOut(name: string, handlers: number, pools: TaskPools): OpenSide {
  return bursts(
    pools,
    (side) => burstSide(name, side, { handlers }),
    (form) => form,
    handlers,
  );
}

/** One call at a time. */
export function roundTrips(name: string, restMs: number, pools: TaskPools): OpenSide {
  const open = (settings: string): OpenSide => {
    return async (setup) => {
      const tally = new Tally();
      const pool = await pools[settings]!(setup);
      return roundTripSide(name, restMs, {
        trip: (i) => pool.run('clone', orderAt(i)),
        totals: () => tally.read(),
        close: async () => {
          await pool.close();
        },
      });
    };
  };
  return bestOf(Object.fromEntries(Object.keys(pools).map((settings) => [settings, open(settings)])), least('p50Us'));
}

/** A call for each task. */
export function cpuTasks(name: string, works: readonly WorkName[], pools: TaskPools): OpenSide {
  const open =
    ([settings, width]: readonly string[]): OpenSide =>
    async (setup) => {
      const tally = new Tally();
      const pool = await pools[settings!]!(setup);
      return cpuSide(name, setup.threads, works, {
        work: (work, count) => sendWindowed(count, WIDTHS[width!]!, (i) => pool.run('cpu', taskAt(work, i))),
        totals: () => tally.read(),
        close: async () => {
          await pool.close();
        },
      });
    };
  return bestAlong([Object.keys(pools), Object.keys(WIDTHS)], open, most('tasksPerSecond'));
}

/** A call for each event, whose promise nobody awaits, at the same rate as all and at these parts of its capacity. */
export function latency(name: string, pools: TaskPools, loads: readonly number[]): OpenSide {
  return unawaited(pools, most('capacity'), ({ setup, histogram, call, pending, totals, close }) =>
    latencySide(name, setup, histogram, { loads, send: (order) => call('timed', order), pending, totals, close }),
  );
}

/** Fast and slow calls on one pool. */
export function mixed(name: string, pools: TaskPools): OpenSide {
  return unawaited(pools, least('p99Ms'), ({ setup, histogram, call, pending, totals, close }) =>
    mixedSide(name, setup, histogram, {
      fast: (order) => call('timed', order),
      slow: (task) => call('cpu', task),
      pending,
      totals,
      close,
    }),
  );
}

interface Unawaited {
  readonly setup: Setup;
  readonly histogram: LatencyHistogram;
  call(task: string, input: unknown): void;
  pending(): number;
  totals(): Totals;
  close(): Promise<void>;
}

function unawaited(pools: TaskPools, score: (figures: Figures) => number, make: (of: Unawaited) => Side): OpenSide {
  const open =
    (settings: string): OpenSide =>
    async (setup) => {
      const tally = new Tally();
      const histogram = new LatencyHistogram();
      const pool = await pools[settings]!(setup);
      let pending = 0;
      const settled = (): void => {
        pending--;
      };
      return make({
        setup,
        histogram,
        call: (task, input) => {
          pending++;
          // One that rejects leaves its event unsettled and ends the process.
          void pool.run(task, input).then(settled);
        },
        pending: () => pending,
        totals: () => tally.read(),
        close: async () => {
          await pool.close();
        },
      });
    };
  return bestOf(Object.fromEntries(Object.keys(pools).map((settings) => [settings, open(settings)])), score);
}
