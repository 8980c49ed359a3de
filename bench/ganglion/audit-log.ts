import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { AuditLog } from '../../src/audit/log.ts';
import { encodeEvent, encodeHead } from '../../src/codec.ts';
import { nextEventId } from '../../src/event-id.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { EVENT_TYPE } from '../events.ts';
import { checkLog, logFolder, loggedOrderAt } from '../log-lines.ts';
import type { Figures, OpenSide, Side } from '../scenario.ts';

const BLOCK_MS = 60_000;
const HEAD: string = encodeHead(EVENT_TYPE);
/** The event loop gets a turn after so many lines. */
const LINES_PER_TURN = 512;

/** Encodes events, has them redacted by default rules, and counts them when they are in the file. */
export function openLog(options: { seal: boolean }): OpenSide {
  return async (): Promise<Side> => {
    const path = join(logFolder(), 'events.jsonl');
    const log = new AuditLog({ path, redactor: new Redactor().toConfig(), seal: options.seal });
    await log.ready();
    return {
      async run(ms: number): Promise<Figures> {
        if (!(await log.clear())) throw new Error('the log was not cleared');
        const start = performance.now();
        let lines = 0;
        do {
          for (let end = lines + LINES_PER_TURN; lines < end; lines++) append(log, lines);
          await new Promise((resolve) => setImmediate(resolve));
        } while (performance.now() - start < ms);
        if (!(await log.flush(BLOCK_MS))) throw new Error('the log was not flushed');
        const seconds = (performance.now() - start) / 1000;
        if (!options.seal) checkLog(path, lines);
        return { linesPerSecond: lines / seconds };
      },
      async close(): Promise<void> {
        if (!(await log.close(BLOCK_MS))) throw new Error('lines were lost');
        truncateSync(path);
      },
    };
  };
}

function append(log: AuditLog, i: number): void {
  const now = Date.now();
  const line = encodeEvent(HEAD, JSON.stringify(loggedOrderAt(i)), now, nextEventId(now), null, null);
  while (!log.append(line)) {
    if (!log.blockForRoom(BLOCK_MS)) throw new Error('there was no room');
  }
}
