import * as assert from 'uvu/assert';
import { AWAKE, CONTROL, createRing, createThread, type RingMemory, THREAD } from '../../src/ring/layout.ts';
import { anyParked, park, unpark, wake, wakeForWork } from '../../src/ring/parking.ts';
import { tests } from '../helpers.ts';

const test = tests('ring/parking');

const newRing = (): RingMemory => createRing({ slots: 2, bytes: 64 });
const parked = (ring: RingMemory): number => ring.control[CONTROL.PARKED]!;

test('threads parked for work are counted, each once, whoever ends it', () => {
  const ring = newRing();
  const [a, b] = [createThread(1, 64), createThread(1, 64)];
  assert.is(anyParked(ring), false);
  park(ring, a, true);
  park(ring, b, true);
  assert.is(parked(ring), 2);
  assert.is(anyParked(ring), true);
  assert.is(wake(ring, a), true);
  assert.is(unpark(ring, a), false, 'main had ended it');
  assert.is(parked(ring), 1);
  assert.is(unpark(ring, b), true);
  assert.is(wake(ring, b), false, 'the thread had ended it');
  assert.is(parked(ring), 0);
  assert.is(anyParked(ring), false);
});

test('threads parked aside are not counted and can be woken', () => {
  const ring = newRing();
  const thread = createThread(1, 64);
  park(ring, thread, false);
  assert.is(anyParked(ring), false);
  assert.is(wake(ring, thread), true);
  assert.is(wake(ring, thread), false);
  park(ring, thread, false);
  assert.is(unpark(ring, thread), true);
  assert.is(parked(ring), 0);
});

test('an event wakes a thread that waits for one, not one that is parked aside', () => {
  const ring = newRing();
  const thread = createThread(1, 64);
  park(ring, thread, false);
  assert.is(wakeForWork(ring, thread), false);
  assert.is(unpark(ring, thread), true, 'it was parked still');
  park(ring, thread, true);
  assert.is(wakeForWork(ring, thread), true);
  assert.is(thread.words[THREAD.PARK], AWAKE);
  assert.is(parked(ring), 0);
});

test('a thread that is awake is not woken and not counted', () => {
  const ring = newRing();
  const thread = createThread(1, 64);
  assert.is(wake(ring, thread), false);
  assert.is(unpark(ring, thread), false);
  assert.is(parked(ring), 0);
});

test('waking notifies the one who sleeps on this word, and no other', async () => {
  const ring = newRing();
  const [a, b] = [createThread(1, 64), createThread(1, 64)];
  park(ring, a, true);
  park(ring, b, true);
  const sleeper = (words: Int32Array): Promise<string> =>
    Promise.resolve(Atomics.waitAsync(words, THREAD.PARK, words[THREAD.PARK]!, 60_000).value);
  const asleep = [sleeper(a.words), sleeper(b.words)];
  wake(ring, b);
  assert.is(await asleep[1], 'ok');
  assert.is(Atomics.notify(a.words, THREAD.PARK), 1, 'the other was asleep still');
  assert.is(await asleep[0], 'ok');
});

test('woken before it sleeps: the word has changed, so it does not sleep', () => {
  const ring = newRing();
  const thread = createThread(1, 64);
  park(ring, thread, true);
  const expected = thread.words[THREAD.PARK]!;
  wake(ring, thread);
  assert.is(Atomics.wait(thread.words, THREAD.PARK, expected, 60_000), 'not-equal');
});

test.run();
