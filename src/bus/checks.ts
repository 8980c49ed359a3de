import { encodePayload, isPlainObject, messageOf } from '../codec.ts';
import { ValidationError } from '../errors.ts';
import type { ResolvedOptions } from '../options/bus.ts';
import { compileSerializer } from '../schema-serializer.ts';
import { parsePayload } from '../schemas.ts';
import { snapshot } from '../snapshot.ts';
import type { Payload } from '../types.ts';
import { EventValidator } from '../validation.ts';

/** What a check gets of an event. */
export type Checked<Result> = (eventType: string, payload: unknown, source: string | undefined) => Result;

/** Both throw what is wrong with the event. */
export interface Checks {
  /** The payload as JSON. */
  readonly encode: Checked<string>;
  /** A frozen copy of the payload for an event that stays on this thread, or JSON where that takes JSON to make. */
  readonly snapshot: Checked<Payload | string>;
  /** Something is checked beyond what every bus checks. */
  readonly enabled: boolean;
}

/**
 * What a bus does with an event before it is emitted, as functions that are chosen when the bus is made: a bus that
 * validates nothing goes straight to JSON. `invalid` is called for an event that fails, whether or not it may pass.
 */
export function createChecks(options: ResolvedOptions, invalid: (eventType: string) => void): Checks {
  const validate = validating(options, invalid);
  const schemas = new Map(Object.entries(options.schemas));
  if (schemas.size === 0 && validate === undefined) {
    return {
      encode: (_eventType, payload) => encodePayload(payload),
      snapshot: (_eventType, payload) => snapshot(payload),
      enabled: false,
    };
  }
  const writers = new Map<string, (payload: unknown) => string>();
  if (options.compileSchemas) {
    for (const [eventType, schema] of schemas) {
      const write = compileSerializer(eventType, schema);
      if (write !== undefined) writers.set(eventType, write);
    }
  }
  const check: Checked<unknown> = (eventType, payload, source) => {
    // What is no payload at all is InvalidEventError, with a schema as without.
    if (!isPlainObject(payload)) return encodePayload(payload);
    validate?.(eventType, payload, source);
    const schema = schemas.get(eventType);
    if (schema === undefined) return payload;
    try {
      return parsePayload(schema, eventType, payload);
    } catch (error) {
      invalid(eventType);
      throw error;
    }
  };
  const through =
    <Result>(otherwise: (payload: unknown) => Result): Checked<Result | string> =>
    (eventType, payload, source) => {
      const checked = check(eventType, payload, source);
      return (writers.get(eventType) ?? otherwise)(checked);
    };
  return { encode: through(encodePayload), snapshot: through(snapshot), enabled: true };
}

function validating(
  { validateEvents, validator: given }: ResolvedOptions,
  invalid: (eventType: string) => void,
): Checked<void> | undefined {
  const validator =
    validateEvents === false ? undefined : (given ?? (validateEvents ? new EventValidator() : undefined));
  if (validator === undefined) return undefined;
  return (eventType, payload, source) => {
    let error: ValidationError;
    try {
      const { ok, errors } = validator.validate({ eventType, payload, source });
      if (ok) return;
      error = new ValidationError(eventType, errors);
    } catch (cause) {
      error = new ValidationError(eventType, [`its validator threw: ${messageOf(cause)}`], { cause });
    }
    invalid(eventType);
    if (validator.strict !== false) throw error;
  };
}
