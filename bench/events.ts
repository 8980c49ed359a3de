/** The events of most scenarios: 250 bytes of JSON each, all different, with a number to add up. */
export interface Order extends Record<string, unknown> {
  readonly amount: number;
}

export const EVENT_TYPE = 'order.placed';
export const PAYLOAD_BYTES = 250;
/** `{"amount":12345}`: the smallest that still differ from each other. */
export const SMALLEST_BYTES = 16;
/** So many different ones, over and over: powers of two. */
const MOST_DISTINCT = 1024;
const LEAST_DISTINCT = 4;
const BYTES_OF_ALL = 4 * 1024 * 1024;

/** Orders of one size, always the same ones in the same sequence. */
class Orders {
  readonly #orders: readonly Order[];
  readonly #sum: number;

  constructor(bytes: number) {
    let distinct = MOST_DISTINCT;
    while (distinct > LEAST_DISTINCT && distinct * bytes > BYTES_OF_ALL) distinct /= 2;
    this.#orders = Array.from({ length: distinct }, (_, i) => order(i, bytes));
    this.#sum = this.#orders.reduce((sum, { amount }) => sum + amount, 0);
  }

  at(i: number): Order {
    return this.#orders[i & (this.#orders.length - 1)]!;
  }

  sum(count: number): number {
    const distinct = this.#orders.length;
    let sum = Math.floor(count / distinct) * this.#sum;
    for (let i = 0; i < count % distinct; i++) sum += this.#orders[i]!.amount;
    return sum;
  }
}

function order(i: number, bytes: number): Order {
  const amount = 10_000 + ((i * 7919) % 89_989);
  const note = { amount, note: '' };
  const item = (n: number) => ({ sku: `lamp-${(i + n) % 97}`, count: 1 + ((i + n) % 5), price: 12.5 + ((i + n) % 40) });
  const whole = {
    order: `ord-${String(100_000 + i * 7)}`,
    amount,
    currency: 'EUR',
    paid: i % 3 === 0,
    customer: { id: 40_000 + i, name: `Customer ${i}`, city: ['Lyon', 'Porto', 'Gdansk', 'Turin'][i & 3] },
    items: [item(0)],
    note: '',
  };
  if (bytes < lengthOf(note)) return { amount };
  const payload = bytes < lengthOf(whole) ? note : whole;
  // Large ones are large by what they hold; the note makes up for what is missing.
  const room = bytes - lengthOf(whole) - ITEM_BYTES;
  if (room > 0) whole.items = Array.from({ length: 1 + Math.floor(room / ITEM_BYTES) }, (_, n) => item(n));
  payload.note = '.'.repeat(Math.max(0, bytes - lengthOf(payload)));
  return payload;
}

/** No item of an order takes more, with its comma. */
const ITEM_BYTES = 41;

function lengthOf(payload: object): number {
  return JSON.stringify(payload).length;
}

const made = new Map<number, Orders>();
let current = new Orders(PAYLOAD_BYTES);
let currentBytes = PAYLOAD_BYTES;

/** From now on orders have so many bytes. */
export function usePayloadBytes(bytes: number): void {
  const orders = made.get(bytes) ?? new Orders(bytes);
  made.set(bytes, orders);
  current = orders;
  currentBytes = bytes;
}

export function payloadBytes(): number {
  return currentBytes;
}

export function orderAt(i: number): Order {
  return current.at(i);
}

/** What the amounts of so many events from number 0 on add up to. */
export function expectedSum(count: number): number {
  return current.sum(count);
}
