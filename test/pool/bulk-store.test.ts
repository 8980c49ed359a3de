import * as assert from 'uvu/assert';
import { type Borrower, type BulkSource, BulkStore } from '../../src/pool/bulk-store.ts';
import type { HandlerThread, ThreadRole } from '../../src/pool/handler-thread.ts';
import type { ToThread } from '../../src/protocol.ts';
import { tests } from '../helpers.ts';

const test = tests('buffers of large messages');

const MB = 1 << 20;

/** A thread that keeps what it is told of, as real ones do. */
class Thread {
  readonly role: ThreadRole;
  readonly known = new Map<number, SharedArrayBuffer>();
  told = 0;

  constructor(role: ThreadRole) {
    this.role = role;
  }

  post(message: ToThread): void {
    if (message.type === 'bulk') {
      this.told++;
      for (const { key, buffer } of message.bulks) this.known.set(key, buffer);
    } else if (message.type === 'drop') this.known.delete(message.key);
  }
}

function setUp(...roles: ThreadRole[]): { store: BulkStore; threads: Thread[] } {
  const threads = roles.map((role) => new Thread(role));
  return { threads, store: new BulkStore(() => threads as unknown as HandlerThread[]) };
}

/** An event with a body of 1 MiB of this byte. */
function borrow(store: BulkStore, byte: number, text: string): Borrower & BulkSource {
  const event = { text, payloadLength: text.length, failed: false, body: undefined, loan: undefined };
  assert.ok(store.lend(event, new Uint8Array(MB).fill(byte)));
  return event;
}

const read = (thread: Thread, key: number, start: number, end: number): string =>
  Buffer.from(thread.known.get(key)!).toString('utf8', start, end);

test('text and body stand one after the other, and every thread that may claim knows the buffer', () => {
  const { store, threads } = setUp('active', 'draining', 'spare', 'dying');
  const { key, textBytes, ascii } = store.put({ text: 'é'.repeat(40_000), body: new Uint8Array([1, 2, 3]) });
  assert.equal([textBytes, ascii], [80_000, false]);
  assert.equal(
    threads.map(({ known }) => known.has(key)),
    [true, true, false, false],
  );
  assert.is(read(threads[0]!, key, 80_001, 80_003), 'é');
  assert.equal([...new Uint8Array(threads[1]!.known.get(key)!, 0, 3)], [1, 2, 3]);
  assert.is(store.put({ text: 'x'.repeat(70_000), body: undefined }).ascii, true);
});

test('a buffer is used again, and threads hear of it once', () => {
  const { store, threads } = setUp('active');
  const [thread] = threads as [Thread];
  const keys = new Set<number>();
  for (let n = 0; n < 100; n++) {
    const { key, textBytes } = store.put({ text: `${n}`.padEnd(5 * MB - n, '.'), body: undefined });
    assert.is(read(thread, key, 0, textBytes).slice(0, 4), `${n}`.padEnd(4, '.'));
    keys.add(key);
    store.release(key, true);
  }
  assert.equal([keys.size, thread.told, thread.known.size], [1, 1, 1]);
});

test('one that may still be read is not written over', () => {
  const { store, threads } = setUp('active');
  const first = store.put({ text: 'a'.repeat(MB), body: undefined });
  store.release(first.key, false);
  assert.is(threads[0]!.known.size, 0);
  assert.is.not(store.put({ text: 'b'.repeat(MB), body: undefined }).key, first.key);
});

test('deliveries of one event share its buffer until the last has done with it', () => {
  const { store, threads } = setUp('active');
  const event = { text: 'a'.repeat(MB), body: undefined };
  const first = store.put(event);
  assert.is(store.put(event), first);
  store.release(first.key, true);
  assert.is(store.put(event), first, 'one of two still has it');
  store.release(first.key, true);
  const other = store.put({ text: 'b'.repeat(MB), body: undefined });
  assert.is.not(other.key, first.key, 'it is not written over meanwhile');
  store.release(first.key, true);
  store.release(first.key, true);
  const again = store.put(event);
  assert.is(again.key, first.key, 'used again, and written once more');
  assert.is(read(threads[0]!, again.key, 0, 2), 'aa');

  // One that may still be read by the first is not written over when the second has been read.
  assert.is(store.put(event), again);
  store.release(again.key, false);
  store.release(again.key, true);
  assert.is(threads[0]!.known.has(again.key), false);
  assert.is.not(store.put(event).key, again.key);
});

test('a body that was lent is written once: the text comes behind it, and it stays until its event is done', () => {
  const { store, threads } = setUp('active');
  const [thread] = threads as [Thread];
  const event = borrow(store, 7, 'é'.repeat(50));
  const { key } = event.loan!;
  assert.equal(event.body, Buffer.alloc(MB, 7));
  const message = store.put(event);
  assert.equal([message.key, message.textBytes, message.ascii], [key, 100, false]);
  assert.is(store.put(event), message, 'another delivery');
  assert.is(read(thread, key, MB, MB + 100), event.text);
  store.release(key, true);
  store.release(key, true);
  assert.is.not(borrow(store, 8, 'x').loan!.key, key, 'the event may be tried again');
  assert.is(store.put(event), message, 'a retry');
  store.release(key, true);
  store.takeBack(event);
  const next = borrow(store, 9, 'x');
  assert.is(next.loan!.key, key);

  // Of one that has failed a dead letter may be made: nobody writes over it.
  store.takeBack({ ...next, failed: true });
  assert.is(thread.known.has(key), false);
  assert.is.not(borrow(store, 10, 'x').loan!.key, key);
  assert.equal(next.body, Buffer.alloc(MB, 9));

  // A text that turns out longer than the room goes elsewhere, and the body with it.
  const long = { ...borrow(store, 3, 'x'), text: 'x'.repeat(2 * MB) };
  const other = store.put(long);
  assert.is.not(other.key, long.loan!.key);
  assert.is(thread.known.get(other.key)!.byteLength, 3 * MB);
  assert.equal([...new Uint8Array(thread.known.get(other.key)!, MB - 1, 2)], [3, 120]);
});

test('after a peak most buffers are let go', () => {
  const { store, threads } = setUp('active');
  const keys = Array.from({ length: 50 }, () => store.put({ text: 'x'.repeat(5 * MB), body: undefined }).key);
  assert.is(threads[0]!.known.size, 50);
  for (const key of keys) store.release(key, true);
  // Twice, and once more for a key that is not there any more, changes nothing.
  store.release(keys.at(-1)!, true);
  assert.is(threads[0]!.known.size, 12, 'of 5 MiB each');
});

test('a very large one takes no more than it needs, and is not kept', () => {
  const { store, threads } = setUp('active');
  const bytes = 32 * MB + 5;
  const { key } = store.put({ text: 'x'.repeat(bytes), body: undefined });
  assert.is(threads[0]!.known.get(key)!.byteLength, bytes);
  store.release(key, true);
  assert.is(threads[0]!.known.size, 0);
});

test('a spare hears of what there is when it is to take events', () => {
  const { store, threads } = setUp('spare');
  const { key } = store.put({ text: 'x'.repeat(MB), body: undefined });
  const [spare] = threads as [Thread];
  assert.is(spare.told, 0);
  store.announce(spare as unknown as HandlerThread);
  assert.equal([...spare.known.keys()], [key]);
});

test.run();
