import { performance } from 'node:perf_hooks';
import { EventBus, type SubscribeOptions } from '../../src/index.ts';
import { BURST } from '../bursts.ts';
import { EVENT_TYPE, expectedSum, orderAt } from '../events.ts';
import type { Figures, OpenSide } from '../scenario.ts';
import { checkTotals, Tally } from '../tally.ts';
import { LIMITED } from '../thread-data.ts';
import { ADD_UP, checkAccount, settle } from './bus.ts';

const MODULE: URL = new URL('../handlers/limited.js', import.meta.url);
const OTHERS = 9;
const LIMITED_TYPE = 'order.archived';

/** Ten subscriptions that get as many events each; how fast nine are served while the tenth has these options. */
function besideTenth(name: string, options: SubscribeOptions): OpenSide {
  return async ({ threads, quick }) => {
    const tally = new Tally();
    const done = new Int32Array(new SharedArrayBuffer(4));
    LIMITED.set(done.buffer);
    const bus = new EventBus({ maxConcurrentHandlers: threads });
    const types = Array.from({ length: OTHERS }, (_, i) => `${EVENT_TYPE}.${i}`);
    for (const type of types) bus.subscribe(ADD_UP, type);
    bus.subscribe(MODULE, LIMITED_TYPE, options);
    await bus.ready();
    const rounds = Math.floor((quick ? BURST / 8 : BURST) / (OTHERS + 1));
    let sent = 0;
    let sum = 0;
    let limited = 0;
    /** Resolves when the nine have had theirs; what is pending then is the tenth's. */
    const burst = async (): Promise<void> => {
      for (let i = 0; i < rounds; i++) {
        for (const [n, type] of types.entries()) bus.emit(type, orderAt(i * OTHERS + n));
        bus.emit(LIMITED_TYPE, orderAt(i));
      }
      limited += rounds;
      while (bus.getPendingCount() > limited - Atomics.load(done, 0)) await new Promise((go) => setImmediate(go));
      sent += rounds * OTHERS;
      sum += expectedSum(rounds * OTHERS);
    };
    return {
      async run(ms: number): Promise<Figures> {
        let events = 0;
        let elapsed = 0;
        while (elapsed < ms) {
          const start = performance.now();
          await burst();
          elapsed += performance.now() - start;
          events += rounds * OTHERS;
          await settle(bus);
        }
        checkAccount(bus);
        checkTotals(name, tally.read(), { count: sent, sum });
        if (Atomics.load(done, 0) !== limited) {
          throw new Error(`${name}: the tenth handled ${Atomics.load(done, 0)} of ${limited} events`);
        }
        return { eventsPerSecond: (events / elapsed) * 1000 };
      },
      close: async () => {
        await bus.shutdown();
      },
    };
  };
}

export const unlimited: OpenSide = besideTenth('beside a tenth without a limit', {});
export const limited: OpenSide = besideTenth('beside a tenth with concurrency 1', { concurrency: 1 });
