import { ProtocolError } from '../errors.ts';

/*
 * Every offset, stride and state code of the shared memory. Both sides import this file; nothing else knows a number, so
 * it is as long as it must be.
 * Words are Int32. Words that different threads write stand 128 bytes apart, so that no two of them share a cache line
 * (or the pair of lines that a prefetcher takes).
 *
 * DISPATCH RING (one SharedArrayBuffer; the main thread publishes, handler threads consume)
 *
 *   byte 0      header       magic, version, geometry; constant once made
 *        128    PUBLISHED    sequence after the last published slot         main writes
 *        256    CLAIM_HINT   sequence where claiming goes on                threads CAS; main rewinds
 *        384    PARKED       how many threads are parked                    whoever wins the CAS on a thread's PARK word
 *        512    DOORBELL     0 nobody waits, 1 main sleeps in its event     main arms; threads exchange to 0
 *                            loop, 2 main is blocked in Atomics.wait
 *        640    BURST        1: more deliveries are out than threads         main
 *        768    OVERFLOW     1: deliveries wait for room in this ring        main
 *        896    OLDEST       sequence before which all slots are free again main
 *       1024    slots        SLOT_BYTES each
 *        …      bytes        the events' text and bodies, contiguous per event
 *
 *   slot word   [ lap 20 | owner 10 | state 2 ]   the slot's only atomic; the rest is plain and published by it
 *
 *     FREE ──main──► READY ──owner──► CLAIMED ──owner──► RUNNING ──owner──► FREE of the next lap
 *                      ▲                 │ │                                  (before the handler is called)
 *                      └─────main────────┘ └──thief──► CLAIMED by the thief
 *                     (its owner has died)
 *
 * THREAD BLOCK (one SharedArrayBuffer per handler thread)
 *
 *   byte 0      header       magic, version, geometry
 *        128    MODE         what main wants of the thread                  main
 *        256    LOADING      module + 1 whose import it is in                thread
 *        384    PARK         0 awake, 1 parked for work, 2 parked as spare  whoever wins the CAS
 *        512    EXECUTING    cell + 1 whose handler is on the stack         thread
 *        640    CULPRIT      delivery that is ending the thread, -1 none       thread
 *        768    PING         a number main wants answered                   main
 *        896    PONG         the last one that the event loop answered      thread
 *       1152    NODE         its threadId in Node + 1                       thread
 *       1280    RING         HEAD, TAIL of the completion ring, 128 apart   thread, main
 *       1536    cells        CELL_BYTES each
 *        …      bytes        the completion ring
 *
 * AUDIT BLOCK (one SharedArrayBuffer per log; the main thread appends lines, the audit worker writes them to the file)
 *
 *   byte 0      header       magic, version, geometry
 *        128    HEAD         position after the last published record        main
 *        256    FLUSH_TO     position somebody waits for: no nap before it    main
 *                   CLOSING      1: end when the ring is empty               main
 *                   SKIP_SET     1: the record at SKIP must not be searched  main, while no worker owns the file
 *                   SKIP
 *        384    TAIL         position after the last record in the file      worker
 *        512    SLEEP        0 awake, 1 asleep, 2 napping                    worker; whoever wakes it exchanges to 0
 *        640    BELL         as DOORBELL                                     main arms; worker exchanges to 0
 *        768    OWNER        [ generation 31 | busy 1 ] may touch the file   CAS by both
 *        896    SCAN         position | 1 of the record that is searched     worker
 *                   DONE         appended records in the file, mod 2^32      worker
 *                   DIRTY        1: a batch is perhaps in the file           worker, as the rest
 *                   BATCH_TAIL, BATCH_DONE   TAIL and DONE once it is        …
 *                   ROTATION     odd: files are being renamed or removed     worker; main, once it has died
 *       1024    doubles      see AUDIT_NUMBER
 *       2048    bytes        the ring
 */

const MAGIC = 0x67616e67;
const VERSION = 1;
const HEADER_WORDS = 6;

export const CONTROL = {
  PUBLISHED: 32,
  CLAIM_HINT: 64,
  PARKED: 96,
  DOORBELL: 128,
  BURST: 160,
  OVERFLOW: 192,
  OLDEST: 224,
} as const;
const SLOTS_AT_BYTE = 1024;

