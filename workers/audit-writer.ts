import { utimesSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { AuditBulk, AuditTask, FromAudit } from '../src/audit/messages.ts';
import { SEAL_TYPE, systemLine } from '../src/audit-format.ts';
import { monotonicMs } from '../src/clock.ts';
import { messageOf } from '../src/codec.ts';
import { ProtocolError } from '../src/errors.ts';
import { ByteRingConsumer } from '../src/ring/byte-ring.ts';
import {
  AUDIT,
  AUDIT_ASCII_LINE,
  AUDIT_BULK_LINE,
  AUDIT_CLEAR,
  AUDIT_LINE,
  AUDIT_NUMBER,
  AUDIT_ROOM_AT,
  type AuditMemory,
  DOORBELL_ASLEEP,
  DOORBELL_BLOCKED,
  DOORBELL_OFF,
  distance,
  openAudit,
  SLEEP_ASLEEP,
  SLEEP_AWAKE,
  SLEEP_NAPPING,
} from '../src/ring/layout.ts';
import { AuditBatch } from './audit-batch.ts';
import { AuditFile, codeOf } from './audit-file.ts';
import { AuditOwner, DeposedError } from './audit-owner.ts';
import { LineRedactor } from './audit-redact.ts';

/** A batch is written when it has so many bytes. */
const BATCH_BYTES = 65_536;
/** Less than this is worth waiting for more. */
const SMALL_BYTES = 16_384;
/** How often and how long it waits. Main need not wake a napping thread, which would cost it more than the line itself. */
const NAPS = 5;
const NAP_MS = 1;
/** So much of what the log held at opening is counted between two batches. */
const COUNT_BYTES = 1 << 20;
const FIRST_RETRY_MS = 20;
const MAX_RETRY_MS = 1_000;
/** The lock file is touched so often. */
const SIGN_OF_LIFE_MS = 5_000;
/** After so many streams the event loop gets a turn. */
const STREAMS_PER_TURN = 64;
/** What a seal at a segment's end may take. */
const SEAL_BYTES = 512;
const EMPTY: Buffer = Buffer.alloc(0);

/** Drains the audit ring into the file. Between two batches nothing is held back but what the ring still has. */
class AuditWriter {
  readonly #task: AuditTask;
  readonly #memory: AuditMemory;
  readonly #words: Int32Array;
  readonly #ring: ByteRingConsumer;
  readonly #batch: AuditBatch;
  readonly #file: AuditFile;
  readonly #bulk = new Map<number, Buffer>();
  readonly #sealReserve: number;
  #done: number;
  /** The fault that writing has met and not yet got over. */
  #failing: { code: string; since: number; attempts: number } | undefined;
  #lastSign = 0;

  constructor(task: AuditTask) {
    this.#task = task;
    this.#memory = openAudit(task.memory);
    this.#words = this.#memory.words;
    const redactor = new LineRedactor(task.redactor);
    this.#file = new AuditFile(task, this.#memory, new AuditOwner(this.#memory, task.generation), {
      fault: (code, message) => this.#fault(code, message, 1),
      redact: (line) => redactor.redact(line),
      rotated: () => this.#send({ type: 'rotated' }),
    });
    this.#sealReserve = task.sealEvery > 0 ? SEAL_BYTES : 0;
    for (const bulk of task.bulk) this.#keep(bulk);
    // A predecessor's batch decides where the ring goes on.
    this.#insist(() => this.#file.open());
    this.#ring = new ByteRingConsumer(this.#memory.ring);
    this.#batch = new AuditBatch(this.#memory, this.#ring, redactor);
    this.#done = Atomics.load(this.#words, AUDIT.DONE);
  }

  async run(): Promise<void> {
    this.#send({ type: 'up' });
    for (let counting = true; ; ) {
      if (!counting) this.#gather();
      const head = this.#ring.head();
      if (head !== this.#ring.position) this.#drain(head);
      else if (Atomics.load(this.#words, AUDIT.CLOSING) === 1) break;
      else if (!counting) this.#sleep();
      if (counting) counting = this.#file.countHeld(COUNT_BYTES);
      this.#signOfLife();
      if (this.#file.streams >= STREAMS_PER_TURN) {
        this.#file.streams = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    this.#writePrelude();
    if (this.#file.chain !== undefined && this.#file.chain.unsealed > 0) this.#seal(false);
    this.#insist(() => this.#file.close());
    this.#bell();
  }

  // ---- waiting

  /** Waits a little for more than a few lines, unless somebody waits for those. */
  #gather(): void {
    for (let nap = 0; nap < NAPS; nap++) {
      if (this.#ring.lag >= SMALL_BYTES) return;
      Atomics.store(this.#words, AUDIT.SLEEP, SLEEP_NAPPING);
      if (!this.#isAwaited()) Atomics.wait(this.#words, AUDIT.SLEEP, SLEEP_NAPPING, NAP_MS);
      Atomics.store(this.#words, AUDIT.SLEEP, SLEEP_AWAKE);
      if (this.#isAwaited()) return;
    }
  }

  #isAwaited(): boolean {
    if (Atomics.load(this.#words, AUDIT.CLOSING) === 1) return true;
    return distance(this.#ring.position, Atomics.load(this.#words, AUDIT.FLUSH_TO)) > 0;
  }

  /** What was published before the store of ASLEEP is seen here; what is published after it wakes this thread. */
  #sleep(): void {
    Atomics.store(this.#words, AUDIT.SLEEP, SLEEP_ASLEEP);
    const idle = this.#ring.head() === this.#ring.position && Atomics.load(this.#words, AUDIT.CLOSING) === 0;
    if (idle) Atomics.wait(this.#words, AUDIT.SLEEP, SLEEP_ASLEEP, SIGN_OF_LIFE_MS);
    Atomics.store(this.#words, AUDIT.SLEEP, SLEEP_AWAKE);
  }

  #signOfLife(): void {
    const now = monotonicMs();
    if (now - this.#lastSign < SIGN_OF_LIFE_MS) return;
    this.#lastSign = now;
    try {
      const time = new Date();
      utimesSync(this.#task.lock, time, time);
    } catch {
      // Whoever removed the lock wanted it so; what matters here is the log.
    }
  }

  // ---- draining

  #drain(head: number): void {
    const ring = this.#ring;
    const batch = this.#batch;
    for (;;) {
      const position = ring.position;
      const at = ring.next(head);
      if (at === -1) break;
      if (ring.kind === AUDIT_CLEAR) {
        this.#commit(position);
        this.#clear();
        continue;
      }
      const begin = batch.length;
      this.#add(at, position);
      if (batch.length + this.#sealReserve > this.#file.bytesLeft && (begin > 0 || this.#file.size > 0)) {
        this.#split(begin, position);
      }
      if (batch.length >= BATCH_BYTES || this.#sealIsDue()) this.#commit(ring.position);
    }
    this.#commit(ring.position);
  }

  #add(at: number, position: number): void {
    const ring = this.#ring;
    if (ring.kind === AUDIT_LINE || ring.kind === AUDIT_ASCII_LINE) this.#batch.addRecord(at, position);
    else if (ring.kind === AUDIT_BULK_LINE) {
      this.#batch.addBulk(this.#bulkOf(ring.ints[at >>> 2]!), ring.ints[(at + 4) >>> 2]!, position);
    } else throw new ProtocolError(`the audit ring holds a record of kind ${ring.kind}`);
  }

  /** The batch's last line, at `begin`, belongs into the next file. */
  #split(begin: number, position: number): void {
    const lines = this.#batch.lines - 1;
    if (lines > 0) this.#write(this.#batch.view(begin), position, lines);
    this.#batch.dropTo(begin, lines);
    if (this.#file.chain !== undefined) this.#seal(true);
    this.#file.rotate();
  }

  #sealIsDue(): boolean {
    const { chain } = this.#file;
    return chain !== undefined && chain.unsealed + this.#batch.lines >= this.#task.sealEvery;
  }

  #commit(tail: number): void {
    const { length, lines } = this.#batch;
    if (length > 0) {
      this.#write(this.#batch.view(), tail, lines);
      this.#batch.clear();
    }
    const { chain } = this.#file;
    if (chain !== undefined && chain.unsealed >= this.#task.sealEvery) this.#seal(false);
  }

  #write(bytes: Buffer, tail: number, lines: number): void {
    Atomics.store(this.#words, AUDIT.SCAN, 0);
    const done = (this.#done + lines) | 0;
    const before = Atomics.load(this.#words, AUDIT.TAIL);
    this.#insist(() => this.#file.commit(bytes, { tail, done, lines, logged: lines }));
    this.#done = done;
    if (this.#isWorthABell(before, tail)) this.#bell();
  }

  #clear(): void {
    const done = (this.#done + 1) | 0;
    this.#insist(() => this.#file.clear({ tail: this.#ring.position, done, lines: 0, logged: 0 }));
    this.#done = done;
    this.#bell();
  }

  /** What no batch is to come for. */
  #writePrelude(): void {
    if (!this.#file.hasPrelude) return;
    const tail = Atomics.load(this.#words, AUDIT.TAIL);
    this.#insist(() => this.#file.commit(EMPTY, { tail, done: this.#done, lines: 0, logged: 0 }));
  }

  #seal(ending: boolean): void {
    this.#writePrelude();
    const tail = Atomics.load(this.#words, AUDIT.TAIL);
    const seal = this.#file.chain!.seal(this.#file.lines, ending);
    const line = Buffer.from(`${systemLine(SEAL_TYPE, seal)}\n`);
    this.#insist(() => this.#file.commit(line, { tail, done: this.#done, lines: 1, logged: 0 }));
    this.#file.chain!.unsealed = 0;
    this.#send({ type: 'seal', seal });
  }

  // ---- faults

  /** Tries again and again, with back-off: the ring fills meanwhile, and emitters feel it. */
  #insist(work: () => void): void {
    for (;;) {
      try {
        work();
        break;
      } catch (error) {
        if (error instanceof DeposedError) throw error;
        const now = monotonicMs();
        this.#failing ??= { code: '', since: now, attempts: 0 };
        this.#failing.attempts++;
        this.#failing.code = codeOf(error);
        this.#fault(this.#failing.code, messageOf(error), this.#failing.attempts);
        this.#pause(Math.min(FIRST_RETRY_MS * 2 ** (this.#failing.attempts - 1), MAX_RETRY_MS));
      }
    }
    if (this.#failing === undefined) return;
    const { code, since } = this.#failing;
    this.#failing = undefined;
    this.#send({ type: 'recovered', code, downMs: monotonicMs() - since });
  }

  #pause(ms: number): void {
    // No record is being searched meanwhile, however long it takes.
    Atomics.store(this.#words, AUDIT.SCAN, 0);
    // Napping: nobody's new line ends a back-off.
    Atomics.store(this.#words, AUDIT.SLEEP, SLEEP_NAPPING);
    Atomics.wait(this.#words, AUDIT.SLEEP, SLEEP_NAPPING, ms);
    Atomics.store(this.#words, AUDIT.SLEEP, SLEEP_AWAKE);
    this.#signOfLife();
  }

  #fault(code: string, message: string, attempts: number): void {
    this.#memory.numbers[AUDIT_NUMBER.ERRORS]! += 1;
    this.#send({ type: 'fault', fault: { code, message, attempts } });
  }

  // ---- main

  /** Whoever waits for the file waits for one position, whoever waits for room for a quarter of the ring: see AuditQueue. */
  #isWorthABell(before: number, tail: number): boolean {
    const target = Atomics.load(this.#words, AUDIT.FLUSH_TO);
    if (distance(before, target) > 0 && distance(tail, target) <= 0) return true;
    return distance(tail, this.#ring.head()) <= this.#memory.ring.bytes.length * AUDIT_ROOM_AT;
  }

  #bell(): void {
    if (Atomics.load(this.#words, AUDIT.BELL) === DOORBELL_OFF) return;
    const was = Atomics.exchange(this.#words, AUDIT.BELL, DOORBELL_OFF);
    if (was === DOORBELL_BLOCKED) Atomics.notify(this.#words, AUDIT.BELL);
    else if (was === DOORBELL_ASLEEP) this.#send({ type: 'progress' });
  }

  /** Sent before the record that names it was published. */
  #bulkOf(key: number): Buffer {
    for (;;) {
      const bytes = this.#bulk.get(key);
      if (bytes !== undefined) {
        this.#bulk.delete(key);
        return bytes;
      }
      const next = receiveMessageOnPort(parentPort!) as { message: AuditBulk } | undefined;
      if (next === undefined) throw new ProtocolError(`the audit worker has no buffer ${key}`);
      this.#keep(next.message);
    }
  }

  #keep({ key, buffer }: AuditBulk): void {
    this.#bulk.set(key, Buffer.from(buffer));
  }

  #send(message: FromAudit): void {
    parentPort!.postMessage(message);
  }
}

const task = workerData as AuditTask;
const { words } = openAudit(task.memory);
// Somebody who blocks on the bell learns here that it will not ring. A thread that is terminated does not come here.
process.once('exit', () => {
  if (Atomics.load(words, AUDIT.OWNER) >>> 1 !== task.generation) return;
  Atomics.store(words, AUDIT.GONE, 1);
  Atomics.store(words, AUDIT.BELL, DOORBELL_OFF);
  Atomics.notify(words, AUDIT.BELL);
});
try {
  await new AuditWriter(task).run();
} catch (error) {
  if (!(error instanceof DeposedError)) throw error;
}
