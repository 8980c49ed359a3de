// Binary events: bytes of which the first four are a number to add up.
import type { Sized } from './bursts.ts';

const MOST_DISTINCT = 64;
const LEAST_DISTINCT = 4;
const BYTES_OF_ALL = 4 * 1024 * 1024;

class Bodies {
  readonly #bodies: readonly Uint8Array<ArrayBuffer>[];
  readonly #sum: number;

  constructor(bytes: number) {
    const distinct = Math.min(MOST_DISTINCT, Math.max(LEAST_DISTINCT, Math.floor(BYTES_OF_ALL / bytes)));
    this.#bodies = Array.from({ length: distinct }, (_, i) => {
      const body = new Uint8Array(bytes).fill(i);
      new DataView(body.buffer).setUint32(0, 10_000 + i * 37, true);
      return body;
    });
    this.#sum = this.#bodies.reduce((sum, body) => sum + amountOf(body), 0);
  }

  at(i: number): Uint8Array<ArrayBuffer> {
    return this.#bodies[i % this.#bodies.length]!;
  }

  sum(count: number): number {
    const { length } = this.#bodies;
    let sum = Math.floor(count / length) * this.#sum;
    for (let i = 0; i < count % length; i++) sum += amountOf(this.#bodies[i]!);
    return sum;
  }
}

export function amountOf(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(0, true);
}

const made = new Map<number, Bodies>();
let current = new Bodies(LEAST_DISTINCT);

export const sizedBodies: Sized = {
  use: (bytes) => {
    const bodies = made.get(bytes) ?? new Bodies(bytes);
    made.set(bytes, bodies);
    current = bodies;
  },
  sumOf: (count) => current.sum(count),
};

export function bodyAt(i: number): Uint8Array<ArrayBuffer> {
  return current.at(i);
}