export const DOORBELL_OFF = 0;
export const DOORBELL_ASLEEP = 1;
export const DOORBELL_BLOCKED = 2;

// ---- slots

/** A cache line each: two threads never write one line for neighbouring slots. */
export const SLOT_WORDS = 16;
export const SLOT = {
  WORD: 0,
  DELIVERY: 1,
  SUBSCRIPTION: 2,
  BYTE_OFFSET: 3,
  TEXT_BYTES: 4,
  BODY_BYTES: 5,
  PAYLOAD_LENGTH: 6,
  TYPE_LENGTH: 7,
  ATTEMPT: 8,
  FLAGS: 9,
  /** Float64. */
  TIMESTAMP: 10,
} as const;

/** The text is ASCII, so that its bytes are its characters. */
export const FLAG_ASCII = 1;
/** Text and body stand in a buffer of their own; BYTE_OFFSET is its key. */
export const FLAG_BULK = 2;
/** Somebody waits for the handler's value. */
export const FLAG_WANTS_VALUE = 4;
export const FLAG_HAS_BODY = 8;
/** The payload has not been parsed by anybody: it may be no JSON. */
export const FLAG_UNREAD = 16;

export const FREE = 0;
export const READY = 1;
export const CLAIMED = 2;
export const RUNNING = 3;

const STATE_BITS = 2;
const OWNER_BITS = 10;
const LAP_SHIFT = STATE_BITS + OWNER_BITS;
const LAP_MASK = (1 << (32 - LAP_SHIFT)) - 1;
/** Owner 0 is nobody. */
export const MAX_OWNER: number = (1 << OWNER_BITS) - 1;

export function slotWord(lap: number, owner: number, state: number): number {
  return ((lap & LAP_MASK) << LAP_SHIFT) | (owner << STATE_BITS) | state;
}

export function stateOf(word: number): number {
  return word & 3;
}

export function ownerOf(word: number): number {
  return (word >>> STATE_BITS) & MAX_OWNER;
}

// ---- sequences: Int32, modulo 2^32, compared by their signed distance

export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

// ---- thread block

export const THREAD = {
  MODE: 32,
  LOADING: 64,
  PARK: 96,
  EXECUTING: 128,
  CULPRIT: 160,
  PING: 192,
  PONG: 224,
  NODE: 288,
  RING_HEAD: 320,
  RING_TAIL: 352,
} as const;
const CELLS_AT_BYTE = 1536;

export const AWAKE = 0;
/** Waits for events; counted in PARKED. */
export const PARKED_FOR_WORK = 1;
/** Waits for another mode; not counted, since no event will be its own. */
export const PARKED_ASIDE = 2;

/** Takes events. */
export const MODE_ACTIVE = 0;
/** Warm, takes none. */
export const MODE_SPARE = 1;
/** Takes none any more, finishes what it has. */
export const MODE_DRAIN = 2;
/** Returns the thread to the pool when it has nothing in flight, unless main takes it back by CAS before. */
export const MODE_RETURN = 3;
/** The thread's CAS from RETURN: it is gone. */
export const MODE_RETURNED = 4;

export const CELL_WORDS = 16;
/**
 * The word is [ use 30 | state 2 ]: a cell that was emptied and filled again is another word, so that a CAS by somebody
 * who looked at the delivery before can't meet the one after. START is the monotonic time in milliseconds, a Float64 in
 * words 4 and 5; 0 while the handler's module is loading.
 */
export const CELL = { WORD: 0, DELIVERY: 1, START: 4 } as const;

/** Nothing in it. */
export const CELL_EMPTY = 0;
/** Its handler has started and has not settled. */
export const CELL_RUNNING = 1;
/** The thread has settled it; the completion is written, though perhaps not published. */
export const CELL_DONE = 2;
/** Main has settled it; what the handler still does is late. */
export const CELL_TAKEN = 3;

export function cellWord(use: number, state: number): number {
  return (use << 2) | state;
}

export function useOf(word: number): number {
  return word >>> 2;
}

// ---- geometry

export interface RingGeometry {
  readonly slots: number;
  readonly bytes: number;
}

/** The views of a dispatch ring; `start` is its first sequence. */
export interface RingMemory {
  readonly buffer: SharedArrayBuffer;
  readonly control: Int32Array;
  readonly slots: Int32Array;
  /** The same slots as Float64, for timestamps. */
  readonly times: Float64Array;
  readonly bytes: Buffer;
  readonly slotCount: number;
  readonly slotShift: number;
}

