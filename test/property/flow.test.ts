import * as assert from 'uvu/assert';
import { REAL_CLOCK } from '../../src/clock.ts';
import { Flow } from '../../src/delivery/flow.ts';
import { Ledger } from '../../src/delivery/ledger.ts';
import { type Delivery, failure, PendingEvent, type Subscription, success } from '../../src/delivery/pending.ts';
import type { Route } from '../../src/routes.ts';
import { FailureReason } from '../../src/types.ts';
import { subscription } from '../delivery/fixtures.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('flow, by random runs');

type Step =
  | { readonly do: 'emit'; readonly key: number }
  | { readonly do: 'end'; readonly which: number; readonly ok: boolean; readonly lingers: boolean }
  | { readonly do: 'linger-ends' | 'drop' | 'letter-gone'; readonly which: number };

const which = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('emit' as const), key: fc.integer({ min: -1, max: 3 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('end' as const), which, ok: fc.boolean(), lingers: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('linger-ends' as const, 'drop' as const, 'letter-gone' as const),
      which,
    }),
  },
);

interface Shape {
  readonly concurrency: number;
  readonly attempts: number;
  readonly hold: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  concurrency: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
  attempts: fc.constantFrom(1, 3),
  hold: fc.boolean(),
});

function subscriptionOf(index: number, { concurrency, attempts, hold }: Shape, priority: number): Subscription {
  const retry = { attempts, backoffMs: 0, factor: 1, maxBackoffMs: 1, jitter: false };
  return subscription({ concurrency, retry, hold }, { index, id: `s${index}`, name: `s${index}`, priority });
}

/** A flow and a ledger over a runner that does what the steps say. */
class World {
  readonly subscriptions: readonly [Subscription, Subscription];
  readonly ledger: Ledger;
  readonly flow: Flow;
  readonly events: PendingEvent[] = [];
  /** With the runner: each may be started already, or be taken back. */
  readonly running: Delivery[] = [];
  readonly lingering: Delivery[] = [];
  readonly letters: (() => void)[] = [];
  readonly starts = new Map<string, number>();
  readonly #latest = new Map<string, number>();

  constructor(first: Shape, second: Shape, tiers: boolean) {
    this.subscriptions = [subscriptionOf(0, first, 2), subscriptionOf(1, second, tiers ? 1 : 2)];
    this.ledger = new Ledger({
      dispatch: (delivery) => this.flow.dispatch(delivery),
      deliverySettled: (delivery, outcome) => {
        const dead = !outcome.ok && delivery.subscription.guarantees.hold;
        if (dead) this.letters.push(() => this.flow.undead(delivery));
        this.flow.left(delivery, dead);
      },
      eventRejected: () => {},
      eventDropped: () => {},
      eventSettled: () => {},
    });
    this.flow = new Flow(REAL_CLOCK, {
      run: (delivery) => this.#run(delivery),
      revoke: (delivery) => {
        const at = this.running.indexOf(delivery);
        if (at === -1 || started(delivery)) return false;
        this.running.splice(at, 1);
        this.starts.delete(startOf(delivery));
        return true;
      },
      settle: (delivery, outcome) => this.ledger.settle(delivery, outcome),
      revokeAll: () => [],
      trial: () => {},
      quarantined: () => {},
    });
    for (const s of this.subscriptions) this.flow.subscribed(s);
  }

