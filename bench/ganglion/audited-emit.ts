import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { EventBus } from '../../src/index.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { BURST } from '../bursts.ts';
import { EVENT_TYPE, expectedSum, orderAt } from '../events.ts';
import { checkLog, logFolder } from '../log-lines.ts';
import type { Figures, OpenSide, Side } from '../scenario.ts';
import { checkTotals, Tally } from '../tally.ts';
import { ADD_UP, checkAccount, settle } from './bus.ts';

/**
 * `emit` in bursts, each awaited, with the trivial handler or none. With audit also until every line is in the file; a
 * full ring makes the emitting thread wait.
 */
export function openEmit(options: { audit: boolean; handler: boolean }): OpenSide {
  return async ({ threads }): Promise<Side> => {
    const path = join(logFolder(), 'events.jsonl');
    const audit = options.audit ? { eventLogPath: path, redactor: new Redactor() } : {};
    const tally = new Tally();
    const bus = new EventBus({ maxConcurrentHandlers: threads, overflowPolicy: 'block', ...audit });
    if (options.handler) bus.subscribe(ADD_UP, EVENT_TYPE);
    await bus.ready();
    let sent = 0;
    let sum = 0;
    return {
      async run(ms: number): Promise<Figures> {
        if (options.audit) await bus.clearLog();
        const start = performance.now();
        let events = 0;
        do {
          for (let i = 0; i < BURST; i++) bus.emit(EVENT_TYPE, orderAt(i));
          await settle(bus);
          await new Promise((resolve) => setImmediate(resolve));
          events += BURST;
        } while (performance.now() - start < ms);
        // A query sees everything that was emitted before it.
        if (options.audit) await bus.getEvents({ limit: 1 });
        const seconds = (performance.now() - start) / 1000;
        sent += events;
        sum += (events / BURST) * expectedSum(BURST);
        checkAccount(bus);
        if (options.handler) checkTotals('ganglion', tally.read(), { count: sent, sum });
        if (options.audit) checkLog(path, events);
        return { eventsPerSecond: events / seconds };
      },
      async close(): Promise<void> {
        const { auditFlushed } = await bus.shutdown();
        if (!auditFlushed) throw new Error('lines were lost');
      },
    };
  };
}
