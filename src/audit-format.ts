import { basename, dirname, join, parse } from 'node:path';
import { encodeEvent, encodeHead, encodePayload } from './codec.ts';
import { nextEventId } from './event-id.ts';

/*
 * What the audit log looks like on disk, for the worker that writes it and for whoever reads it:
 *
 *     events.jsonl      the active file
 *     events.1.jsonl    the newest rotated one
 *     events.N.jsonl    the oldest
 *
 * A record ends in a line feed. What stands behind a file's last one is torn: a write that a kill has cut short, or one that
 * is under way. It is neither a record nor a damaged line: `getEvents` leaves it out, `verifyAuditLog` tells its size, and
 * whoever opens the log to write gives it its line feed when nothing else is missing, else puts a RECOVERED_TYPE record in
 * its place. The command line, whose files may be another program's, shows it as that next opening would find it.
 */

export const SEAL_TYPE = 'system.audit_seal';
export const RECOVERED_TYPE = 'system.audit_recovered';
export const GAP_TYPE = 'system.audit_gap';
/** What a seal's line begins with. */
const SEAL_HEAD: string = encodeHead(SEAL_TYPE);

/** The bus's own source. */
export const BUS_SOURCE = 'event_bus';

/** The seed of the first segment's hash. */
export const FIRST_SEED: string = '0'.repeat(64);

/** The payload of a `system.audit_seal` record. */
export interface SealPayload {
  /** Counts the files of this log from 1. */
  readonly segment: number;
  /** Lines of the segment before this record. */
  readonly line: number;
  /** SHA-256 over `previous` and the segment's bytes before this record; lower-case hex, as `previous` is. */
  readonly hash: string;
  /** The whole hash of the segment before, this record of it included; zeros for the first. */
  readonly previous: string;
  /** The segment from which on all must be there; older ones were removed by rotation. */
  readonly oldest: number;
}

/** The path of a rotated file; 0 is the active one. */
export function segmentPath(path: string, number: number): string {
  if (number === 0) return path;
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}.${number}${ext}`);
}

/** The numbers of the rotated files of `path` among the names in its folder, newest first. */
export function rotatedNumbers(path: string, names: readonly string[]): number[] {
  const { name, ext } = parse(path);
  const numbers: number[] = [];
  for (const candidate of names) {
    if (!candidate.startsWith(`${name}.`) || !candidate.endsWith(ext)) continue;
    const digits = candidate.slice(name.length + 1, candidate.length - ext.length);
    if (/^[1-9]\d{0,8}$/.test(digits)) numbers.push(Number(digits));
  }
  return numbers.sort((a, b) => a - b);
}

/** Beside the log, so that another spelling of the path finds the same one. */
export function lockPath(path: string): string {
  return join(dirname(path), `${basename(path)}.lock`);
}

/** One line of the log's own, without its line feed. */
export function systemLine(eventType: string, payload: object): string {
  const now = Date.now();
  return encodeEvent(encodeHead(eventType), encodePayload(payload), now, nextEventId(now), BUS_SOURCE, null);
}

const SEAL_HEAD_BYTES: Buffer = Buffer.from(SEAL_HEAD);
const LETTER_OF_SEAL = SEAL_HEAD.indexOf('seal');

/** Whether a line is a seal by what it begins with. */
export function isSealAt(bytes: Buffer, from: number, to: number): boolean {
  // One letter tells nearly every other line without a call.
  if (to - from <= SEAL_HEAD_BYTES.length || bytes[from + LETTER_OF_SEAL] !== SEAL_HEAD_BYTES[LETTER_OF_SEAL])
    return false;
  return bytes.compare(SEAL_HEAD_BYTES, 0, SEAL_HEAD_BYTES.length, from, from + SEAL_HEAD_BYTES.length) === 0;
}

/** The seal in a line, undefined when it is another record or a damaged one. */
export function parseSeal(line: Buffer): SealPayload | undefined {
  if (!isSealAt(line, 0, line.length)) return undefined;
  try {
    const { payload } = JSON.parse(line.toString()) as { payload: SealPayload };
    const numbers = [payload.segment, payload.line, payload.oldest];
    const hashes = [payload.hash, payload.previous];
    const sound = numbers.every(Number.isSafeInteger) && hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash));
    return sound ? payload : undefined;
  } catch {
    return undefined;
  }
}

/** A line feed and the beginning of a seal. */
export const SEAL_LINE: Buffer = Buffer.from(`\n${SEAL_HEAD}`);
