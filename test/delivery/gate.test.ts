import * as assert from 'uvu/assert';
import { Gate, type Ticket } from '../../src/delivery/gate.ts';
import type { Delivery } from '../../src/delivery/pending.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';
import { delivery, subscription } from './fixtures.ts';

const test = tests('gate');

const to = subscription();

/** A delivery with a place in the order of its key. */
function keyed(gate: Gate, key: string): { delivery: Delivery; ticket: Ticket } {
  const one = delivery(to, key);
  const ticket = gate.reserve(key);
  one.event.tickets = [ticket];
  return { delivery: one, ticket };
}

type Step =
  | { readonly do: 'reserve'; readonly key: number }
  | { readonly do: 'arrive' | 'settle' | 'die' | 'bury' | 'withdraw'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('reserve' as const), key: fc.nat(2) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'arrive' as const,
        'settle' as const,
        'die' as const,
        'bury' as const,
        'withdraw' as const,
        'arrive' as const,
      ),
      which: fc.nat(30),
    }),
  },
);

/** One place of a key, as the model knows it. */
interface Place {
  readonly key: string;
  readonly ticket: Ticket;
  readonly delivery: Delivery;
  state: 'away' | 'waits' | 'turn' | 'dead';
}

test('keys: whose turn it is, who waits and who is held are those of a plain list, over every run', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const gate = new Gate(Number.POSITIVE_INFINITY);
      const places: Place[] = [];
      const lane = (key: string): Place[] => places.filter((place) => place.key === key);
      const held = (key: string): boolean => lane(key)[0]?.state === 'dead';
      /** After a place is gone or dead: whose turn the model says it is. */
      const departed = (key: string, next: Delivery | undefined): void => {
        const head = lane(key)[0];
        const expected = head?.state === 'waits' ? head : undefined;
        assert.is(next, expected?.delivery);
        if (expected !== undefined) expected.state = 'turn';
      };
      for (const next of steps) {
        if (next.do === 'reserve') {
          const key = `k${next.key}`;
          places.push({ key, ...keyed(gate, key), state: 'away' });
        } else {
          const wanted = {
            arrive: ['away'],
            withdraw: ['waits'],
            settle: ['turn', 'away', 'waits'],
            die: ['turn'],
            bury: ['dead'],
          };
          const fitting = places.filter(({ state }) => wanted[next.do].includes(state));
          const place = fitting[next.which % Math.max(1, fitting.length)];
          if (place === undefined) continue;
          const { key, ticket } = place;
          const first = lane(key)[0] === place;
          if (next.do === 'arrive') {
            assert.is(gate.arrive(ticket, place.delivery), first);
            place.state = first ? 'turn' : 'waits';
          } else if (next.do === 'withdraw') {
            assert.ok(gate.withdraw(place.delivery));
            assert.not(gate.withdraw(place.delivery));
            place.state = 'away';
          } else if (next.do === 'die') {
            const went = gate.depart(ticket, true);
            place.state = 'dead';
            departed(key, went);
            assert.is(went, undefined, 'nothing goes past a dead one');
          } else {
            const went = gate.depart(ticket, false);
            places.splice(places.indexOf(place), 1);
            if (first) departed(key, went);
            else assert.is(went, undefined);
            assert.is(gate.depart(ticket, false), undefined, 'a place is given up once');
          }
        }
        const keys = new Set(places.map(({ key }) => key));
        assert.is(gate.keys, keys.size);
        const behind = places.filter(({ key, state }) => held(key) && state !== 'dead');
        assert.is(gate.held, behind.length);
        assert.equal(
          new Set(gate.heldDeliveries()),
          new Set(behind.filter(({ state }) => state === 'waits').map((place) => place.delivery)),
        );
        assert.equal(
          new Set(gate.deadTickets()),
          new Set(places.filter(({ state }) => state === 'dead').map(({ ticket }) => ticket)),
        );
      }
    }),
    { numRuns: 500, includeErrorInReport: true },
  );
});

test('the limit: so many at a time, the rest in their order, a repeated one before them', () => {
  const gate = new Gate(2);
  const [a, b, c, d, again] = [1, 2, 3, 4, 5].map(() => delivery(to)) as [
    Delivery,
    Delivery,
    Delivery,
    Delivery,
    Delivery,
  ];
  assert.equal(
    [a, b, c, d].map((one) => gate.admit(one, false)),
    [true, true, false, false],
  );
  assert.not(gate.admit(again, true));
  assert.equal(
    [a, b, c, d, again].map(({ stage, holdsPlace }) => [stage, holdsPlace]),
    [
      ['free', true],
      ['free', true],
      ['limit', false],
      ['limit', false],
      ['limit', false],
    ],
  );
  assert.is(gate.leave(a), again);
  assert.ok(again.holdsPlace && !a.holdsPlace);
  assert.is(gate.leave(again), c);
  assert.is(gate.leave(b), d);
  assert.is(gate.leave(c), undefined);
  assert.is(gate.leave(d), undefined);
  assert.ok(gate.admit(a, false));
});

test('the limit: what was settled or taken back while it waited gets no place', () => {
  const gate = new Gate(1);
  const [a, settled, back, next] = [1, 2, 3, 4].map(() => delivery(to)) as [Delivery, Delivery, Delivery, Delivery];
  for (const one of [a, settled, back, next]) gate.admit(one, false);
  settled.settled = true;
  assert.ok(gate.withdraw(back));
  assert.not(gate.withdraw(back));
  assert.is(back.stage, 'free');
  assert.is(gate.leave(a), next);
  assert.not(gate.withdraw(next), 'it has its place');
});

test('at most so many at a time over every run of starts and ends', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(9), { maxLength: 200 }), (limit, steps) => {
      const gate = new Gate(limit);
      const running: Delivery[] = [];
      const waiting: Delivery[] = [];
      for (const n of steps) {
        if (n < 5) {
          const one = delivery(to);
          const room = running.length < limit;
          assert.is(gate.admit(one, false), room);
          (room ? running : waiting).push(one);
        } else if (running.length > 0) {
          const [ended] = running.splice(n % running.length, 1);
          const next = gate.leave(ended!);
          assert.is(next, waiting.shift());
          if (next !== undefined) running.push(next);
        }
        assert.ok(running.length <= limit);
        assert.ok(running.every(({ holdsPlace }) => holdsPlace));
      }
    }),
    { includeErrorInReport: true },
  );
});

test.run();
