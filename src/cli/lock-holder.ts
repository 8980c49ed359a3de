import { lockHolder } from '../audit/lock.ts';
import { DeadLetterFileError } from '../errors.ts';

/** An error that a file is taken, with who has it where that can be told. */
export function describeLock(path: string, error: unknown): unknown {
  if (!DeadLetterFileError.is(error)) return error;
  const holder = lockHolder(`${path}.lock`);
  if (holder === undefined || holder.pid === process.pid) return error;
  return new DeadLetterFileError(`${error.message}: process ${holder.pid}`, { cause: error });
}