export function createRing({ slots, bytes }: RingGeometry, start = 0): RingMemory {
  const buffer = new SharedArrayBuffer(SLOTS_AT_BYTE + slots * SLOT_WORDS * 4 + bytes);
  new Int32Array(buffer, 0, HEADER_WORDS).set([MAGIC, VERSION, slots, bytes, 0, 0]);
  const ring = openRing(buffer);
  ring.control[CONTROL.PUBLISHED] = start;
  ring.control[CONTROL.CLAIM_HINT] = start;
  ring.control[CONTROL.OLDEST] = start;
  for (let i = 0; i < slots; i++) {
    const sequence = (start + i) | 0;
    ring.slots[slotAt(ring, sequence)] = slotWord(lapOf(ring, sequence), 0, FREE);
  }
  return ring;
}

export function openRing(buffer: SharedArrayBuffer): RingMemory {
  const [magic, version, slots = 0, bytes = 0] = new Int32Array(buffer, 0, HEADER_WORDS);
  if (magic !== MAGIC || version !== VERSION)
    throw new ProtocolError(`no dispatch ring of version ${VERSION}: magic=${magic} version=${version}`);
  const slotBytes = slots * SLOT_WORDS * 4;
  return {
    buffer,
    control: new Int32Array(buffer, 0, SLOTS_AT_BYTE / 4),
    slots: new Int32Array(buffer, SLOTS_AT_BYTE, slots * SLOT_WORDS),
    times: new Float64Array(buffer, SLOTS_AT_BYTE, (slots * SLOT_WORDS) / 2),
    bytes: Buffer.from(buffer, SLOTS_AT_BYTE + slotBytes, bytes),
    slotCount: slots,
    slotShift: 31 - Math.clz32(slots),
  };
}

/** Where the slot of a sequence begins, in words. */
export function slotAt(ring: RingMemory, sequence: number): number {
  return (sequence & (ring.slotCount - 1)) * SLOT_WORDS;
}

/** How often the ring had been around at this sequence. */
export function lapOf(ring: RingMemory, sequence: number): number {
  return sequence >>> ring.slotShift;
}

export interface ThreadMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly cells: Int32Array;
  /** The same cells as Float64, for start times. */
  readonly times: Float64Array;
  readonly cellCount: number;
  readonly completions: ByteRingMemory;
}

/** A single-producer, single-consumer byte ring inside some buffer: where its positions and its bytes are. */
export interface ByteRingMemory {
  readonly words: Int32Array;
  /** Index in `words` of the producer's position. */
  readonly head: number;
  /** Index in `words` of the consumer's position. */
  readonly tail: number;
  readonly bytes: Buffer;
}

export function createThread(cells: number, ringBytes: number): ThreadMemory {
  const buffer = new SharedArrayBuffer(CELLS_AT_BYTE + cells * CELL_WORDS * 4 + ringBytes);
  new Int32Array(buffer, 0, HEADER_WORDS).set([MAGIC, VERSION, cells, ringBytes, 0, 0]);
  return openThread(buffer);
}

export function openThread(buffer: SharedArrayBuffer): ThreadMemory {
  const [magic, version, cells = 0, ringBytes = 0] = new Int32Array(buffer, 0, HEADER_WORDS);
  if (magic !== MAGIC || version !== VERSION)
    throw new ProtocolError(`no thread block of version ${VERSION}: magic=${magic} version=${version}`);
  const words = new Int32Array(buffer, 0, CELLS_AT_BYTE / 4);
  const cellBytes = cells * CELL_WORDS * 4;
  return {
    buffer,
    words,
    cells: new Int32Array(buffer, CELLS_AT_BYTE, cells * CELL_WORDS),
    times: new Float64Array(buffer, CELLS_AT_BYTE, (cells * CELL_WORDS) / 2),
    cellCount: cells,
    completions: {
      words,
      head: THREAD.RING_HEAD,
      tail: THREAD.RING_TAIL,
      bytes: Buffer.from(buffer, CELLS_AT_BYTE + cellBytes, ringBytes),
    },
  };
}

// ---- audit block

