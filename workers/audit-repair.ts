import { constants } from 'node:buffer';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { RECOVERED_TYPE, systemLine } from '../src/audit-format.ts';
import { lastLineEnd } from './audit-scan.ts';

const OBJECT_END = 125;
/** A torn line is kept up to so many bytes in the record that replaces it. */
const MAX_KEPT_BYTES = 65_536;

/**
 * Repairs the last line of a log whose writer was killed in the middle of it. A line that is all there but for its line
 * feed gets one, up to `maxLineBytes`, by default what a string can hold. Of any other the record takes the place: written
 * over it before the rest is cut off, so that a kill in between leaves a shorter torn line and never an unrecorded loss.
 * Returns the torn bytes, 0 for a sound file.
 */
export function repairTail(
  path: string,
  fd: number,
  redact: (line: string) => string,
  maxLineBytes: number = constants.MAX_STRING_LENGTH,
): number {
  const size = fstatSync(fd).size;
  if (size === 0) return 0;
  const end = lastLineEnd(fd);
  if (end === size) return 0;
  const tornBytes = size - end;
  if (tornBytes <= maxLineBytes && isWhole(fd, end, tornBytes)) {
    writeFully(path, Buffer.from('\n'), size);
    return 0;
  }
  const kept = readFully(fd, end, Math.min(tornBytes, MAX_KEPT_BYTES)).toString();
  const line = redact(systemLine(RECOVERED_TYPE, { torn_bytes: tornBytes, torn_text: kept }));
  const record = Buffer.from(`${line}\n`);
  writeFully(path, record, end);
  ftruncateSync(fd, end + record.length);
  return tornBytes;
}

function isWhole(fd: number, position: number, length: number): boolean {
  // Most torn lines show it here, and what may be long need not be read.
  if (readFully(fd, position + length - 1, 1)[0] !== OBJECT_END) return false;
  try {
    JSON.parse(readFully(fd, position, length).toString());
    return true;
  } catch {
    return false;
  }
}

function readFully(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const count = readSync(fd, bytes, read, length - read, position + read);
    if (count === 0) break;
    read += count;
  }
  return bytes;
}

/** At a position, which a file opened for appending has no way to. */
function writeFully(path: string, bytes: Buffer, position: number): void {
  const fd = openSync(path, 'r+');
  try {
    let written = 0;
    while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written, position + written);
  } finally {
    closeSync(fd);
  }
}
