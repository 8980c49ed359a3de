import { monotonicMs } from '../clock.ts';
import { AUDIT, DOORBELL_BLOCKED, DOORBELL_OFF } from '../ring/layout.ts';

/** The worker is looked after so often. */
const LOOK_MS = 200;

/**
 * Blocks the thread until something is done that the audit worker's progress brings about; says whether it is. Gives up
 * after `timeoutMs`, or when the worker has written nothing for `silenceMs`. `look`: called between two waits.
 */
export function blockUntil(
  words: Int32Array,
  done: () => boolean,
  timeoutMs: number,
  silenceMs: number,
  look: () => void,
): boolean {
  const begun = monotonicMs();
  let moved = begun;
  let tail = Atomics.load(words, AUDIT.TAIL);
  let satisfied = false;
  for (;;) {
    // Armed first: what the worker writes before is seen here, what it writes after rings.
    Atomics.store(words, AUDIT.BELL, DOORBELL_BLOCKED);
    satisfied = done();
    const now = monotonicMs();
    const tailNow = Atomics.load(words, AUDIT.TAIL);
    if (tailNow !== tail) {
      tail = tailNow;
      moved = now;
    }
    const left = Math.min(timeoutMs - (now - begun), silenceMs - (now - moved));
    if (satisfied || left <= 0) break;
    Atomics.wait(words, AUDIT.BELL, DOORBELL_BLOCKED, Math.min(left, LOOK_MS));
    look();
  }
  Atomics.store(words, AUDIT.BELL, DOORBELL_OFF);
  return satisfied;
}
