import { setTimeout as sleep } from 'node:timers/promises';
import { BURST } from '../bursts.ts';
import { EVENT_TYPE, expectedSum, orderAt } from '../events.ts';
import type { Figures, OpenSide } from '../scenario.ts';
import { checkTotals, Tally } from '../tally.ts';
import { checkAccount, openBus, settle } from './bus.ts';

const EVENTS = 1_500_000;
const FIRST = 300_000;
const QUICK = 30_000;
/** Memory is looked at whenever so many have gone out. */
const SAMPLE_EVERY = 25_000;
const MB = 1024 * 1024;

/** Resident memory, with the main thread's garbage gone and nothing under way. */
async function quietRss(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await sleep(100);
  }
  return process.memoryUsage.rss() / MB;
}

/** One and a half million events through one bus. */
export const open: OpenSide = async ({ threads, quick }) => {
  const tally = new Tally();
  const bus = await openBus({ maxConcurrentHandlers: threads });
  let sent = 0;
  const events: number[] = [];
  const rssMb: number[] = [];
  async function emitUntil(total: number): Promise<void> {
    while (sent < total) {
      if (sent >= events.length * SAMPLE_EVERY) {
        events.push(sent);
        rssMb.push(process.memoryUsage.rss() / MB);
      }
      for (const end = Math.min(total, sent + BURST); sent < end; sent++) bus.emit(EVENT_TYPE, orderAt(sent));
      await settle(bus);
    }
  }
  return {
    async run(): Promise<Figures> {
      if (globalThis.gc === undefined) throw new Error('needs --expose-gc');
      await emitUntil(quick ? QUICK / 5 : FIRST);
      const before = await quietRss();
      await emitUntil(quick ? QUICK : EVENTS);
      const after = await quietRss();
      checkAccount(bus);
      checkTotals('soak', tally.read(), { count: sent, sum: expectedSum(sent) });
      events.push(sent);
      rssMb.push(after);
      return { events, rssMb, beforeMb: before, afterMb: after, grownMb: after - before };
    },
    close: async () => {
      await bus.shutdown();
    },
  };
};
