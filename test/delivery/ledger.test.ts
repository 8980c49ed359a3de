import * as assert from 'uvu/assert';
import { Ledger } from '../../src/delivery/ledger.ts';
import { type Delivery, failure, PendingEvent, type Subscription, success } from '../../src/delivery/pending.ts';
import { FailureReason } from '../../src/types.ts';
import { tests } from '../helpers.ts';
import { subscription } from './fixtures.ts';

const test = tests('ledger');

const good = success(undefined, 1, 2, 0);
const bad = failure(FailureReason.HANDLER_ERROR, new Error('no'), 1, 2, 0);

/** A ledger, what it has dispatched, and what it told of. */
function ledger(): { ledger: Ledger; dispatched: Delivery[]; told: string[] } {
  const dispatched: Delivery[] = [];
  const told: string[] = [];
  const made = new Ledger({
    dispatch: (delivery) => void dispatched.push(delivery),
    deliverySettled: (delivery) => void told.push(`delivery of ${delivery.event.eventId}`),
    eventDropped: (_eventType, event) => void told.push(`${event?.eventId ?? 'none'} dropped`),
    eventRejected: () => void told.push('rejected'),
    eventSettled: ({ eventId }) => void told.push(`${eventId} settled`),
  });
  return { ledger: made, dispatched, told };
}

function event(eventId: string, ...tiers: Subscription[][]): PendingEvent {
  const route = { eventType: 'x', head: '', tiers, local: true };
  const origin = { eventId, timestamp: 0, source: null, correlationId: null };
  return new PendingEvent(route, '{}', origin, undefined, 0, false, undefined);
}

const figures = ({ emitted, completed, failed, dropped, pending }: Ledger): number[] => [
  emitted,
  completed,
  failed,
  dropped,
  pending,
];

test('a delivery settles once: what comes later counts nowhere and is told to nobody', () => {
  const { ledger: made, dispatched, told } = ledger();
  const to = [subscription(), subscription()];
  made.accept(event('a', to));
  const [first, second] = dispatched as [Delivery, Delivery];
  assert.ok(made.settle(first, good));
  assert.not(made.settle(first, bad));
  assert.equal(figures(made), [1, 0, 0, 0, 1], 'the other one is still out');
  assert.ok(made.settle(second, good));
  assert.not(made.settle(second, bad));
  assert.equal(figures(made), [1, 1, 0, 0, 0]);
  assert.equal(told, ['delivery of a', 'a settled', 'delivery of a']);
  assert.equal(
    to.map(({ pending }) => pending),
    [0, 0],
  );
});

test('events are found oldest first, whichever of them have settled', () => {
  for (const gone of [0, 1, 2]) {
    const { ledger: made, dispatched } = ledger();
    for (const id of ['a', 'b', 'c']) made.accept(event(id, [subscription()]));
    made.settle(dispatched[gone]!, good);
    made.accept(event('d', [subscription()]));
    assert.equal(
      Array.from(made.events(), ({ eventId }) => eventId),
      ['a', 'b', 'c', 'd'].toSpliced(gone, 1),
    );
    for (const delivery of dispatched) made.settle(delivery, good);
    assert.equal([...made.events()], []);
    assert.equal(figures(made), [4, 4, 0, 0, 0]);
  }
});

test('an event that is given up ends with all its tiers, and what its handlers still say is ignored', () => {
  const { ledger: made, dispatched, told } = ledger();
  const later = subscription();
  const given = event('a', [subscription(), subscription()], [later]);
  made.accept(given);
  made.settle(dispatched[0]!, good);
  assert.is(made.abandon(given, bad), 2);
  assert.not(made.settle(dispatched[1]!, good));
  assert.is(dispatched.length, 2, 'the lower tier was not dispatched');
  assert.equal(figures(made), [1, 0, 1, 0, 0]);
  assert.is(later.pending, 0);
  assert.is(told.filter((what) => what === 'delivery of a').length, 3);
});

test('refused, rejected and displaced events are in the account', () => {
  const { ledger: made, told } = ledger();
  made.refuse('x');
  made.reject('x');
  const displaced = event('a', [subscription()]);
  made.accept(displaced);
  made.drop(displaced, bad);
  assert.equal(figures(made), [3, 0, 1, 2, 0]);
  assert.equal(told, ['none dropped', 'rejected', 'a settled', 'delivery of a', 'a dropped']);
});

test.run();
