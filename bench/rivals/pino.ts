import { once } from 'node:events';
import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { EVENT_TYPE } from '../events.ts';
import { checkLog, logFolder, loggedOrderAt } from '../log-lines.ts';
import type { Figures, OpenSide } from '../scenario.ts';

/** What people commonly list: pino looks at these places only, where the other side searches every key and string. */
const PATHS = ['password', 'token', 'secret', 'authorization', 'email'].map((key) => `payload.${key}`);
const LINES_PER_TURN = 512;
const LOOK_MS = 1;

/** pino with its file transport in a worker thread. A run has a transport of its own, whose start is not measured. */
export const open: OpenSide = async () => {
  const path = join(logFolder(), 'pino.jsonl');
  return {
    note: `transport pino/file in a worker, redact of ${PATHS.length} paths`,
    async run(ms: number): Promise<Figures> {
      const transport = pino.transport({
        target: 'pino/file',
        options: { destination: path },
      }) as NodeJS.EventEmitter & {
        end(): void;
      };
      const logger = pino({ base: null, redact: PATHS }, transport as never);
      await once(transport, 'ready');
      const start = performance.now();
      let lines = 0;
      do {
        for (let end = lines + LINES_PER_TURN; lines < end; lines++) {
          logger.info({ event_type: EVENT_TYPE, payload: loggedOrderAt(lines), source: null, correlation_id: null });
        }
        await new Promise((resolve) => setImmediate(resolve));
      } while (performance.now() - start < ms);
      const written = whenWritten(path, transport);
      transport.end();
      const seconds = ((await written) - start) / 1000;
      checkLog(path, lines);
      truncateSync(path);
      return { linesPerSecond: lines / seconds };
    },
    close: async () => {},
  };
};

/** When the file got its last byte, not when the thread behind it had ended. */
async function whenWritten(path: string, transport: NodeJS.EventEmitter): Promise<number> {
  let size = -1;
  let at = 0;
  const look = (): void => {
    const now = statSync(path).size;
    if (now === size) return;
    size = now;
    at = performance.now();
  };
  const timer = setInterval(look, LOOK_MS);
  await once(transport, 'close');
  clearInterval(timer);
  look();
  return at;
}
