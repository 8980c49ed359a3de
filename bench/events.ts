/** The events of most scenarios: 250 bytes of JSON each, all different, with a number to add up. */
export interface Order extends Record<string, unknown> {
  readonly amount: number;
}

export const EVENT_TYPE = 'order.placed';
export const PAYLOAD_BYTES = 250;
/** So many different ones, over and over: a power of two. */
const DISTINCT = 1024;

function order(i: number): Order {
  const payload = {
    order: `ord-${String(100_000 + i * 7)}`,
    amount: 1 + ((i * 7919) % 9973),
    currency: 'EUR',
    paid: i % 3 === 0,
    customer: { id: 40_000 + i, name: `Customer ${i}`, city: ['Lyon', 'Porto', 'Gdansk', 'Turin'][i & 3] },
    items: [{ sku: `lamp-${i % 97}`, count: 1 + (i % 5), price: 12.5 + (i % 40) }],
    note: '',
  };
  payload.note = '.'.repeat(PAYLOAD_BYTES - JSON.stringify(payload).length);
  return payload;
}

const orders: readonly Order[] = Array.from({ length: DISTINCT }, (_, i) => order(i));
const sumOfAll: number = orders.reduce((sum, { amount }) => sum + amount, 0);

export function orderAt(i: number): Order {
  return orders[i & (DISTINCT - 1)]!;
}

/** What the amounts of so many events from number 0 on add up to. */
export function expectedSum(count: number): number {
  let sum = Math.floor(count / DISTINCT) * sumOfAll;
  for (let i = 0; i < count % DISTINCT; i++) sum += orders[i]!.amount;
  return sum;
}
