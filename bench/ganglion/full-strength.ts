import { EventBus, FailureReason } from '../../src/index.ts';
import { nowMs } from '../clock.ts';
import { GAUGE } from '../gauge.ts';
import type { Figures, OpenSide } from '../scenario.ts';
import { checkTotals, Tally } from '../tally.ts';
import { GAUGE_MEMORY } from '../thread-data.ts';
import { checkAccount, settle } from './bus.ts';
import { subscribeNudge, untilWhole } from './whole.ts';

const MODULE = new URL('../handlers/gauge.js', import.meta.url);
const DEADLINE_MS = 20;
/** Milliseconds of work for each thread: from before the stuck one until long after its deadline. */
const WORK_MS = 150;

/**
 * One handler hangs in a stream of short ones. How long after its deadline is the number of short ones that run at the
 * same time the full thread count again? The short handlers see it themselves.
 */
export const open: OpenSide = async ({ threads }) => {
  const tally = new Tally();
  const buffer = new SharedArrayBuffer(GAUGE.bytes);
  GAUGE_MEMORY.set(buffer);
  const words = new Int32Array(buffer);
  const times = new Float64Array(buffer);
  words[GAUGE.threads] = threads;
  const bus = new EventBus({ maxConcurrentHandlers: threads, spareThreads: 1 });
  bus.subscribe({ module: MODULE, export: 'short' }, 'short');
  bus.subscribe({ module: MODULE, export: 'stuck' }, 'stuck', { timeoutMs: DEADLINE_MS, circuitBreaker: false });
  subscribeNudge(bus);
  await bus.ready();
  let sent = 0;
  let failures = 0;

  async function lose(): Promise<number> {
    await untilWhole(bus, threads);
    const emitShort = (count: number): void => {
      for (let i = 0; i < count; i++) bus.emit('short', {});
      sent += count;
    };
    emitShort(10);
    const stuck = bus.emitAndWait('stuck', {});
    emitShort(WORK_MS * threads);
    const { outcomes } = await stuck;
    failures++;
    if (outcomes[0]?.reason !== FailureReason.HANDLER_TIMEOUT)
      throw new Error(`not timed out: ${JSON.stringify(outcomes)}`);
    await settle(bus);
    checkTotals('full-strength', tally.read(), { count: sent, sum: sent });
    if (Atomics.load(words, GAUGE.armed) !== 0) throw new Error('full strength was not seen again');
    return times[GAUGE.fullAt]! - times[GAUGE.stuckAt]! - DEADLINE_MS;
  }

  return {
    async run(ms: number): Promise<Figures> {
      const backMs: number[] = [];
      const end = nowMs() + ms;
      do backMs.push(await lose());
      while (nowMs() < end);
      checkAccount(bus, failures);
      return { backMs };
    },
    close: async () => {
      await bus.shutdown();
    },
  };
};
