import * as assert from 'uvu/assert';
import { AuditThread } from '../../src/audit/thread.ts';
import { REAL_CLOCK } from '../../src/clock.ts';
import { AUDIT, createAudit } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';

const test = tests('audit thread');

/** Its worker, which ends by itself, says nothing; what it would do to the control block the tests do. */
const IDLE = new URL('data:text/javascript,');
const TASK = {
  path: '',
  lock: '',
  maxBytes: Number.POSITIVE_INFINITY,
  maxFiles: 0,
  fsync: 'none',
  redactor: undefined,
  sealEvery: 0,
  countAtOnceBytes: 0,
} as const;

/** An audit thread whose event loop is blocked: no timer fires, no end of a worker is heard of, and time is the test's. */
class Blocked {
  starts = 0;
  readonly replaced: { readonly reason: string; readonly attempts: number; readonly delayMs: number }[] = [];
  readonly thread: AuditThread;
  readonly #words: Int32Array;
  #now = 0;

  constructor() {
    const memory = createAudit(65_536);
    this.#words = memory.words;
    const hooks = {
      message: () => {},
      replaced: (reason: string, attempts: number, delayMs: number) =>
        void this.replaced.push({ reason, attempts, delayMs }),
      // Each new worker is given some.
      bulk: () => {
        this.starts++;
        return [];
      },
    };
    const clock = { ...REAL_CLOCK, now: () => this.#now, setTimer: () => ({ unref: () => {} }), clearTimer: () => {} };
    this.thread = new AuditThread(memory, TASK, IDLE, hooks, clock);
  }

  die(): void {
    Atomics.store(this.#words, AUDIT.GONE, 1);
  }

  search(record: number): void {
    Atomics.store(this.#words, AUDIT.SCAN, record | 1);
  }

  pass(ms: number): void {
    this.#now += ms;
    this.thread.revive();
  }

  /** As often as a log looks after its worker, longer than any record may be searched. */
  lookOn(): void {
    for (let second = 0; second < 10; second++) {
      this.#now += 1_000;
      this.thread.look();
    }
  }
}

test('a thread that dies at its start again and again while the event loop is blocked: started after a back-off', () => {
  const blocked = new Blocked();
  const delays = [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
  for (const [before, delayMs] of delays.entries()) {
    assert.is(blocked.starts, before + 1);
    blocked.die();
    blocked.pass(0);
    if (delayMs === 0) continue;
    blocked.pass(delayMs - 1);
    blocked.pass(0);
    assert.is(blocked.starts, before + 1, `${delayMs} ms are not over`);
    blocked.pass(1);
  }
  assert.is(blocked.starts, delays.length + 1);
  const expected = delays.map((delayMs, before) => ({ reason: 'it ended', attempts: before + 1, delayMs }));
  assert.equal(blocked.replaced, expected, 'each death is told once');
});

test('a thread that is stuck in a record is replaced, and none is once the log is closing', () => {
  const open = new Blocked();
  open.search(8);
  open.lookOn();
  assert.is(open.starts, 2);

  const closing = new Blocked();
  closing.search(8);
  closing.thread.expectEnd();
  closing.lookOn();
  closing.die();
  closing.pass(10_000);
  assert.is(closing.starts, 1);
  assert.equal(closing.replaced, []);
});

test('while the next thread is waited for, none is taken for stuck', () => {
  const blocked = new Blocked();
  for (let deaths = 0; deaths < 2; deaths++) {
    blocked.search(8 * deaths);
    blocked.die();
    blocked.pass(0);
  }
  assert.is(blocked.starts, 2);
  blocked.lookOn();
  assert.is(blocked.starts, 2);
});

test.run();
