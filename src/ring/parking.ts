import { AWAKE, CONTROL, type RingMemory, THREAD, type ThreadMemory, PARKED_ASIDE, PARKED_FOR_WORK } from './layout.ts';

/*
 * Park and wake. A thread writes PARK and the count, and only then looks for work once more; the main thread publishes,
 * and only then reads the count. All four are sequentially consistent, so at least one of the two sees the other: either
 * the thread finds the event or the main thread finds the thread. Whoever moves PARK away from its value by CAS also
 * corrects the count, so the two never drift, also when a thread dies parked.
 *
 * Each thread has a word of its own to sleep on: a notify meant for one thread can't be swallowed by a dying other.
 */

/** Thread: from here until `unpark` or a wake-up the main thread may wake it. Look for work once more after it. */
export function park(ring: RingMemory, thread: ThreadMemory, forWork: boolean): void {
  Atomics.store(thread.words, THREAD.PARK, forWork ? PARKED_FOR_WORK : PARKED_ASIDE);
  if (forWork) Atomics.add(ring.control, CONTROL.PARKED, 1);
}

/** Either side: ends the parking. True: it was this call that ended it. */
export function unpark(ring: RingMemory, thread: ThreadMemory): boolean {
  if (Atomics.compareExchange(thread.words, THREAD.PARK, PARKED_FOR_WORK, AWAKE) === PARKED_FOR_WORK) {
    Atomics.sub(ring.control, CONTROL.PARKED, 1);
    return true;
  }
  return Atomics.compareExchange(thread.words, THREAD.PARK, PARKED_ASIDE, AWAKE) === PARKED_ASIDE;
}

/** Main: is anybody waiting for work? */
export function anyParked(ring: RingMemory): boolean {
  return Atomics.load(ring.control, CONTROL.PARKED) > 0;
}

/** Main: wakes the thread if it is parked. A notify costs some 10 µs, so a thread that is awake gets none. */
export function wake(ring: RingMemory, thread: ThreadMemory): boolean {
  if (!unpark(ring, thread)) return false;
  Atomics.notify(thread.words, THREAD.PARK);
  return true;
}
