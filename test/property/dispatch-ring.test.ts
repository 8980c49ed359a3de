import * as assert from 'uvu/assert';
import { DispatchConsumer } from '../../src/ring/dispatch-consumer.ts';
import { DispatchProducer, type Message } from '../../src/ring/dispatch-producer.ts';
import { CONTROL, createRing, FREE, type RingMemory, SLOT_WORDS, stateOf } from '../../src/ring/layout.ts';
import { tests } from '../helpers.ts';
import { message, readSlot } from '../ring/messages.ts';
import { fc } from '../seed.ts';

const test = tests('property/dispatch-ring');

const OWNERS = 3;
const SLOTS = 16;
/** Shrinking a failure ends by then, with the shortest sequence it has found; all runs together take a second or two. */
const SHRINK_MS = 8_000;
/** Fewer than sixteen messages fit: sometimes the slots run out, sometimes the bytes. */
const BYTES = 512;

/** What the model knows of a delivery that is not settled. */
interface Held {
  readonly id: number;
  readonly message: Message;
  readonly attempt: number;
  sequence: number;
  /** The owner that may start it; 0: nobody has it. */
  owner: number;
  running: boolean;
}

interface Owner {
  readonly number: number;
  consumer: DispatchConsumer;
  /** Sequences that it took and has not tried to start, in the order in which it will. */
  hand: number[];
  /** The one it has started and not released. */
  current: Held | undefined;
}

/** The real ring beside a plain account of who holds what. */
class Account {
  readonly ring: RingMemory;
  readonly producer: DispatchProducer;
  readonly owners: Owner[] = [];
  readonly held: Map<number, Held> = new Map();
  /** Started, by id and attempt. */
  readonly started: Set<string> = new Set();
  published = 0;
  ended = 0;
  #nextId = 1;
  #lastMessage: Message = message('first');

  constructor(start: number) {
    this.ring = createRing({ slots: SLOTS, bytes: BYTES }, start);
    this.producer = new DispatchProducer(this.ring);
    for (let number = 1; number <= OWNERS; number++) {
      this.owners.push({ number, consumer: new DispatchConsumer(this.ring, number, 1), hand: [], current: undefined });
    }
  }

