import { createHook } from 'node:async_hooks';
import { currentScope } from '../src/correlation.ts';
import { THREAD, type ThreadMemory } from '../src/ring/layout.ts';
import { InFlight } from './in-flight.ts';

let memory: ThreadMemory | undefined;
let watching = false;

const hook = createHook({
  before() {
    const delivery = currentScope()?.delivery;
    if (memory !== undefined && delivery instanceof InFlight && !delivery.settled) {
      Atomics.store(memory.words, THREAD.EXECUTING, delivery.cell + 1);
    }
  },
  after() {
    if (memory !== undefined) Atomics.store(memory.words, THREAD.EXECUTING, 0);
  },
});

/**
 * From here on EXECUTING also says whose continuation is on the stack, after an await or in a callback: when it blocks the
 * thread or runs it out of memory, main knows who did. The hook costs a microsecond or two per continuation, and turning
 * it on and off far more, so it comes with the first handler that is still open after its microtasks, and stays.
 */
export function watchContinuations(of: ThreadMemory): void {
  memory = of;
  if (watching) return;
  watching = true;
  hook.enable();
}

/** Between leases there is nobody to name. */
export function forgetContinuations(): void {
  memory = undefined;
}
