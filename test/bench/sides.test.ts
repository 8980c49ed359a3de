import * as assert from 'uvu/assert';
import { bestAlong, bestOf, least, most } from '../../bench/best-of.ts';
import { amountOf, bodyAt, sizedBodies } from '../../bench/bodies.ts';
import { burstSide, sizedBurstSide } from '../../bench/bursts.ts';
import { expectedSum, orderAt, usePayloadBytes } from '../../bench/events.ts';
import { KINDS, redactionSide } from '../../bench/redaction.ts';
import { series, threadSteps } from '../../bench/scaling.ts';
import type { OpenSide, Setup, Side } from '../../bench/scenario.ts';
import { tests } from '../helpers.ts';

const setup: Setup = { threads: 2, quick: false };

const test = tests('bench sides');

function fake(speed: number, opened: string[], name: string): OpenSide {
  return async () => {
    opened.push(name);
    return { run: async () => ({ speed }), close: async () => void opened.push(`-${name}`) };
  };
}

test('the best of several settings is found and named; a side is opened with it', async () => {
  const opened: string[] = [];
  const speeds: Record<string, number> = { slow: 1, fast: 3, middling: 2 };
  const variants = Object.fromEntries(Object.entries(speeds).map(([name, speed]) => [name, fake(speed, opened, name)]));
  assert.equal(await bestOf(variants, most('speed')).choose!(setup), ['fast']);
  assert.equal(await bestOf(variants, least('speed')).choose!(setup), ['slow']);
  // Each was closed before the next was opened.
  assert.equal(opened.slice(0, 4), ['slow', '-slow', 'fast', '-fast']);
  const side = await bestOf(variants, most('speed'))({ ...setup, variant: ['fast'] });
  assert.is(side.note, 'fast');
  assert.equal(await side.run(1), { speed: 3 });
  const first = await bestOf(variants, most('speed'))(setup);
  assert.is(first.note, 'slow');
});

test('along axes each is tried with the best so far', async () => {
  const tried: string[] = [];
  const score: Record<string, number> = { a1: 1, b1: 5, c1: 2, b2: 9, b3: 4 };
  const side = bestAlong(
    [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
    ],
    (choice) => fake(score[choice.join('')]!, tried, choice.join('')),
    most('speed'),
  );
  assert.equal(await side.choose!(setup), ['b', '2']);
  assert.equal(
    tried.filter((name) => !name.startsWith('-')),
    ['a1', 'b1', 'c1', 'b2', 'b3'],
  );
});

test('a setting that is far behind at first has no second try', async () => {
  const runs: string[] = [];
  const of =
    (name: string, speed: number): OpenSide =>
    async () => ({
      run: async () => {
        runs.push(name);
        return { speed };
      },
      close: async () => {},
    });
  const all = { first: of('first', 100), near: of('near', 70), far: of('far', 60), best: of('best', 120) };
  assert.equal(await bestOf(all, most('speed')).choose!(setup), ['best']);
  assert.equal(runs, ['first', 'first', 'near', 'near', 'far', 'best', 'best']);
  assert.equal(await bestOf(all, least('speed')).choose!(setup), ['far']);
});

test('a single setting is no choice', () => {
  assert.is(bestOf({ only: fake(1, [], 'only') }, most('speed')).choose, undefined);
});

test('payloads have the bytes they should, and their sum is known', () => {
  for (const bytes of [16, 100, 250, 1024, 16_384, 1_048_576]) {
    usePayloadBytes(bytes);
    let sum = 0;
    const few = 2_500;
    for (let i = 0; i < few; i++) sum += orderAt(i).amount;
    for (let i = 0; i < 8; i++) assert.is(JSON.stringify(orderAt(i)).length, bytes);
    assert.is(expectedSum(few), sum);
  }
  usePayloadBytes(250);
  assert.not.equal(orderAt(0), orderAt(1));
});

test('bodies likewise', () => {
  for (const bytes of [1024, 1_048_576]) {
    sizedBodies.use(bytes);
    let sum = 0;
    for (let i = 0; i < 150; i++) sum += amountOf(bodyAt(i));
    assert.is(bodyAt(3).length, bytes);
    assert.is(sizedBodies.sumOf(150), sum);
  }
});

