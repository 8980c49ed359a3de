import { encodePayload, isPlainObject } from './codec.ts';
import type { Payload } from './types.ts';

/** What is nested deeper goes the way over JSON, which also finds cycles. */
const MAX_DEPTH = 64;

/** Only JSON knows what becomes of it. */
const UNKNOWN: unique symbol = Symbol('unknown');

/**
 * A frozen copy of a payload, the same as `JSON.parse(JSON.stringify(payload))` at a fraction of its price, for events
 * that no other thread sees. JSON itself where the payload is more than objects, arrays and plain values. Throws what
 * `encodePayload` throws.
 */
export function snapshot(payload: unknown): Payload | string {
  if (!isPlainObject(payload) || isPolluted()) return encodePayload(payload);
  try {
    const copy = copyOf(payload, MAX_DEPTH);
    if (copy !== UNKNOWN) return copy as Payload;
  } catch {
    // A getter or a proxy that throws; JSON's error says so.
  }
  return encodePayload(payload);
}

/** `for … in` lists what others have put on all objects as well. */
function isPolluted(): boolean {
  for (const _ in Object.prototype) return true;
  return false;
}

function copyOf(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      // JSON has no other numbers, and no negative zero.
      return Number.isFinite(value) ? value + 0 : null;
    case 'object':
      if (value === null) return null;
      if (depth === 0 || typeof (value as Payload).toJSON === 'function') return UNKNOWN;
      return Array.isArray(value) ? copyOfArray(value, depth - 1) : copyOfObject(value as Payload, depth - 1);
    default:
      return UNKNOWN;
  }
}

function copyOfArray(array: readonly unknown[], depth: number): unknown {
  if (Object.getPrototypeOf(array) !== Array.prototype) return UNKNOWN;
  const copy: unknown[] = [];
  for (let i = 0; i < array.length; i++) {
    const value = copyOf(array[i], depth);
    if (value === UNKNOWN) return UNKNOWN;
    copy.push(value);
  }
  return Object.freeze(copy);
}

// Key by key: on Node 20 freezing what a spread has made takes five times as long as freezing this.
function copyOfObject(object: Payload, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return UNKNOWN;
  const copy: Payload = {};
  for (const key in object) {
    const value = object[key];
    if (value === undefined) continue;
    const inner = copyOf(value, depth);
    // As a key of its own it can't be assigned.
    if (inner === UNKNOWN || key === '__proto__') return UNKNOWN;
    copy[key] = inner;
  }
  return Object.freeze(copy);
}
