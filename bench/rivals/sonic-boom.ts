import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import sonic from 'sonic-boom';
import { EVENT_TYPE } from '../events.ts';
import { countLines, logFolder, loggedOrderAt } from '../log-lines.ts';
import type { Figures, OpenSide } from '../scenario.ts';

const { SonicBoom } = sonic;
const LINES_PER_TURN = 512;
/** What pino's documentation gives for fast logging. */
const MIN_LENGTH = 4096;

/** Lines stringified and written on the main thread, by asynchronous writes, with nothing redacted: the least there is. */
export const open: OpenSide = async () => {
  const path = join(logFolder(), 'sonic-boom.jsonl');
  return {
    note: `asynchronous, minLength ${MIN_LENGTH}, no redaction`,
    async run(ms: number): Promise<Figures> {
      const stream = new SonicBoom({ dest: path, sync: false, minLength: MIN_LENGTH });
      await once(stream, 'ready');
      const start = performance.now();
      let lines = 0;
      do {
        for (let end = lines + LINES_PER_TURN; lines < end; lines++) {
          const payload = loggedOrderAt(lines);
          const event = {
            event_type: EVENT_TYPE,
            payload,
            timestamp: Date.now() / 1000,
            source: null,
            correlation_id: null,
          };
          if (!stream.write(`${JSON.stringify(event)}\n`)) await once(stream, 'drain');
        }
        await new Promise((resolve) => setImmediate(resolve));
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
