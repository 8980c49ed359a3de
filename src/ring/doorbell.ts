import { CONTROL, DOORBELL_ASLEEP, DOORBELL_BLOCKED, DOORBELL_OFF, type RingMemory } from './layout.ts';

/*
 * How a thread tells the main thread that there is something in its completion ring. Main arms the bell, looks at every
 * ring once more, and only then sleeps; a thread publishes, and only then looks at the bell. One ring per sleep.
 */

/** Thread: call after publishing. True: main sleeps in its event loop and needs a message. */
export function ringDoorbell({ control }: RingMemory): boolean {
  if (Atomics.load(control, CONTROL.DOORBELL) === DOORBELL_OFF) return false;
  const was = Atomics.exchange(control, CONTROL.DOORBELL, DOORBELL_OFF);
  if (was === DOORBELL_BLOCKED) Atomics.notify(control, CONTROL.DOORBELL);
  return was === DOORBELL_ASLEEP;
}

/** Main: look at the rings once more after it. */
export function armDoorbell({ control }: RingMemory, blocked: boolean): void {
  Atomics.store(control, CONTROL.DOORBELL, blocked ? DOORBELL_BLOCKED : DOORBELL_ASLEEP);
}

export function disarmDoorbell({ control }: RingMemory): void {
  Atomics.store(control, CONTROL.DOORBELL, DOORBELL_OFF);
}

/** Main, armed as blocked: blocks until a thread rings, at most so many milliseconds. */
export function blockOnDoorbell({ control }: RingMemory, timeoutMs: number): void {
  Atomics.wait(control, CONTROL.DOORBELL, DOORBELL_BLOCKED, timeoutMs);
}