export const AUDIT = {
  HEAD: 32,
  FLUSH_TO: 64,
  CLOSING: 65,
  SKIP_SET: 66,
  SKIP: 67,
  TAIL: 96,
  SLEEP: 128,
  BELL: 160,
  OWNER: 192,
  SCAN: 224,
  DONE: 225,
  DIRTY: 226,
  BATCH_TAIL: 227,
  BATCH_DONE: 228,
  /** The last clear: 1 done, 0 failed. */
  CLEARED: 229,
  /** 1: what the log held at opening has been counted, or need not be any more. */
  COUNTED: 230,
  /** 1: the worker's thread is ending by itself. */
  GONE: 231,
  /** Counts beginnings and ends of rotations: odd in the middle of one. */
  ROTATION: 232,
} as const;

/**
 * Indices of Float64 words, written by the worker alone. Aligned eight-byte stores don't tear on any processor that Node
 * runs on, and a successor reads them only after its predecessor has lost OWNER.
 */
export const AUDIT_NUMBER = {
  /** Bytes of the active file. */
  SIZE: 128,
  /** Inode of the active file. */
  INODE: 129,
  /** Size before the batch that DIRTY speaks of, and the batch's own. */
  BATCH_BEFORE: 130,
  BATCH_BYTES: 131,
  /** Lines of the active file, seals with them. */
  SEGMENT_LINES: 132,
  /** The same, once the batch is in. */
  BATCH_SEGMENT_LINES: 133,
  /** Lines that the log has taken since it was opened or cleared, without seals. */
  LOGGED: 134,
  BATCH_LOGGED: 135,
  /** Bytes written since this log was opened. */
  BYTES: 136,
  BATCH_TOTAL: 137,
  ROTATIONS: 138,
  ERRORS: 139,
  /** Lines that the log held at opening, without seals, as far as they are counted. */
  HELD: 140,
} as const;
const AUDIT_DOUBLES = 16;
const AUDIT_RING_AT_BYTE = 2048;

export const SLEEP_AWAKE = 0;
/** Any new record wakes it. */
export const SLEEP_ASLEEP = 1;
/** Gathers a batch; only somebody who waits for the file wakes it. */
export const SLEEP_NAPPING = 2;

// Kinds of records in the audit ring.
/** Int32 bytes of the line, Int32 body bytes or -1, then the line. */
export const AUDIT_LINE = 1;
/** The same, all characters ASCII. */
export const AUDIT_ASCII_LINE = 2;
/** Int32 key, Int32 body bytes or -1: the line stands in a buffer of its own. */
export const AUDIT_BULK_LINE = 3;
/** Empties the log. */
export const AUDIT_CLEAR = 4;
/** The part of the ring that may be in use when it is said to have room: any record finds some then. */
export const AUDIT_ROOM_AT = 0.75;
/** Where a line begins in its record. */
export const AUDIT_LINE_DATA = 8;

export interface AuditMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  readonly ring: ByteRingMemory;
}

/** `start` is the ring's first position. */
export function createAudit(ringBytes: number, start = 0): AuditMemory {
  const buffer = new SharedArrayBuffer(AUDIT_RING_AT_BYTE + ringBytes);
  new Int32Array(buffer, 0, HEADER_WORDS).set([MAGIC, VERSION, 0, ringBytes, 0, 0]);
  const audit = openAudit(buffer);
  audit.words[AUDIT.HEAD] = start;
  audit.words[AUDIT.TAIL] = start;
  audit.words[AUDIT.FLUSH_TO] = start;
  return audit;
}

export function openAudit(buffer: SharedArrayBuffer): AuditMemory {
  const [magic, version, , ringBytes = 0] = new Int32Array(buffer, 0, HEADER_WORDS);
  if (magic !== MAGIC || version !== VERSION)
    throw new ProtocolError(`no audit block of version ${VERSION}: magic=${magic} version=${version}`);
  const words = new Int32Array(buffer, 0, AUDIT_RING_AT_BYTE / 4);
  return {
    buffer,
    words,
    numbers: new Float64Array(buffer, 0, AUDIT_NUMBER.SIZE + AUDIT_DOUBLES),
    ring: { words, head: AUDIT.HEAD, tail: AUDIT.TAIL, bytes: Buffer.from(buffer, AUDIT_RING_AT_BYTE, ringBytes) },
  };
}
