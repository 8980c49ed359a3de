import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { parseSeal, rotatedNumbers, type SealPayload, segmentPath } from '../audit-format.ts';
import { AuditOpenError, ConfigError, GanglionError } from '../errors.ts';
import { Check } from '../options/check.ts';
import { openError, resolveLogPath } from './path.ts';

export interface AuditProblem {
  readonly file: string;
  /** From 1; 0 for the file as a whole. */
  readonly line: number;
  readonly reason: string;
}

export interface AuditVerification {
  /** Nothing was changed before the last seal. */
  readonly ok: boolean;
  /** Files with a seal, or that go on with the chain. */
  readonly segments: number;
  /** Of all files, seals with them. */
  readonly lines: number;
  readonly seals: number;
  /** Lines after the last seal, for which nothing is proved. */
  readonly unsealed: number;
  /**
   * Rotated files whose end has no seal: sealing was off. Those before the last seal are proved as they were when sealing was
   * switched on again.
   */
  readonly unsealedSegments: number;
  /** Bytes behind the last line feed of each file: of lines that were torn by a kill, or are being written. No lines. */
  readonly tornBytes: number;
  /** The last seal's hash. */
  readonly head?: string;
  readonly firstProblem?: AuditProblem;
}

const CHUNK_BYTES = 1 << 18;
const LINE_FEED = 10;
const NO_BYTES: Buffer = Buffer.alloc(0);

interface Segment {
  readonly file: string;
  readonly active: boolean;
}

class Broken extends Error {
  readonly problem: AuditProblem;
  constructor(file: string, line: number, reason: string) {
    super(reason);
    this.problem = { file, line, reason };
  }
}

/**
 * Recomputes every seal of a log that was written with `auditSeal`: finds each changed, removed, inserted, doubled or
 * swapped line or file before the last seal. That the log's end was cut off, or that all seals of its last files were
 * removed, as if sealing had been off since, can only be seen against a copy of a seal's hash that was kept elsewhere: give
 * it as `head`. Whoever can write the log and knows this code can also make a new one from the start; against that, too,
 * only a hash kept elsewhere helps. What was written while sealing was off is proved from the moment on when it was on again.
 * Run it on a log that nobody writes to.
 * Throws AuditOpenError when there is no log or it can't be read, ConfigError.
 */
export async function verifyAuditLog(path: string | URL, options: { head?: string } = {}): Promise<AuditVerification> {
  const { file, head } = resolveOptions(path, options);
  const real = resolveLogPath(file, false);
  const chain = new ChainCheck(head);
  try {
    const segments = await listSegments(real);
    if (segments.length === 0)
      throw new AuditOpenError(real, 'there is no such file. Name the path that was given as eventLogPath');
    for (const segment of segments) await chain.check(segment);
    chain.finish(real);
  } catch (error) {
    if (error instanceof Broken) return { ...chain.counts(), ok: false, firstProblem: error.problem };
    throw GanglionError.is(error) ? error : openError(real, error);
  }
  return { ...chain.counts(), ok: true };
}

function resolveOptions(path: unknown, options: unknown): { file: string | URL; head: string | undefined } {
  const check = new Check();
  const file = check.path('path', path);
  if (path === undefined) check.fail('path', path, 'a non-empty string or a file URL');
  const { head } = check.options('options', options, 'verifyAuditLog', ['head']);
  if (head !== undefined && !(typeof head === 'string' && /^[0-9a-f]{64}$/i.test(head))) {
    check.fail('head', head, "a seal's hash, 64 hexadecimal digits");
  }
  if (check.problems.length > 0) throw new ConfigError(check.problems);
  return { file: file!, head: (head as string | undefined)?.toLowerCase() };
}

/** Oldest first. */
async function listSegments(path: string): Promise<Segment[]> {
  const names = await readdir(dirname(path));
  const segments = rotatedNumbers(path, names).map((number) => ({ file: segmentPath(path, number), active: false }));
  segments.reverse();
  if (names.includes(basename(path))) segments.push({ file: path, active: true });
  return segments;
}

class ChainCheck {
  readonly #wantedHead: string | undefined;
  #headSeen = false;
  #segments = 0;
  #lines = 0;
  #seals = 0;
  #unsealed = 0;
  #unsealedSegments = 0;
  #tornBytes = 0;
  /** Rotations after the last seal, which tells of none of them. Each may have removed an old file. */
  #rotatedSince = 0;
  #first: SealPayload | undefined;
  #last: SealPayload | undefined;
  /** The whole hash of the segment before. */
  #seed: string | undefined;
  #number = 0;

  constructor(wantedHead: string | undefined) {
    this.#wantedHead = wantedHead;
  }

