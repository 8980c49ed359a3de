import { constants } from 'node:buffer';
import type { ByteRingConsumer } from '../src/ring/byte-ring.ts';
import { AUDIT, AUDIT_ASCII_LINE, AUDIT_LINE_DATA, type AuditMemory } from '../src/ring/layout.ts';
import { maxBytes, readText, writeText } from '../src/ring/text.ts';
import type { LineRedactor } from './audit-redact.ts';

const CAPACITY = 1 << 18;
/** What `,"body_bytes":…}` and the line feed can take. */
const SUFFIX_BYTES = 40;
const LINE_FEED = 10;
/** Around the payload of a line of our own writing, whose strings have their quotes escaped. */
const PAYLOAD_AT = Buffer.from(',"payload":');
const STAMP_AT = Buffer.from(',"timestamp":');

/** Whole lines on their way from the ring to the file, redacted. */
export class AuditBatch {
  readonly #words: Int32Array;
  readonly #ring: ByteRingConsumer;
  readonly #redactor: LineRedactor;
  readonly #maxTextBytes: number;
  #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  length = 0;
  lines = 0;

  /** `maxTextBytes`: the most that a string can hold. */
  constructor(
    memory: AuditMemory,
    ring: ByteRingConsumer,
    redactor: LineRedactor,
    maxTextBytes: number = constants.MAX_STRING_LENGTH,
  ) {
    this.#words = memory.words;
    this.#ring = ring;
    this.#redactor = redactor;
    this.#maxTextBytes = maxTextBytes;
  }

  /** The lines before `end`, until the next change. */
  view(end: number = this.length): Buffer {
    return this.#bytes.subarray(0, end);
  }

  /** Adds the ring's record at `at`, which begins at `position`. The line begins at the length before. */
  addRecord(at: number, position: number): void {
    const ring = this.#ring;
    const size = ring.ints[at >>> 2]!;
    const bodyBytes = ring.ints[(at + 4) >>> 2]!;
    const from = at + AUDIT_LINE_DATA;
    const begin = this.length;
    this.#reserve(size);
    // Out of the shared memory first: what is searched is what is written.
    ring.bytes.copy(this.#bytes, begin, from, from + size);
    this.#addLine(begin, size, bodyBytes, position, ring.kind === AUDIT_ASCII_LINE);
  }

  addBulk(bytes: Buffer, bodyBytes: number, position: number): void {
    const begin = this.length;
    this.#reserve(bytes.length);
    bytes.copy(this.#bytes, begin);
    this.#addLine(begin, bytes.length, bodyBytes, position, false);
  }

  /** Drops the lines before `begin`, which are in the file. */
  dropTo(begin: number, lines: number): void {
    this.#bytes.copyWithin(0, begin, this.length);
    this.length -= begin;
    this.lines -= lines;
  }

  clear(): void {
    this.length = 0;
    this.lines = 0;
    if (this.#bytes.length > CAPACITY) this.#bytes = Buffer.allocUnsafeSlow(CAPACITY);
  }

  #addLine(begin: number, size: number, bodyBytes: number, position: number, ascii: boolean): void {
    let end = begin + size;
    if (this.#redactor.enabled) end = this.#redacted(begin, end, position, ascii);
    if (bodyBytes >= 0) end += this.#bytes.write(`,"body_bytes":${bodyBytes}}`, end - 1, 'latin1') - 1;
    this.#bytes[end] = LINE_FEED;
    this.length = end + 1;
    this.lines++;
  }

  #redacted(begin: number, end: number, position: number, ascii: boolean): number {
    const words = this.#words;
    const skip = words[AUDIT.SKIP_SET] === 1 && words[AUDIT.SKIP] === position;
    if (!skip) {
      // Main watches it: a line that is searched for too long ends this thread.
      Atomics.store(words, AUDIT.SCAN, position | 1);
      if (this.#redactor.isClean(this.#bytes, begin, end)) return end;
    }
    const long = end - begin > this.#maxTextBytes;
    const line = long ? this.#envelope(begin, end) : readText(this.#bytes, begin, end, ascii);
    const redacted = skip || long ? this.#redactor.unscannable(line) : this.#redactor.redact(line);
    if (redacted === line) return end;
    this.length = begin;
    this.#reserve(maxBytes(redacted));
    return begin + writeText(this.#bytes, redacted, begin);
  }

  /** What stands around a payload that no string can hold; empty when it is not the payload that is so long. */
  #envelope(begin: number, end: number): string {
    const line = this.#bytes.subarray(begin, end);
    const payload = line.indexOf(PAYLOAD_AT);
    const stamp = line.lastIndexOf(STAMP_AT);
    if (payload === -1 || stamp < payload || payload + end - begin - stamp > this.#maxTextBytes) return '';
    return `${line.toString('utf8', 0, payload)},"payload":null${line.toString('utf8', stamp)}`;
  }

  #reserve(size: number): void {
    const need = this.length + size + SUFFIX_BYTES;
    if (need <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}
