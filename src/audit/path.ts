import { lstatSync, mkdirSync, openSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explain } from '../advice.ts';
import { AuditOpenError } from '../errors.ts';

const MAX_LINKS = 40;

/** The one true path of a log, whatever links and spellings lead to it. Makes its folder if told to. Throws AuditOpenError. */
export function resolveLogPath(given: string | URL, make = true): string {
  const path = resolve(given instanceof URL ? fileURLToPath(given) : given);
  try {
    if (make) mkdirSync(dirname(path), { recursive: true });
    return realPath(path, 0);
  } catch (error) {
    throw openError(path, error);
  }
}

function realPath(path: string, links: number): string {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  const folder = realpathSync.native(dirname(path));
  if (entry === undefined) return join(folder, basename(path));
  if (!entry.isSymbolicLink()) return realpathSync.native(path);
  // A link to a file that is not there yet names the file that will be.
  if (links === MAX_LINKS) throw new Error('too many links');
  const target = resolve(folder, readlinkSync(path));
  return realPath(target, links + 1);
}

/** Opens the file, makes it if need be, readable by its owner alone. Throws AuditOpenError when it can't be written. */
export function openWritable(path: string): number {
  try {
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry?.isDirectory()) throw Object.assign(new Error('EISDIR: it is a directory'), { code: 'EISDIR' });
    if (entry !== undefined && !entry.isFile()) throw new Error('it is no regular file');
    return openSync(path, 'a+', 0o600);
  } catch (error) {
    throw openError(path, error);
  }
}

export function openError(path: string, cause: unknown): AuditOpenError {
  return new AuditOpenError(path, explain(cause, path), { cause });
}