  counts(): Omit<AuditVerification, 'ok' | 'firstProblem'> {
    return {
      segments: this.#segments,
      lines: this.#lines,
      seals: this.#seals,
      unsealed: this.#unsealed,
      unsealedSegments: this.#unsealedSegments,
      tornBytes: this.#tornBytes,
      ...(this.#last === undefined ? {} : { head: this.#last.hash }),
    };
  }

  async check({ file, active }: Segment): Promise<void> {
    const first = await firstSeal(file);
    if (this.#seed === undefined && first === undefined) {
      // From before sealing was switched on.
      await this.#walk(file, () => {});
      return;
    }
    const seed = this.#seed ?? first!.previous;
    this.#number = this.#seed === undefined ? first!.segment : this.#number + 1;
    this.#segments++;
    const hash = createHash('sha256').update(seed, 'hex');
    let line = 0;
    let sealed = false;
    await this.#walk(file, ({ bytes, ends, seal }) => {
      if (seal !== undefined) this.#checkSeal(seal, file, line, seed, hash.copy().digest('hex'));
      hash.update(bytes);
      if (ends) line++;
      sealed = seal !== undefined;
    });
    this.#seed = hash.digest('hex');
    if (sealed || active) return;
    this.#unsealedSegments++;
    this.#rotatedSince++;
  }

  /** Shows each piece of a file to `visit`, and counts its lines. */
  async #walk(file: string, visit: (piece: Piece) => void): Promise<void> {
    let unfinished = 0;
    for await (const piece of piecesOf(file)) {
      visit(piece);
      unfinished = piece.ends ? 0 : unfinished + piece.bytes.length;
      if (!piece.ends) continue;
      this.#lines++;
      this.#unsealed = piece.seal === undefined ? this.#unsealed + 1 : 0;
    }
    this.#tornBytes += unfinished;
  }

  finish(path: string): void {
    if (this.#last === undefined) {
      if (this.#lines > 0) throw new Broken(path, 0, 'the log has no seal');
    } else if (this.#first!.segment > this.#last.oldest + this.#rotatedSince) {
      const missing = `${this.#last.oldest} to ${this.#first!.segment - 1}`;
      throw new Broken(path, 0, `segments ${missing} are missing: the last seal tells of them`);
    }
    if (this.#wantedHead !== undefined && !this.#headSeen) {
      throw new Broken(path, 0, `no seal has the hash ${this.#wantedHead}: the log's end was cut off or written anew`);
    }
  }

  #checkSeal(seal: SealPayload, file: string, line: number, seed: string, hash: string): void {
    const at = line + 1;
    if (seal.segment !== this.#number) {
      throw new Broken(file, at, `this is segment ${seal.segment}, segment ${this.#number} should be here`);
    }
    if (seal.previous !== seed) throw new Broken(file, at, 'the segment before was changed, or is not the one before');
    if (seal.line !== line) throw new Broken(file, at, `${line} lines before this seal, it was set after ${seal.line}`);
    if (seal.hash !== hash) throw new Broken(file, at, 'what stands before this seal was changed');
    this.#first ??= seal;
    this.#last = seal;
    this.#rotatedSince = 0;
    this.#seals++;
    if (seal.hash === this.#wantedHead) this.#headSeen = true;
  }
}

async function firstSeal(file: string): Promise<SealPayload | undefined> {
  for await (const { seal } of piecesOf(file)) if (seal !== undefined) return seal;
  return undefined;
}

interface Piece {
  readonly bytes: Buffer;
  /** With the line feed of its line. */
  readonly ends: boolean;
  /** A whole line that is a seal. */
  readonly seal: SealPayload | undefined;
}

/** The bytes of a file, a line at a time; one that is longer than a chunk, so that it is no seal, comes in several pieces. */
async function* piecesOf(file: string): AsyncGenerator<Piece, void, void> {
  const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  let rest: Buffer = NO_BYTES;
  let begins = true;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let at = 0;
    for (let feed = chunk.indexOf(LINE_FEED); feed !== -1; feed = chunk.indexOf(LINE_FEED, at)) {
      const end = chunk.subarray(at, feed + 1);
      const bytes = rest.length === 0 ? end : Buffer.concat([rest, end]);
      yield { bytes, ends: true, seal: begins ? parseSeal(bytes) : undefined };
      rest = NO_BYTES;
      begins = true;
      at = feed + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(at)]);
    if (rest.length <= CHUNK_BYTES) continue;
    yield { bytes: rest, ends: false, seal: undefined };
    rest = NO_BYTES;
    begins = false;
  }
  if (rest.length > 0) yield { bytes: rest, ends: false, seal: undefined };
}
