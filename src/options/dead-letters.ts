import type { DeadLetterQueueOptions } from '../types.ts';
import { Check } from './check.ts';

export interface ResolvedDeadLetterOptions {
  readonly maxSize: number;
  readonly path: string | URL | undefined;
  readonly redactor: DeadLetterQueueOptions['redactor'];
  readonly storeRaw: boolean;
}

/** Throws one ConfigError that names every fault. */
export function resolveDeadLetterOptions(options: DeadLetterQueueOptions | undefined): ResolvedDeadLetterOptions {
  const check = new Check();
  const given = check.options('options', options, 'DeadLetterQueue', ['maxSize', 'path', 'redactor', 'storeRaw']);
  const path = check.path('path', given.path);
  const storeRaw = check.boolean('storeRaw', given.storeRaw, false);
  const redactor = given.redactor as DeadLetterQueueOptions['redactor'];
  if (check.object('redactor', redactor) && typeof redactor?.redactLine !== 'function')
    check.fail('redactor', redactor, 'a Redactor');
  const maxSize = check.integer('maxSize', given.maxSize, 10_000, 1, Number.MAX_SAFE_INTEGER);
  check.done();
  return { maxSize, path, redactor, storeRaw };
}
