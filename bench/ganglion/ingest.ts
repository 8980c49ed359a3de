import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { EventBus, Payload } from '../../src/index.ts';
import { bestOf, most } from '../best-of.ts';
import { EVENT_TYPE, expectedSum, orderAt } from '../events.ts';
import type { Figures, OpenSide } from '../scenario.ts';
import { checkTotals, Tally } from '../tally.ts';
import { checkAccount, openBus, settle } from './bus.ts';

const LINES = 32_768;

/** Emits what is in the file, and resolves when all of it has settled. */
type Feed = (bus: EventBus, path: string) => Promise<void>;

/** How fast an NDJSON file becomes handled events. */
function feeding(name: string, feed: Feed): OpenSide {
  return async ({ threads, quick }) => {
    const tally = new Tally();
    const bus = await openBus({ maxConcurrentHandlers: threads });
    const folder = mkdtempSync(join(tmpdir(), 'ganglion-bench-'));
    const path = join(folder, 'orders.ndjson');
    const lines = quick ? LINES / 16 : LINES;
    writeFileSync(path, Array.from({ length: lines }, (_, i) => `${JSON.stringify(orderAt(i))}\n`).join(''));
    let files = 0;
    return {
      async run(ms: number): Promise<Figures> {
        const before = files;
        const start = performance.now();
        let elapsed = 0;
        while (elapsed < ms) {
          await feed(bus, path);
          files++;
          elapsed = performance.now() - start;
        }
        checkAccount(bus);
        checkTotals(name, tally.read(), { count: files * lines, sum: files * expectedSum(lines) });
        return { linesPerSecond: (((files - before) * lines) / elapsed) * 1000 };
      },
      close: async () => {
        await bus.shutdown();
        rmSync(folder, { recursive: true });
      },
    };
  };
}

export const ingest: OpenSide = feeding('ingest', async (bus, path) => {
  await bus.ingest(createReadStream(path), { ndjson: true, eventType: EVENT_TYPE });
});

const byReadline: Feed = async (bus, path) => {
  for await (const line of createInterface({ input: createReadStream(path) }))
    bus.emit(EVENT_TYPE, JSON.parse(line) as Payload);
  await settle(bus);
};

/** Without readline's event per line. */
const bySplit: Feed = async (bus, path) => {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) bus.emit(EVENT_TYPE, JSON.parse(line) as Payload);
  }
  await settle(bus);
};

export const parseThenEmit: OpenSide = bestOf(
  {
    'lines by split': feeding('split, JSON.parse, emit', bySplit),
    'lines by readline': feeding('readline, JSON.parse, emit', byReadline),
  },
  most('linesPerSecond'),
);