/** Handles at once, and loses every so many-th event. */
function inProcess(loseEvery = Number.POSITIVE_INFINITY) {
  let count = 0;
  let sum = 0;
  return {
    burst: async (events: number) => {
      for (let i = 0; i < events; i++) {
        if ((i + 1) % loseEvery === 0) continue;
        count++;
        sum += orderAt(i).amount;
      }
    },
    totals: () => ({ count, sum }),
    close: async () => {},
  };
}

test('bursts that are handled make figures, bursts that are not fail', async () => {
  const { eventsPerSecond, cpuUsPerEvent } = await burstSide('good', inProcess()).run(5);
  assert.ok(Number(eventsPerSecond) > 0 && Number(cpuUsPerEvent) >= 0);
  await burstSide('bad', inProcess(10))
    .run(5)
    .then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, 'bad lost or repeated work'),
    );
});

test('sizes come one after the other', async () => {
  const figures = await sizedBurstSide('sized', [16, 1024], inProcess()).run(40);
  assert.equal(Object.keys(figures).sort(), [
    'cpuUsPerEvent 1024',
    'cpuUsPerEvent 16',
    'eventsPerSecond 1024',
    'eventsPerSecond 16',
  ]);
  usePayloadBytes(250);
});

/** Redacts lines of all kinds, in so many characters for each. */
function byHand(token: string): (line: string) => string {
  return (line) =>
    line
      .replace(/ann\.\d+@example\.com/, token)
      .replace(/\+1 415 555 \d+/, token)
      .replace(/10\.1\.2\.\d+/, token)
      .replace('hunter2', token);
}

test('lines of about 250 bytes are redacted kind by kind', async () => {
  const figures = await redactionSide(true, byHand('[REDACTED]')).run(3);
  assert.equal(
    Object.keys(figures).sort(),
    KINDS.flatMap((kind) => [`linesPerSecond ${kind}`, `mbPerSecond ${kind}`]).sort(),
  );
  for (const kind of KINDS) {
    const bytes = (Number(figures[`mbPerSecond ${kind}`]) * 1e6) / Number(figures[`linesPerSecond ${kind}`]);
    assert.ok(bytes > 235 && bytes < 265, `${kind}: ${bytes} bytes`);
  }
});

test('a way to redact that is wrong at first or later makes no figures', async () => {
  const redact = byHand('[REDACTED]');
  const wrong = {
    'leaves all': (line: string) => line,
    'changes clean lines': (line: string) => redact(line).replace('order.created', 'order'),
    'leaves one of four': (line: string) =>
      line.includes('hunter2') ? redact(line).replace('[REDACTED]', '') : redact(line),
    'makes no JSON': (line: string) => redact(line).replace('"[REDACTED]"', '[REDACTED]'),
  };
  for (const [name, way] of Object.entries(wrong)) assert.throws(() => redactionSide(true, way), / became |JSON/, name);
  let right = true;
  const side = redactionSide(true, (line) => (right ? redact(line) : ''));
  right = false;
  await side.run(1).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /clean: 0 characters, \d+ at first/),
  );
});

test('a series opens a side for each step and closes it again', async () => {
  const open = new Set<number>();
  const side = series(
    'threads',
    'speed',
    () => [1, 2, 4],
    async (threads): Promise<Side> => {
      assert.is(open.size, 0);
      open.add(threads);
      return { run: async () => ({ speed: threads * 10 }), close: async () => void open.delete(threads) };
    },
  );
  const figures = await (await side(setup)).run(6);
  assert.equal(figures, { threads: [1, 2, 4], speed: [10, 20, 40], first: 10, last: 40, growth: 4 });
  assert.is(open.size, 0);
});

test('a series that keeps its sides opens each once, and closes them in the end', async () => {
  const opened: number[] = [];
  const closed: number[] = [];
  const kept = await series(
    'n',
    'speed',
    () => [1, 2],
    async (n) => {
      opened.push(n);
      return { run: async () => ({ speed: n }), close: async () => void closed.push(n) };
    },
    { keep: true },
  )(setup);
  await kept.run(4);
  assert.equal(await kept.run(4), { n: [1, 2], speed: [1, 2], first: 1, last: 2, growth: 2 });
  assert.equal([opened, closed], [[1, 2], []]);
  await kept.close();
  assert.equal(closed, [1, 2]);
});

test('the numbers of threads in a series', () => {
  assert.is(threadSteps({ threads: 64 })[0], 1);
  assert.is(threadSteps({ threads: 64 }).at(-1), 64);
  assert.ok(threadSteps({ threads: 64 }).length <= 18);
});

test.run();
