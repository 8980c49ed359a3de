import { AWAKE, CONTROL, PARKED_ASIDE, PARKED_FOR_WORK, type RingMemory, THREAD, type ThreadMemory } from './layout.ts';

/*
 * Park and wake. A thread raises the count and writes PARK, and only then looks for work once more; the main thread
 * publishes, and only then reads the count. All four are sequentially consistent, so at least one of the two sees the
 * other: either the thread finds the event or the main thread finds the thread. Whoever moves PARK away from its value by
 * CAS also lowers the count. A thread that dies between its two steps leaves the count too high, which costs the main
 * thread a look at the threads per event; too low it would cost wake-ups.
 *
 * Each thread has a word of its own to sleep on: a notify meant for one thread can't be swallowed by a dying other.
 */

/** Thread: from here until `unpark` or a wake-up the main thread may wake it. Look for work once more after it. */
export function park(ring: RingMemory, thread: ThreadMemory, forWork: boolean): void {
  // The count first: a thread killed between the two must not be counted out when main ends its parking.
  if (forWork) Atomics.add(ring.control, CONTROL.PARKED, 1);
  Atomics.store(thread.words, THREAD.PARK, forWork ? PARKED_FOR_WORK : PARKED_ASIDE);
}

function unparkForWork(ring: RingMemory, thread: ThreadMemory): boolean {
  if (Atomics.compareExchange(thread.words, THREAD.PARK, PARKED_FOR_WORK, AWAKE) !== PARKED_FOR_WORK) return false;
  Atomics.sub(ring.control, CONTROL.PARKED, 1);
  return true;
}

/** Either side: ends the parking. True: it was this call that ended it. */
export function unpark(ring: RingMemory, thread: ThreadMemory): boolean {
  if (unparkForWork(ring, thread)) return true;
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

/** Main: the same for an event, which a thread that is parked aside can't take. */
export function wakeForWork(ring: RingMemory, thread: ThreadMemory): boolean {
  if (!unparkForWork(ring, thread)) return false;
  Atomics.notify(thread.words, THREAD.PARK);
  return true;
}

/**
 * Main: while more deliveries are out than there are threads, a thread that runs dry naps instead of parking: the next
 * event is on its way, and to wake it for each one would cost the emitting thread more than the event. With fewer out
 * (a caller that waits for each outcome) it parks at once, since a nap would only be latency.
 */
export function setBurst(ring: RingMemory, burst: boolean): void {
  Atomics.store(ring.control, CONTROL.BURST, burst ? 1 : 0);
}

/** Main: deliveries wait outside the ring. A thread that runs dry then rings, since what others have started gave up its room. */
export function setOverflow(ring: RingMemory, overflow: boolean): void {
  Atomics.store(ring.control, CONTROL.OVERFLOW, overflow ? 1 : 0);
}

export function overflows(ring: RingMemory): boolean {
  return Atomics.load(ring.control, CONTROL.OVERFLOW) === 1;
}

export function inBurst(ring: RingMemory): boolean {
  return Atomics.load(ring.control, CONTROL.BURST) === 1;
}
