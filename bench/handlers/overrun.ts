import { pbkdf2Sync } from 'node:crypto';
import { nowMs } from '../clock.ts';
import { STARTED } from '../thread-data.ts';

const started = new Float64Array(STARTED.get());

const NATIVE_ROUNDS = 150_000;

/** A busy loop that only the end of its thread can end. */
export function loop(): void {
  started[0] = nowMs();
  for (;;);
}

/** A native call, several deadlines long: V8 can't end the thread before it returns. */
export function native(): void {
  started[0] = nowMs();
  pbkdf2Sync('a', 'b', NATIVE_ROUNDS, 64, 'sha512');
}
