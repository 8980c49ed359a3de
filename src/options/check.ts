import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigError } from '../errors.ts';
import { nearest } from './near.ts';

/** Gathers all faults of one options object, so that the caller sees them at once. */
export class Check {
  readonly problems: string[] = [];

  fail(name: string, value: unknown, expected: string): void {
    this.problems.push(`${name} must be ${expected}, got ${inspect(value, { depth: 0, breakLength: Infinity })}`);
  }

  integer(name: string, value: unknown, fallback: number, min: number, max: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.fail(name, value, `an integer from ${min} to ${max}`);
    return fallback;
  }

  /** A positive integer, or Infinity: none. */
  limit(name: string, value: unknown, fallback: number = Number.POSITIVE_INFINITY): number {
    if (value === Number.POSITIVE_INFINITY) return value;
    return this.integer(name, value, fallback, 1, Number.MAX_SAFE_INTEGER);
  }

  /** Any positive number; 0 and Infinity mean none where `zero` allows it. */
  duration(name: string, value: unknown, fallback: number, zero: boolean): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && value > 0) return value;
    if (zero && value === 0) return Number.POSITIVE_INFINITY;
    this.fail(
      name,
      value,
      zero ? 'a positive number of milliseconds, 0 or Infinity' : 'a positive number of milliseconds',
    );
    return fallback;
  }

  powerOfTwo(name: string, value: unknown, fallback: number, min: number, max: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && value >= min && value <= max && Number.isInteger(Math.log2(value))) return value;
    this.fail(name, value, `a power of two from ${min} to ${max}`);
    return fallback;
  }

  /** A wait of the caller's: any number from 0, Infinity included. */
  wait(name: string, value: unknown, fallback: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && value >= 0) return value;
    this.fail(name, value, 'a number of milliseconds from 0');
    return fallback;
  }

  object(name: string, value: unknown): boolean {
    if (value === undefined) return false;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return true;
    this.fail(name, value, 'an object');
    return false;
  }

  /** An option that nobody reads is a typo that would be silently without effect. */
  known(owner: string, value: object, keys: readonly string[]): void {
    for (const key of Object.keys(value)) {
      if (keys.includes(key)) continue;
      const meant = nearest(key, keys);
      this.problems.push(
        `${owner} has no option ${inspect(key)}${meant === undefined ? `; it takes ${keys.join(', ')}` : `: did you mean ${meant}?`}`,
      );
    }
  }

  /** The options that `owner` was given, as they are now; none where they are no object. */
  options(name: string, value: unknown, owner: string, keys: readonly string[]): Record<string, unknown> {
    const given: Record<string, unknown> = this.object(name, value) ? { ...(value as object) } : {};
    this.known(owner, given, keys);
    return given;
  }

  signal(name: string, value: unknown): AbortSignal | undefined {
    if (value === undefined || value instanceof AbortSignal) return value;
    this.fail(name, value, 'an AbortSignal');
    return undefined;
  }

  func(name: string, value: unknown): void {
    if (value !== undefined && typeof value !== 'function') this.fail(name, value, 'a function');
  }

  /** Of a file. */
  path(name: string, value: unknown): string | URL | undefined {
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    if (value instanceof URL && value.protocol === 'file:') return value;
    this.fail(name, value, 'a non-empty string or a file URL');
    return undefined;
  }

  boolean<T>(name: string, value: unknown, fallback: T): boolean | T {
    if (value === undefined || typeof value === 'boolean') return value ?? fallback;
    this.fail(name, value, 'a boolean');
    return fallback;
  }

  /** An object with these methods; of which class it is doesn't matter. */
  methods(name: string, value: unknown, methods: readonly string[], expected: string): void {
    if (value === undefined) return;
    const found = value as Record<string, unknown> | null;
    if (methods.some((method) => typeof found?.[method] !== 'function')) this.fail(name, value, expected);
  }

  schemas(value: unknown): Readonly<Record<string, StandardSchemaV1>> {
    if (!this.object('schemas', value)) return {};
    for (const [eventType, schema] of Object.entries(value as object)) {
      const standard = (schema as Partial<StandardSchemaV1> | null | undefined)?.['~standard'];
      if (typeof standard?.validate !== 'function')
        this.fail(`schemas[${inspect(eventType)}]`, schema, 'a Standard Schema');
    }
    return { ...(value as Record<string, StandardSchemaV1>) };
  }

  done(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}