  #run(delivery: Delivery): void {
    const { subscription: to, event } = delivery;
    this.running.push(delivery);
    const busy = [...this.running, ...this.lingering].filter((d) => d.subscription === to).length;
    assert.ok(busy <= to.guarantees.concurrency, `${to.id} has ${busy} at a time`);
    const same = (d: Delivery): boolean =>
      d !== delivery && d.subscription === to && d.event.orderingKey === event.orderingKey;
    if (event.orderingKey !== undefined) {
      assert.not(this.running.some(same) || this.lingering.some(same), `${to.id} runs two of ${event.orderingKey}`);
      const lane = `${to.id} ${event.orderingKey}`;
      const latest = this.#latest.get(lane) ?? -1;
      assert.ok(event.emittedAt >= latest, `${lane}: ${event.emittedAt} after ${latest}`);
      this.#latest.set(lane, event.emittedAt);
    }
    this.starts.set(startOf(delivery), (this.starts.get(startOf(delivery)) ?? 0) + 1);
  }

  step(next: Step): void {
    if (next.do === 'emit') this.#emit(next.key < 0 ? undefined : `k${next.key}`);
    else if (next.do === 'end') this.#end(next.which, next.ok, next.lingers);
    else if (next.do === 'linger-ends') this.#lingerEnds(next.which);
    else if (next.do === 'drop') this.#drop(next.which);
    else this.letters.splice(next.which % Math.max(1, this.letters.length), 1)[0]?.();
    this.flow.runRetries();
    const { emitted, completed, failed, dropped, pending } = this.ledger;
    assert.is(emitted, completed + failed + dropped + pending);
  }

  #emit(key: string | undefined): void {
    const [high, low] = this.subscriptions;
    const tiers = high.priority === low.priority ? [[high, low]] : [[high], [low]];
    const route: Route<Subscription> = { eventType: 'x', head: '', tiers, local: true };
    const origin = { eventId: '', timestamp: 0, source: null, correlationId: null };
    // Its number stands for its time.
    const event = new PendingEvent(route, '{}', origin, undefined, this.events.length, false, undefined, key);
    this.events.push(event);
    if (key !== undefined) this.flow.reserve(event, key);
    this.ledger.accept(event);
  }

  #end(at: number, ok: boolean, lingers: boolean): void {
    const [delivery] = this.running.splice(at % Math.max(1, this.running.length), 1);
    if (delivery === undefined) return;
    if (ok) {
      this.flow.settle(delivery, success(undefined, 1, 2, 0));
      return;
    }
    if (lingers) {
      delivery.lingering = true;
      this.lingering.push(delivery);
    }
    const reason = lingers ? FailureReason.HANDLER_TIMEOUT : FailureReason.HANDLER_ERROR;
    this.flow.settle(delivery, failure(reason, new Error('no'), 1, 2, 0));
  }

  #lingerEnds(at: number): void {
    const [delivery] = this.lingering.splice(at % Math.max(1, this.lingering.length), 1);
    if (delivery !== undefined) this.flow.ended(delivery);
  }

  /** As the overflow policy dropOldest does. */
  #drop(at: number): void {
    const event = this.events[at];
    if (event === undefined || event.settled || event.tier !== 0) return;
    const revoked: Delivery[] = [];
    for (let delivery = event.first; delivery !== undefined; delivery = delivery.next) {
      if (!delivery.settled && this.flow.revoke(delivery)) {
        revoked.push(delivery);
        continue;
      }
      for (const back of revoked) this.flow.putBack(back);
      return;
    }
    this.ledger.drop(event, failure(FailureReason.DROPPED, new Error('dropped'), 0, 0, 0));
  }

  /** Lets everything end. */
  async finish(): Promise<void> {
    for (let rounds = 0; this.ledger.pending > 0; rounds++) {
      assert.ok(rounds < 10_000, `${this.ledger.pending} events never end`);
      while (this.lingering.length > 0) this.#lingerEnds(0);
      while (this.letters.length > 0) this.letters.shift()!();
      while (this.running.length > 0) this.#end(0, true, false);
      this.flow.runRetries();
      if (this.flow.retrying > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    while (this.lingering.length > 0) this.#lingerEnds(0);
    while (this.letters.length > 0) this.letters.shift()!();
  }
}

/** Half of what a runner has is not started yet. */
function started({ attempt, event, subscription: { index } }: Delivery): boolean {
  return attempt > 1 || (event.emittedAt + index) % 2 === 0;
}

function startOf({ subscription: { id }, event, attempt }: Delivery): string {
  return `${id} ${event.emittedAt} ${attempt}`;
}

test('limits, order per key and the account hold over every run; nothing is lost, nothing starts twice', () =>
  fc.assert(
    fc.asyncProperty(shape, shape, fc.boolean(), fc.array(step, { maxLength: 120 }), async (a, b, tiers, steps) => {
      const world = new World(a, b, tiers);
      for (const next of steps) world.step(next);
      await world.finish();
      for (const [start, times] of world.starts) assert.is(times, 1, start);
      for (const event of world.events) assert.ok(event.settled);
      assert.equal([world.flow.held, world.flow.retrying], [0, 0]);
      for (const s of world.subscriptions) assert.equal([s.pending, s.gate?.keys ?? 0], [0, 0]);
    }),
    { numRuns: 300, includeErrorInReport: true },
  ));

test.run();
