import { types } from 'node:util';
import { isPlainObject, messageOf } from './codec.ts';

/** An error as data: what survives a thread hop, a file, a dead letter. */
export interface SerializedError {
  name: string;
  message: string;
  stack?: string;
  code?: string | number;
  cause?: SerializedError | { value: unknown };
  /** Of an AggregateError. */
  errors?: (SerializedError | { value: unknown })[];
  /** Other own properties that JSON can hold. */
  properties?: Record<string, unknown>;
}

const MAX_DEPTH = 8;
const MAX_ERRORS = 100;
const MAX_TEXT = 64 * 1024;
const OWN_FIELDS = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors']);

/** Takes whatever was thrown: null, a string, a frozen object, an error with throwing getters. Never throws. */
export function serializeError(thrown: unknown): SerializedError {
  try {
    return serializeAt(thrown, 0, new Set());
  } catch {
    // A proxy can throw at any look.
    return { name: 'Error', message: 'a handler threw a value that throws when it is read' };
  }
}

function serializeAt(thrown: unknown, depth: number, seen: Set<object>): SerializedError {
  if (!isErrorLike(thrown)) {
    const shown = jsonValue(thrown);
    return {
      name: 'Error',
      message: `a handler threw ${thrown === null ? 'null' : typeof thrown === 'object' ? 'an object' : `${typeof thrown} ${messageOf(thrown)}`.slice(0, 1000)}`,
      cause: { value: shown },
    };
  }
  seen.add(thrown);
  const result: SerializedError = { name: text(thrown, 'name') ?? 'Error', message: text(thrown, 'message') ?? '' };
  const stack = text(thrown, 'stack');
  if (stack !== undefined) result.stack = stack;
  const code = read(thrown, 'code');
  if (typeof code === 'string' || typeof code === 'number') result.code = code;
  const inner = (value: unknown): SerializedError | { value: unknown } => {
    if (!isErrorLike(value)) return { value: jsonValue(value) };
    if (seen.has(value) || depth >= MAX_DEPTH) return { value: `[${text(value, 'name') ?? 'Error'}: see above]` };
    return serializeAt(value, depth + 1, seen);
  };
  if (has(thrown, 'cause')) result.cause = inner(read(thrown, 'cause'));
  const errors = read(thrown, 'errors');
  if (Array.isArray(errors)) result.errors = errors.slice(0, MAX_ERRORS).map(inner);
  const properties: Record<string, unknown> = {};
  let any = false;
  for (const key of keys(thrown)) {
    if (OWN_FIELDS.has(key)) continue;
    const value = jsonValue(read(thrown, key));
    if (value === undefined) continue;
    Object.defineProperty(properties, key, { value, enumerable: true, configurable: true, writable: true });
    any = true;
  }
  if (any) result.properties = properties;
  return result;
}

const CLASSES: Record<string, new (message: string) => Error> = {
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};

/** An Error with everything that was kept; of the built-in class where the name says so. */
export function deserializeError(data: SerializedError): Error {
  const Class = Object.hasOwn(CLASSES, data.name) ? CLASSES[data.name]! : Error;
  const error =
    data.errors === undefined ? new Class(data.message) : new AggregateError(data.errors.map(revive), data.message);
  const define = (key: string, value: unknown, enumerable: boolean): void => {
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  };
  if (error.name !== data.name) define('name', data.name, false);
  define('stack', data.stack ?? `${data.name}: ${data.message}`, false);
  if (data.cause !== undefined) define('cause', revive(data.cause), false);
  if (data.code !== undefined) define('code', data.code, true);
  for (const [key, value] of Object.entries(data.properties ?? {})) define(key, value, true);
  return error;
}

/** Whether a value out of a file has the form of one, also in its causes. */
export function isSerializedError(value: unknown): value is SerializedError {
  return isSerializedAt(value, 0);
}

function isSerializedAt(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH + 1) return false;
  const { name, message, stack, code, cause, errors, properties } = value as Record<string, unknown>;
  const inner = (each: unknown): boolean =>
    isSerializedAt(each, depth + 1) ||
    (typeof each === 'object' && each !== null && 'value' in each && !('name' in each) && !('message' in each));
  return (
    typeof name === 'string' &&
    typeof message === 'string' &&
    (stack === undefined || typeof stack === 'string') &&
    (code === undefined || typeof code === 'string' || typeof code === 'number') &&
    (cause === undefined || inner(cause)) &&
    (errors === undefined || (Array.isArray(errors) && errors.every(inner))) &&
    (properties === undefined || (typeof properties === 'object' && properties !== null))
  );
}

function revive(data: SerializedError | { value: unknown }): unknown {
  return 'name' in data ? deserializeError(data) : data.value;
}

function isErrorLike(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isNativeError(value)) return true;
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

function read(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function has(object: object, key: string): boolean {
  try {
    return Object.hasOwn(object, key);
  } catch {
    return false;
  }
}

function keys(object: object): string[] {
  try {
    return Object.keys(object);
  } catch {
    return [];
  }
}

function text(object: object, key: string): string | undefined {
  const value = read(object, key);
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined;
}

/** The value as JSON makes it, undefined where it makes nothing or throws. */
function jsonValue(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'string') return value.slice(0, MAX_TEXT);
  if (
    typeof value === 'object' &&
    !Array.isArray(value) &&
    !isPlainObject(value) &&
    typeof read(value, 'toJSON') !== 'function'
  ) {
    return undefined;
  }
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined || json.length > MAX_TEXT ? undefined : (JSON.parse(json) as unknown);
  } catch {
    return undefined;
  }
}
