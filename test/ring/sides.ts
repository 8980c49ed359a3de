import { DispatchConsumer } from '../../src/ring/dispatch-consumer.ts';
import { DispatchProducer, type Message } from '../../src/ring/dispatch-producer.ts';
import { createRing, type RingMemory } from '../../src/ring/layout.ts';

export interface Sides {
  readonly ring: RingMemory;
  readonly producer: DispatchProducer;
  readonly consumer: DispatchConsumer;
  readonly publish: (message: Message, delivery: number) => number | undefined;
}

/** A ring with its producer and one consumer. */
export function sides(slots: number, bytes: number, start = 0): Sides {
  const ring = createRing({ slots, bytes }, start);
  const producer = new DispatchProducer(ring);
  return {
    ring,
    producer,
    consumer: new DispatchConsumer(ring, 1, 1),
    publish: (what, delivery) => producer.publish(what, delivery, 3, 1, 0),
  };
}

/** Its bytes are as many as its characters; at most 42, an eighth of 1024 at three bytes per character. */
export const nth = (n: number, length = 40): string => `${n}:`.padEnd(length, 'abcdefghijklmnopqrstuvwxyz');
