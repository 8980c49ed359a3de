import * as assert from 'uvu/assert';
import { ByteRingConsumer, ByteRingProducer } from '../../src/ring/byte-ring.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('property/byte-ring');

const CAPACITY = 256;
/** Shrinking a failure ends by then, with the shortest sequence it has found; all runs together take a second or two. */
const SHRINK_MS = 8_000;
const HEADER = 8;
const MOST = CAPACITY / 8;

interface Entry {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

type Step =
  | { readonly do: 'write'; readonly kind: number; readonly bytes: Uint8Array; readonly spare: number }
  /** Reserved and written, then thrown away, as when main has settled the delivery. */
  | { readonly do: 'give up'; readonly size: number }
  | { readonly do: 'read'; readonly most: number }
  | { readonly do: 'release' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      kind: fc.integer({ min: 0, max: 0x7fff_ffff }),
      bytes: fc.uint8Array({ maxLength: MOST - HEADER }),
      spare: fc.nat({ max: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('give up' as const), size: fc.nat({ max: MOST - HEADER }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), most: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'release' as const }) },
);

/** The real ring beside a plain queue. */
class Account {
  readonly #out: ByteRingProducer;
  readonly #into: ByteRingConsumer;
  readonly #queue: Entry[] = [];
  /** Read and not yet released: their bytes must stay. */
  readonly #open: [number, Entry][] = [];
  refused = 0;

  constructor(start: number) {
    const words = new Int32Array(new SharedArrayBuffer(8)).fill(start);
    const memory = { words, head: 0, tail: 1, bytes: Buffer.from(new SharedArrayBuffer(CAPACITY)) };
    this.#out = new ByteRingProducer(memory);
    this.#into = new ByteRingConsumer(memory);
  }

  step(step: Step): void {
    if (step.do === 'write') this.#write(step);
    else if (step.do === 'give up') {
      if (this.#out.reserve(step.size) !== -1) this.#out.write(-7, step.size);
    } else if (step.do === 'read') this.#read(step.most);
    else {
      this.#into.release();
      this.#open.length = 0;
    }
    for (const [at, entry] of this.#open) this.#same(at, entry);
  }

  drain(): void {
    this.#read(Number.POSITIVE_INFINITY);
    this.#into.release();
    assert.is(this.#queue.length, 0);
    assert.is(this.#into.lag, 0);
    assert.is.not(this.#out.reserve(MOST - HEADER), -1, 'all room is back');
  }

  #write({ kind, bytes, spare }: Step & { do: 'write' }): void {
    const at = this.#out.reserve(bytes.length + spare);
    if (at === -1) {
      this.refused++;
      assert.ok(this.#queue.length + this.#open.length > 0, 'an empty ring takes any record of its size');
      return;
    }
    assert.is(at % 8, 0);
    assert.ok(at + bytes.length + spare <= CAPACITY);
    this.#out.bytes.set(bytes, at);
    this.#out.write(kind, bytes.length);
    assert.is(this.#into.lag === 0, this.#queue.length === 0, 'not visible yet');
    this.#out.publish();
    this.#queue.push({ kind, bytes });
  }

  #read(most: number): void {
    const head = this.#into.head();
    for (let i = 0; i < most; i++) {
      const at = this.#into.next(head);
      const entry = this.#queue.shift();
      assert.is(at === -1, entry === undefined);
      if (entry === undefined) return;
      assert.is(this.#into.kind, entry.kind);
      assert.is(this.#into.size, (entry.bytes.length + 7) & ~7);
      this.#open.push([at, entry]);
      this.#same(at, entry);
    }
  }

  #same(at: number, { bytes }: Entry): void {
    assert.is(Buffer.compare(this.#into.bytes.subarray(at, at + bytes.length), bytes), 0);
  }
}

for (const start of [0, 0x7fff_ff00, -256]) {
  test(`behaves as a queue whatever is written and read from position ${start} on`, () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 100, size: 'max' }), (sequence) => {
        const account = new Account(start);
        for (const step of sequence) account.step(step);
        account.drain();
        refused += account.refused;
      }),
      { numRuns: 200, interruptAfterTimeLimit: SHRINK_MS },
    );
    assert.ok(refused > 0, 'the ring was full at times');
  });
}

test.run();
