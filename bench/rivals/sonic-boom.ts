import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import sonic from 'sonic-boom';
import { bestOf, most } from '../best-of.ts';
import { EVENT_TYPE } from '../events.ts';
import { countLines, logFolder, loggedOrderAt } from '../log-lines.ts';
import type { Figures, OpenSide } from '../scenario.ts';

const { SonicBoom } = sonic;
const LINES_PER_TURN = 512;
const MAX_WRITE = 128 * 1024;
/** Its two ways to write, and what pino's documentation gives for fast logging, or more. */
const VARIANTS = [true, false].flatMap((sync) => [4096, 65_536].map((minLength) => ({ sync, minLength })));

/** Lines stringified and written on the main thread, with nothing redacted: the least there is. */
function writing({ sync, minLength }: { sync: boolean; minLength: number }): OpenSide {
  return async () => {
    const path = join(logFolder(), 'sonic-boom.jsonl');
    return {
      async run(ms: number): Promise<Figures> {
        const stream = new SonicBoom({ dest: path, sync, minLength, maxWrite: MAX_WRITE });
        if (!sync) await once(stream, 'ready');
        const start = performance.now();
        let lines = 0;
        do {
          let room = true;
          for (let end = lines + LINES_PER_TURN; lines < end; lines++) {
            const event = {
              event_type: EVENT_TYPE,
              payload: loggedOrderAt(lines),
              timestamp: Date.now() / 1000,
              source: null,
              correlation_id: null,
            };
            room = stream.write(`${JSON.stringify(event)}\n`);
          }
          if (room || sync) await new Promise((resolve) => setImmediate(resolve));
          else await once(stream, 'drain');
        } while (performance.now() - start < ms);
        stream.end();
        await once(stream, 'finish');
        const seconds = (performance.now() - start) / 1000;
        const written = countLines(path);
        if (written !== lines) throw new Error(`${path} has ${written} lines, ${lines} were written`);
        truncateSync(path);
        return { linesPerSecond: lines / seconds };
      },
      close: async () => {},
    };
  };
}

export const open: OpenSide = bestOf(
  Object.fromEntries(
    VARIANTS.map((variant) => [
      `${variant.sync ? 'synchronous' : 'asynchronous'}, minLength ${variant.minLength}, no redaction`,
      writing(variant),
    ]),
  ),
  most('linesPerSecond'),
);
