import * as assert from 'uvu/assert';
import { nowMs } from '../../bench/clock.ts';
import { atPercentile, LatencyHistogram, LatencyRecorder } from '../../bench/latency.ts';
import { type LoopClock, SENDS_PER_TURN, sendFullLoad, sendOpenLoop } from '../../bench/open-loop.ts';
import { PERCENTILES } from '../../bench/results.ts';
import { tests } from '../helpers.ts';

/** Time passes when the loop turns, and when a test says so. */
class FakeClock implements LoopClock {
  time = 1_000;
  turns = 0;

  now(): number {
    return this.time;
  }

  async turn(ms: number): Promise<void> {
    this.turns++;
    this.time += Math.max(ms, 0.01);
  }
}

interface Sent {
  readonly i: number;
  readonly intended: number;
  readonly at: number;
  readonly turn: number;
}

async function load(rate: number, ms: number, onSend: (clock: FakeClock, i: number) => void = () => {}) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const send = (i: number, intended: number): void => {
    sent.push({ i, intended, at: clock.now(), turn: clock.turns });
    onSend(clock, i);
  };
  const count = await sendOpenLoop({ rate, ms, send, clock });
  return { count, sent };
}

const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

const test = tests('bench open loop');

test('sends as many as the rate asks for, each when it is due', async () => {
  const { count, sent } = await load(500, 200);
  assert.is(count, 100);
  assert.equal(
    sent.map(({ i }) => i),
    Array.from({ length: 100 }, (_, i) => i),
  );
  for (const { i, intended, at } of sent) {
    near(intended - sent[0]!.intended, i * 2);
    assert.ok(at >= intended && at - intended < 0.1, `${at} for ${intended}`);
  }
});

test('a stall counts for everyone who was due meanwhile, and nobody is left out', async () => {
  const { count, sent } = await load(1000, 300, (clock, i) => {
    if (i === 100) clock.time += 50;
  });
  assert.is(count, 300);
  for (const { i, intended } of sent) near(intended - sent[0]!.intended, i);
  const late = sent.map(({ at, intended }) => at - intended);
  // Due while the sender stood still: each waited for what was left of the stall.
  for (let i = 101; i <= 150; i++) assert.ok(Math.abs(late[i]! - (150 - i)) < 0.1, `${i}: ${late[i]}`);
  assert.ok(late[200]! < 0.1);
});

test('a sender that is far behind lets the loop turn between its sends', async () => {
  const { sent } = await load(10_000, 100, (clock, i) => {
    if (i === 0) clock.time += 90;
  });
  const perTurn = new Map<number, number>();
  for (const { turn } of sent) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
  assert.is(Math.max(...perTurn.values()), SENDS_PER_TURN);
  assert.is(sent.length, 1000);
});

test('a rate below one event in the time sends one', async () => {
  assert.is((await load(1, 10)).count, 1);
});

test('a send that throws ends the load', async () => {
  const failing = load(1000, 10, (_, i) => {
    if (i === 3) throw new Error('no');
  });
  await failing.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'no'),
  );
});

test('on the real clock no event goes out before it is due', async () => {
  const early: number[] = [];
  await sendOpenLoop({ rate: 5_000, ms: 40, send: (_, intended) => early.push(intended - nowMs()) });
  assert.is(early.length, 200);
  assert.ok(Math.max(...early) <= 0);
});

test('full load keeps no more than its width in flight and counts what went through', async () => {
  const clock = new FakeClock();
  let pending = 0;
  let most = 0;
  const settling: LoopClock = {
    now: () => clock.now(),
    turn: async (ms) => {
      await clock.turn(ms);
      clock.time += 0.99;
      pending = Math.max(0, pending - 10);
    },
  };
  const rate = await sendFullLoad({
    ms: 1000,
    width: 32,
    pending: () => pending,
    send: () => {
      most = Math.max(most, ++pending);
    },
    clock: settling,
  });
  assert.is(most, 32);
  assert.is(pending, 0);
  // Ten settle in each millisecond.
  assert.ok(rate > 9_500 && rate < 10_500, String(rate));
});

test('a histogram keeps percentiles in microseconds', () => {
  const histogram = new LatencyHistogram();
  const recorder = new LatencyRecorder();
  for (let i = 0; i < 100; i++) recorder.record(nowMs() - 1 - i);
  assert.is(histogram.count, 100);
  const values = histogram.percentilesUs();
  assert.is(values.length, PERCENTILES.length);
  for (const [i, value] of values.entries()) assert.ok(i === 0 || value >= values[i - 1]!, values.join());
  assert.ok(values[0]! >= 1_000);
  assert.ok(atPercentile(values, 50) >= 50_000);
  assert.ok(atPercentile(values, 99) >= 99_000);
  assert.throws(() => atPercentile(values, 42), 'percentile 42 is not kept');
  histogram.reset();
  assert.is(histogram.count, 0);
});

test.run();
