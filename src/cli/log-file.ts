import { readdirSync, statSync } from 'node:fs';
import { parse, resolve } from 'node:path';
import { rotatedNumbers } from '../audit-format.ts';
import { messageOf } from '../codec.ts';
import { UsageError } from './command.ts';

export const DEFAULT_LOG = 'events.jsonl';

/** The path of a log that is there, in its active file or rotated ones. Throws UsageError. */
export function existingLog(file: string): string {
  const path = resolve(file);
  try {
    const entry = statSync(path, { throwIfNoEntry: false });
    // A pipe can't be read from two ends, and a device may have none.
    if (entry?.isFile() === false) throw new UsageError(`${file} is no file`);
    if (entry !== undefined || rotatedNumbers(path, readdirSync(parse(path).dir)).length > 0) return path;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(messageOf(error));
  }
  throw new UsageError(`there is no log ${file}`);
}
