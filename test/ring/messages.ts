import type { DispatchConsumer } from '../../src/ring/dispatch-consumer.ts';
import type { Message } from '../../src/ring/dispatch-producer.ts';
import { FLAG_ASCII, FLAG_HAS_BODY, type RingMemory, SLOT, slotAt } from '../../src/ring/layout.ts';
import { readText } from '../../src/ring/text.ts';

export function message(text: string, body?: Uint8Array): Message {
  return { text, payloadLength: 1, typeLength: text.length - 1, timestamp: text.length + 0.5, body };
}

/** A slot's fields, as a handler thread reads them. */
export interface Read {
  readonly delivery: number;
  readonly subscription: number;
  readonly attempt: number;
  readonly flags: number;
  readonly text: string;
  readonly body: Uint8Array | undefined;
  readonly cut: readonly [number, number];
  readonly timestamp: number;
}

export function readSlot(ring: RingMemory, sequence: number): Read {
  const at = slotAt(ring, sequence);
  const word = (field: number): number => ring.slots[at + field]!;
  const flags = word(SLOT.FLAGS);
  const textEnd = word(SLOT.BYTE_OFFSET) + word(SLOT.TEXT_BYTES);
  return {
    delivery: word(SLOT.DELIVERY),
    subscription: word(SLOT.SUBSCRIPTION),
    attempt: word(SLOT.ATTEMPT),
    flags,
    text: readText(ring.bytes, word(SLOT.BYTE_OFFSET), textEnd, (flags & FLAG_ASCII) !== 0),
    body:
      (flags & FLAG_HAS_BODY) === 0
        ? undefined
        : new Uint8Array(ring.bytes.subarray(textEnd, textEnd + word(SLOT.BODY_BYTES))),
    cut: [word(SLOT.PAYLOAD_LENGTH), word(SLOT.TYPE_LENGTH)],
    timestamp: ring.times[(at + SLOT.TIMESTAMP) >>> 1]!,
  };
}

/** Starts and releases one claimed slot; undefined when it was taken away. */
export function runSlot(consumer: DispatchConsumer, sequence: number): Read | undefined {
  if (!consumer.start(sequence)) return undefined;
  const read = readSlot(consumer.ring, sequence);
  consumer.release(sequence);
  return read;
}

/** Claims and runs everything that is there. */
export function runAll(consumer: DispatchConsumer): Read[] {
  const done: Read[] = [];
  for (let count = consumer.claim(32); count > 0; count = consumer.claim(32)) {
    for (const sequence of consumer.claimed.slice(0, count)) {
      const read = runSlot(consumer, sequence);
      if (read !== undefined) done.push(read);
    }
  }
  return done;
}
