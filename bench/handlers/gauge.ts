import { nowMs } from '../clock.ts';
import { GAUGE } from '../gauge.ts';
import { ThreadTally } from '../tally.ts';
import { GAUGE_MEMORY } from '../thread-data.ts';

const buffer = GAUGE_MEMORY.get();
const words = new Int32Array(buffer);
const times = new Float64Array(buffer);
const nap = new Int32Array(new SharedArrayBuffer(4));
const tally = new ThreadTally();

/** Asleep for a millisecond, so that the cores are free; notes when as many as the bus has threads are at it at once. */
export function short(): void {
  const running = Atomics.add(words, GAUGE.running, 1) + 1;
  if (running === Atomics.load(words, GAUGE.threads) && Atomics.compareExchange(words, GAUGE.armed, 1, 0) === 1) {
    times[GAUGE.fullAt] = nowMs();
  }
  Atomics.wait(nap, 0, 0, 1);
  Atomics.sub(words, GAUGE.running, 1);
  tally.add(1);
}

/** Takes its thread away, and has the others look out for the moment when all are there again. */
export function stuck(): void {
  times[GAUGE.stuckAt] = nowMs();
  Atomics.store(words, GAUGE.armed, 1);
  for (;;);
}
