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
  const given: Record<string, unknown> = check.object('options', options) ? { ...options } : {};
  check.known('DeadLetterQueue', given, ['maxSize', 'path', 'redactor', 'storeRaw']);
  const { path, storeRaw = false } = given;
  if (
    path !== undefined &&
    !(path instanceof URL && path.protocol === 'file:') &&
    (typeof path !== 'string' || path === '')
  )
    check.fail('path', path, 'a non-empty string or a file URL');
  if (typeof storeRaw !== 'boolean') check.fail('storeRaw', storeRaw, 'a boolean');
  const redactor = given.redactor as DeadLetterQueueOptions['redactor'];
  if (check.object('redactor', redactor) && typeof redactor?.redactLine !== 'function')
    check.fail('redactor', redactor, 'a Redactor');
  const maxSize = check.integer('maxSize', given.maxSize, 10_000, 1, Number.MAX_SAFE_INTEGER);
  check.done();
  return { maxSize, path: path as string | URL | undefined, redactor, storeRaw: storeRaw as boolean };
}
