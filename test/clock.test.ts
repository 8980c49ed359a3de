import { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { exactWallMs, monotonicMs } from '../src/clock.ts';
import { skewMs } from './fixtures/clock.ts';
import { tests } from './helpers.ts';

const test = tests('clock');

/** Far below what any timing of a delivery shows, far above what a reading takes. */
const TOLERANCE_MS = 0.05;

test("it is the process's own clock, on this thread and on others", async () => {
  assert.ok(skewMs() < TOLERANCE_MS, `${skewMs()} ms on the main thread`);
  for (let n = 0; n < 5; n++) {
    const worker = new Worker(new URL('./fixtures/clock.js', import.meta.url));
    const skew = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
    assert.ok(skew < TOLERANCE_MS, `${skew} ms on a thread`);
  }
});

test('it goes forward', () => {
  let last = monotonicMs();
  for (let i = 0; i < 10_000; i++) {
    const now = monotonicMs();
    assert.ok(now >= last);
    last = now;
  }
});

test('the dates of events go forward too, though the wall clock is asked again each second', () => {
  const start = monotonicMs();
  let last = 0;
  for (let at = start; at < start + 60_000; at += 0.4) {
    const wall = exactWallMs(at);
    assert.ok(wall >= last, `${wall} after ${last}`);
    last = wall;
  }
});

test.run();
