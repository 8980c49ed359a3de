import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigError } from '../errors.ts';

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

  /** A positive integer, or Infinity, which is the default. */
  limit(name: string, value: unknown): number {
    if (value === Number.POSITIVE_INFINITY) return value;
    return this.integer(name, value, Number.POSITIVE_INFINITY, 1, Number.MAX_SAFE_INTEGER);
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
    if (typeof value === 'number' && value >= min && value <= max && (value & (value - 1)) === 0) return value;
    this.fail(name, value, `a power of two from ${min} to ${max}`);
    return fallback;
  }

  object(name: string, value: unknown): boolean {
    if (value === undefined) return false;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return true;
    this.fail(name, value, 'an object');
    return false;
  }

  /** An option that nobody reads is a typo that would be silently without effect. */
  known(name: string, value: object, keys: readonly string[]): void {
    for (const key of Object.keys(value)) {
      if (!keys.includes(key)) this.problems.push(`${name} has no option ${inspect(key)}; it takes ${keys.join(', ')}`);
    }
  }

  boolean<T>(name: string, value: unknown, fallback: T): boolean | T {
    if (value === undefined) return fallback;
    if (typeof value !== 'boolean') this.fail(name, value, 'a boolean');
    return value as boolean;
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
