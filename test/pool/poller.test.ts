import { setImmediate } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { Poller } from '../../src/pool/poller.ts';
import { ringDoorbell } from '../../src/ring/doorbell.ts';
import { createRing } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';

const test = tests('poller');

test('with nothing out it sleeps with its bell armed, and looks once more after a ring', async () => {
  const ring = createRing({ slots: 2, bytes: 64 });
  let looks = 0;
  const poller = new Poller(
    ring,
    2,
    () => {
      looks++;
      return false;
    },
    () => 0,
  );
  for (let sleep = 0; sleep < 3; sleep++) {
    poller.start();
    assert.is(ringDoorbell(ring), false, 'it is about to look: nobody needs to ring');
    await setImmediate();
    await setImmediate();
    assert.is(ringDoorbell(ring), true, 'an emit out of what a handler left running');
    const before = looks;
    poller.rung();
    await setImmediate();
    await setImmediate();
    assert.ok(looks > before);
  }
  poller.stop();
  assert.is(ringDoorbell(ring), false, 'closed');
});

test('what came between its last look and the bell is seen before it sleeps', async () => {
  const ring = createRing({ slots: 2, bytes: 64 });
  const answers = [false, true, false, false];
  const poller = new Poller(
    ring,
    2,
    () => answers.shift() ?? false,
    () => 0,
  );
  poller.start();
  while (answers.length > 0) await setImmediate();
  await setImmediate();
  assert.is(ringDoorbell(ring), true);
  poller.stop();
});

test.run();
