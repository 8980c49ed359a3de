import { Fifo } from '../pool/fifo.ts';
import type { Delivery } from './pending.ts';

/**
 * A place in the order of one key: taken when the event is emitted, for all its subscriptions, also those whose turn comes
 * with a lower priority. Given up when the delivery has settled; a `dead` one stays until its dead letter is gone.
 */
export class Ticket {
  readonly lane: Lane;
  next: Ticket | undefined = undefined;
  /** While open: ready to start and waiting for its turn. When dead: what has failed, unless that was in an earlier process. */
  delivery: Delivery | undefined = undefined;
  state: 'open' | 'dead' | 'done' = 'open';
  /** Of a dead one: its dead letter is gone, while its handler still ran. */
  leaving = false;

  constructor(lane: Lane) {
    this.lane = lane;
  }
}

/** The events of one key on their way to one subscription. */
export class Lane {
  readonly gate: Gate;
  readonly key: string;
  head: Ticket | undefined = undefined;
  tail: Ticket | undefined = undefined;
  /** Tickets that are `open`. */
  open = 0;

  constructor(gate: Gate, key: string) {
    this.gate = gate;
    this.key = key;
  }

  get held(): boolean {
    return this.head?.state === 'dead';
  }
}

/** What one subscription lets through: so many deliveries at a time, and of each ordering key one after the other. */
export class Gate {
  readonly #limit: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #waiting = new Fifo<Delivery>();
  #running = 0;
  /** Open tickets in lanes that stand still behind a dead one. */
  held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Keys with events on their way or dead. */
  get keys(): number {
    return this.#lanes.size;
  }

  /** The last place in the order of this key. */
  reserve(key: string): Ticket {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(this, key);
      this.#lanes.set(key, lane);
    }
    const ticket = new Ticket(lane);
    if (lane.tail === undefined) lane.head = ticket;
    else lane.tail.next = ticket;
    lane.tail = ticket;
    lane.open++;
    if (lane.held) this.held++;
    return ticket;
  }

  /** The delivery is ready. False: it waits for those before it. */
  arrive(ticket: Ticket, delivery: Delivery): boolean {
    if (ticket.lane.head === ticket) return true;
    ticket.delivery = delivery;
    delivery.stage = 'lane';
    return false;
  }

  /** Gives the place up, or leaves it as that of a dead letter. Returns the delivery whose turn it is now, if it is ready. */
  depart(ticket: Ticket, dead: boolean): Delivery | undefined {
    if (ticket.state === 'done') return undefined;
    const { lane } = ticket;
    const wasHeld = lane.held;
    if (ticket.state === 'open') {
      lane.open--;
      if (wasHeld) this.held--;
    }
    ticket.state = dead ? 'dead' : 'done';
    if (!dead) ticket.delivery = undefined;
    const head = lane.head!;
    while (lane.head?.state === 'done') lane.head = lane.head.next;
    if (lane.held !== wasHeld) this.held += wasHeld ? -lane.open : lane.open;
    if (lane.head === undefined) {
      lane.tail = undefined;
      this.#lanes.delete(lane.key);
      return undefined;
    }
    if (lane.head === head || lane.held) return undefined;
    const next = lane.head.delivery;
    lane.head.delivery = undefined;
    return next;
  }

  /** Places of dead letters. */
  deadTickets(): Ticket[] {
    const found: Ticket[] = [];
    for (const lane of this.#lanes.values()) {
      for (let ticket = lane.head; ticket !== undefined; ticket = ticket.next)
        if (ticket.state === 'dead') found.push(ticket);
    }
    return found;
  }

  /** Deliveries that stand behind dead ones, ready or not yet. */
  heldDeliveries(): Delivery[] {
    const found: Delivery[] = [];
    for (const lane of this.#lanes.values()) {
      if (!lane.held) continue;
      for (let ticket = lane.head; ticket !== undefined; ticket = ticket.next)
        if (ticket.state === 'open' && ticket.delivery !== undefined) found.push(ticket.delivery);
    }
    return found;
  }

  /** Takes a place within the limit. False: the delivery waits for one; `first`: before all others. */
  admit(delivery: Delivery, first: boolean): boolean {
    if (this.#running >= this.#limit) {
      delivery.stage = 'limit';
      if (first) this.#waiting.unshift(delivery);
      else this.#waiting.push(delivery);
      return false;
    }
    this.#running++;
    delivery.stage = 'free';
    delivery.holdsPlace = true;
    return true;
  }

  /** Gives a place within the limit back. Returns the delivery that has it now. */
  leave(delivery: Delivery): Delivery | undefined {
    delivery.holdsPlace = false;
    this.#running--;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      // Settled from outside while it waited.
      if (next.settled) continue;
      this.#running++;
      next.stage = 'free';
      next.holdsPlace = true;
      return next;
    }
    return undefined;
  }

  /** Takes a delivery back that waits here. Its ticket, if it has one, keeps its place. */
  withdraw(delivery: Delivery): boolean {
    if (delivery.stage === 'limit') {
      if (!this.#waiting.remove(delivery)) return false;
    } else if (delivery.stage === 'lane') {
      const ticket = ticketOf(delivery);
      if (ticket?.delivery !== delivery) return false;
      ticket.delivery = undefined;
    } else return false;
    delivery.stage = 'free';
    return true;
  }
}

export function ticketOf(delivery: Delivery): Ticket | undefined {
  return delivery.event.tickets?.[delivery.position];
}