  publish(what: Message | undefined, attempt = 1): boolean {
    this.#lastMessage = what ?? this.#lastMessage;
    const id = this.#nextId++;
    const sequence = this.producer.publish(this.#lastMessage, id, 3, attempt, 0);
    if (sequence === undefined) {
      // Refused for want of slots or of bytes, never beside an empty ring.
      assert.ok(this.held.size > 0, 'an empty ring takes any message of its size');
      return false;
    }
    assert.not(this.held.has(sequence));
    this.held.set(sequence, { id, message: this.#lastMessage, attempt, sequence, owner: 0, running: false });
    this.published++;
    return true;
  }

  claim(owner: Owner, most: number): void {
    const count = owner.consumer.claim(most);
    assert.ok(count <= most);
    for (const sequence of owner.consumer.claimed.subarray(0, count)) {
      const held = this.held.get(sequence);
      assert.ok(held, `sequence ${sequence} was claimed and is not out`);
      assert.is(held.owner, 0, 'claimed from nobody');
      held.owner = owner.number;
      owner.hand.push(sequence);
    }
    const free = [...this.held.values()].some((held) => held.owner === 0);
    if (count === 0) assert.not(free, 'a claim finds what is READY');
  }

  steal(owner: Owner): void {
    const can = owner.consumer.canSteal();
    const others = [...this.held.values()].filter((held) => !held.running && held.owner !== owner.number);
    assert.is(can, others.length > 0);
    assert.is(owner.consumer.steal(), can);
    if (!can) return;
    const sequence = owner.consumer.claimed[0]!;
    const oldest = others.reduce((a, b) => (((b.sequence - a.sequence) | 0) < 0 ? b : a));
    assert.is(sequence, oldest.sequence, 'the oldest is stolen');
    oldest.owner = owner.number;
    owner.hand.push(sequence);
  }

  start(owner: Owner): void {
    const sequence = owner.hand[0];
    if (sequence === undefined || owner.current !== undefined) return;
    owner.hand.shift();
    const held = this.held.get(sequence);
    const mine = held !== undefined && held.owner === owner.number && !held.running;
    assert.is(owner.consumer.start(sequence), mine);
    if (!mine) return;
    held.running = true;
    owner.current = held;
    const key = `${held.id}/${held.attempt}`;
    assert.not(this.started.has(key));
    this.started.add(key);
  }

  release(owner: Owner): void {
    const { current } = owner;
    if (current === undefined) return;
    this.#sameBytes(current);
    owner.consumer.release(current.sequence);
    owner.current = undefined;
    this.#end(current);
  }

  revoke(index: number): void {
    const all = [...this.held.values()];
    const held = all[index % Math.max(1, all.length)];
    if (held === undefined) return;
    assert.is(this.producer.revoke(held.sequence, held.id + 1), false);
    assert.is(this.producer.revoke(held.sequence, held.id), !held.running);
    if (!held.running) this.#end(held);
  }

  /** The owner's thread is no more; another begins under its number. What it was starting runs again, as another attempt. */
  kill(owner: Owner): void {
    const claims = [...this.held.values()].filter((held) => held.owner === owner.number && !held.running);
    const { returned, started } = this.producer.recover(owner.number, true);
    assert.is(returned, claims.length);
    assert.equal(started, owner.current === undefined ? [] : [owner.current.id]);
    for (const held of claims) held.owner = 0;
    const { current } = owner;
    owner.hand = [];
    owner.current = undefined;
    owner.consumer = new DispatchConsumer(this.ring, owner.number, 1);
    if (current === undefined) return;
    this.#end(current);
    this.publish(current.message, current.attempt + 1);
  }

  /** What it claimed goes to others, while it lives on. */
  disclaim(owner: Owner): void {
    const claims = [...this.held.values()].filter((held) => held.owner === owner.number && !held.running);
    assert.equal(this.producer.recover(owner.number, false), { returned: claims.length, started: [] });
    for (const held of claims) held.owner = 0;
  }

  /** All that a slot says is as it was published, for as long as the slot is in use. */
  check(): void {
    for (const held of this.held.values()) this.#sameBytes(held);
    this.producer.reclaim();
    assert.ok(this.producer.used >= this.held.size && this.producer.used <= SLOTS);
    assert.is(this.published, this.held.size + this.ended);
  }

  /** Runs out what is left: everything must be startable. */
  drain(): void {
    for (const owner of this.owners) {
      this.release(owner);
      // Some of it was taken away meanwhile.
      while (owner.hand.length > 0) {
        this.start(owner);
        this.release(owner);
      }
    }
    for (let left = this.held.size; left > 0; left = this.held.size) {
      for (const owner of this.owners) {
        if (owner.hand.length === 0) this.claim(owner, 4);
        if (owner.hand.length === 0) this.steal(owner);
        while (owner.hand.length > 0) {
          this.start(owner);
          this.release(owner);
        }
      }
      assert.ok(this.held.size < left, `${left} deliveries that nobody comes to`);
    }
    this.check();
    assert.is(this.producer.used, 0);
    assert.is(this.producer.bytesUsed, 0);
    for (let at = 0; at < this.ring.slots.length; at += SLOT_WORDS) assert.is(stateOf(this.ring.slots[at]!), FREE);
    // Also past those that were taken back and that nobody has come to.
    assert.is(this.owners[0]!.consumer.claim(1), 0);
    assert.is(this.ring.control[CONTROL.CLAIM_HINT], this.ring.control[CONTROL.PUBLISHED]);
  }

  #sameBytes(held: Held): void {
    const read = readSlot(this.ring, held.sequence);
    assert.is(read.delivery, held.id);
    assert.is(read.attempt, held.attempt);
    assert.is(read.text, held.message.text);
    assert.is(Buffer.compare(read.body ?? Buffer.alloc(0), held.message.body ?? Buffer.alloc(0)), 0);
    assert.is(read.body === undefined, held.message.body === undefined);
  }

  #end(held: Held): void {
    this.held.delete(held.sequence);
    this.ended++;
  }
}

// Small enough that an empty ring takes any of them, wherever it stands.
const messages = fc
  .tuple(
    fc.oneof(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12, unit: 'grapheme' })),
    fc.option(fc.uint8Array({ maxLength: 64, size: 'max' }), { nil: undefined }),
  )
  .map(([text, body]) => message(Buffer.from(text.slice(0, 12)).toString(), body));
const owners = fc.nat({ max: OWNERS - 1 });

type Step = (account: Account) => void;
const steps: fc.Arbitrary<{ toString(): string; run: Step }> = fc.oneof(
  { weight: 6, arbitrary: messages.map((m) => named(`publish(${JSON.stringify(m.text)})`, (a) => a.publish(m))) },
  { weight: 5, arbitrary: fc.constant(named('publish the last again', (a) => a.publish(undefined))) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(owners, fc.integer({ min: 1, max: 4 }))
      .map(([o, most]) => named(`claim(${o}, ${most})`, (a) => a.claim(a.owners[o]!, most))),
  },
  { weight: 6, arbitrary: owners.map((o) => named(`start(${o})`, (a) => a.start(a.owners[o]!))) },
  { weight: 6, arbitrary: owners.map((o) => named(`release(${o})`, (a) => a.release(a.owners[o]!))) },
  { weight: 3, arbitrary: owners.map((o) => named(`steal(${o})`, (a) => a.steal(a.owners[o]!))) },
  { weight: 2, arbitrary: fc.nat({ max: 7 }).map((i) => named(`revoke(${i})`, (a) => a.revoke(i))) },
  { weight: 1, arbitrary: owners.map((o) => named(`kill(${o})`, (a) => a.kill(a.owners[o]!))) },
  { weight: 1, arbitrary: owners.map((o) => named(`disclaim(${o})`, (a) => a.disclaim(a.owners[o]!))) },
);

function named(name: string, run: (account: Account) => unknown): { toString(): string; run: Step } {
  return {
    toString: () => name,
    run: (account) => {
      run(account);
    },
  };
}

for (const start of [0, 0x7fff_fff0, -16]) {
  test(`any sequence of operations from sequence ${start} on: nothing lost, doubled or written over`, () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), (sequence) => {
        const account = new Account(start);
        for (const { run } of sequence) {
          run(account);
          account.check();
        }
        account.drain();
      }),
      { numRuns: 200, interruptAfterTimeLimit: SHRINK_MS },
    );
  });
}

test.run();
