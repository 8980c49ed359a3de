import { inspect } from 'node:util';
import { InvalidEventError } from './errors.ts';
import type { EmitOptions } from './types.ts';

const NONE: EmitOptions = Object.freeze({});
const KEYS = ['source', 'correlationId', 'orderingKey'] as const;

/** Of an emit that is waited for. Throws InvalidEventError. */
export function resolveEmitSignal(options: { signal?: AbortSignal } | undefined): AbortSignal | undefined {
  const signal = options?.signal;
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new InvalidEventError(`emit's signal must be an AbortSignal, got ${inspect(signal, { depth: 0 })}`);
}

/** Checks what an emit was given beside its payload. The body is still the caller's. Throws InvalidEventError. */
export function resolveEmitOptions(options: EmitOptions | undefined): EmitOptions {
  if (options === undefined) return NONE;
  if (typeof options !== 'object' || options === null) {
    throw new InvalidEventError(`emit's options must be an object, got ${inspect(options, { depth: 0 })}`);
  }
  for (const key of KEYS) {
    const value: unknown = options[key];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new InvalidEventError(`emit's ${key} must be a non-empty string, got ${inspect(value, { depth: 0 })}`);
    }
  }
  if (options.body !== undefined && !(options.body instanceof Uint8Array)) {
    throw new InvalidEventError(`emit's body must be a Uint8Array, got ${inspect(options.body, { depth: 0 })}`);
  }
  if (options.body?.length === 0) checkAttached(options.body);
  return options;
}

/** The same for later: what the caller does to them and to the body is not seen. */
export function ownOptions(options: EmitOptions): EmitOptions {
  return { ...options, ...(options.body && { body: new Uint8Array(options.body) }) };
}

/** A body whose buffer was transferred looks like an empty one until it is copied. */
function checkAttached(body: Uint8Array): void {
  try {
    new Uint8Array(body);
  } catch (cause) {
    throw new InvalidEventError("emit's body was transferred to a thread, so it has no bytes here: emit before that", {
      cause,
    });
  }
}
