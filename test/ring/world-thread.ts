import type { MessagePort } from 'node:worker_threads';
import type { ThreadRole } from '../../src/pool/handler-thread.ts';
import type { HostTask } from '../../src/protocol.ts';
import { ByteRingConsumer } from '../../src/ring/byte-ring.ts';
import { DispatchConsumer } from '../../src/ring/dispatch-consumer.ts';
import {
  createRing,
  createThread,
  PARKED_FOR_WORK,
  type RingMemory,
  THREAD,
  type ThreadMemory,
} from '../../src/ring/layout.ts';
import { park, unpark } from '../../src/ring/parking.ts';
import { CompletionWriter } from '../../workers/completion-writer.ts';
import { DeliveryRunner } from '../../workers/delivery-runner.ts';
import { href } from '../fixtures/handlers/observed.ts';
import { Actor } from './preemption.ts';

const COMPLETION_BYTES = 4096;
/** Records wrap around the completion ring's end, and positions around Int32's, within the first deliveries. */
const COMPLETION_START = -600;
const moduleInfo = { index: 0, href, exportName: 'default' };

/** A handler thread: the real consumer, runner and writer, in the loop of workers/handler-host.ts without its naps. */
export class Thread {
  readonly owner: number;
  readonly actor: Actor;
  readonly memory: ThreadMemory;
  readonly completions: ByteRingConsumer;
  readonly bulks: Map<number, Uint8Array> = new Map();
  readonly nodeThreadId: number;
  readonly runner: DeliveryRunner;
  readonly killed: boolean = true;
  role: ThreadRole = 'active';
  readonly #ring: RingMemory;
  readonly #consumer: DispatchConsumer;
  #wasAsleep = false;

  constructor(ring: RingMemory, owner: number) {
    this.owner = owner;
    this.nodeThreadId = owner;
    this.actor = new Actor(`thread ${owner}`);
    this.memory = createThread(2, COMPLETION_BYTES);
    this.memory.words[THREAD.RING_HEAD] = COMPLETION_START;
    this.memory.words[THREAD.RING_TAIL] = COMPLETION_START;
    this.completions = new ByteRingConsumer(this.memory.completions);
    this.#ring = ring;
    this.#consumer = new DispatchConsumer(ring, owner, 1);
    const port = { postMessage: () => {} } as unknown as MessagePort;
    this.runner = new DeliveryRunner(
      { loadTimeoutMs: 1e6 } as HostTask,
      this.memory,
      this.#consumer,
      new CompletionWriter(ring, this.memory, port),
      () => false,
      () => {},
    );
    this.runner.load(moduleInfo);
    this.runner.subscribe({ index: 0, id: 'sub', name: 'sub', module: 0, timeoutMs: 1e9 });
  }

  post(): void {}

  takeBulk(): never {
    throw new Error('nothing is large here');
  }

  executing(): number {
    return Atomics.load(this.memory.words, THREAD.EXECUTING);
  }

  readonly loop = (): void => {
    if (this.#wasAsleep) unpark(this.#ring, this.memory);
    this.#wasAsleep = false;
    for (;;) {
      if (this.#work()) continue;
      park(this.#ring, this.memory, true);
      if (this.#consumer.backlog === 0 && !this.#consumer.canSteal()) {
        this.#wasAsleep = true;
        Atomics.wait(this.memory.words, THREAD.PARK, PARKED_FOR_WORK);
        this.#wasAsleep = false;
      }
      unpark(this.#ring, this.memory);
    }
  };

  #work(): boolean {
    const { claimed } = this.#consumer;
    const count = this.#consumer.claim(this.runner.freeCells);
    if (count === 0) {
      if (!this.#consumer.steal()) return false;
      this.runner.deliver(claimed[0]!);
      return true;
    }
    for (let i = 0; i < count; i++) this.runner.deliver(claimed[i]!);
    return true;
  }
}

/** Has the handler's module imported, so that deliveries run at once. */
export async function ready(): Promise<void> {
  const thread = new Thread(createRing({ slots: 1, bytes: 64 }), 1);
  await thread.runner.load(moduleInfo).loaded;
}
