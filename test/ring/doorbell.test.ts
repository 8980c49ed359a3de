import * as assert from 'uvu/assert';
import { armDoorbell, blockOnDoorbell, disarmDoorbell, ringDoorbell } from '../../src/ring/doorbell.ts';
import { CONTROL, createRing, DOORBELL_OFF } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';

const test = tests('ring/doorbell');

test('nobody waits: ringing asks for no message', () => {
  const ring = createRing({ slots: 2, bytes: 64 });
  assert.is(ringDoorbell(ring), false);
});

test('main sleeps in its event loop: one message per sleep, whoever rings', () => {
  const ring = createRing({ slots: 2, bytes: 64 });
  armDoorbell(ring, false);
  assert.is(ringDoorbell(ring), true);
  assert.is(ringDoorbell(ring), false);
  armDoorbell(ring, false);
  assert.is(ringDoorbell(ring), true);
});

test('main has disarmed: a late ring asks for no message', () => {
  const ring = createRing({ slots: 2, bytes: 64 });
  armDoorbell(ring, false);
  disarmDoorbell(ring);
  assert.is(ringDoorbell(ring), false);
  assert.is(ring.control[CONTROL.DOORBELL], DOORBELL_OFF);
});

test('main is blocked: the ring is no message, and a block after it returns at once', () => {
  const ring = createRing({ slots: 2, bytes: 64 });
  armDoorbell(ring, true);
  assert.is(ringDoorbell(ring), false);
  assert.is(ring.control[CONTROL.DOORBELL], DOORBELL_OFF);
  // Armed and rung before it blocks: without the word's check this would sleep past the test's deadline.
  blockOnDoorbell(ring, 60_000);
});

test('main is blocked: the ring notifies it', async () => {
  const ring = createRing({ slots: 2, bytes: 64 });
  armDoorbell(ring, true);
  const wait = Atomics.waitAsync(ring.control, CONTROL.DOORBELL, ring.control[CONTROL.DOORBELL]!, 60_000);
  assert.is(ringDoorbell(ring), false);
  assert.is(await wait.value, 'ok');
});

test.run();
