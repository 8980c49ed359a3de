import { encodePayload, isPlainObject } from '../codec.ts';
import { ValidationError } from '../errors.ts';
import type { ResolvedOptions } from '../options/bus.ts';
import { compileSerializer } from '../schema-serializer.ts';
import { parsePayload } from '../schemas.ts';
import { EventValidator } from '../validation.ts';

/** Turns the payload of an event into JSON, or throws what is wrong with the event. */
export type Encode = (eventType: string, payload: unknown, source: string | undefined) => string;

export interface Checks {
  readonly encode: Encode;
  /** Something is checked beyond what every bus checks. */
  readonly enabled: boolean;
}

/**
 * What a bus does with an event before it is emitted, as one function that is chosen when the bus is made: a bus that
 * validates nothing goes straight to JSON. `invalid` is called for an event that fails, whether or not it may pass.
 */
export function createChecks(options: ResolvedOptions, invalid: (eventType: string) => void): Checks {
  const validate = validating(options, invalid);
  const schemas = Object.entries(options.schemas);
  if (schemas.length === 0) {
    if (validate === undefined) return { encode: (_eventType, payload) => encodePayload(payload), enabled: false };
    return {
      encode: (eventType, payload, source) => {
        validate(eventType, payload, source);
        return encodePayload(payload);
      },
      enabled: true,
    };
  }
  const byType = new Map(
    schemas.map(([eventType, schema]) => [
      eventType,
      { schema, write: (options.compileSchemas && compileSerializer(eventType, schema)) || encodePayload },
    ]),
  );
  return {
    encode: (eventType, payload, source) => {
      validate?.(eventType, payload, source);
      const entry = byType.get(eventType);
      // What is no payload at all is InvalidEventError, with a schema as without.
      if (entry === undefined || !isPlainObject(payload)) return encodePayload(payload);
      let parsed: object;
      try {
        parsed = parsePayload(entry.schema, eventType, payload);
      } catch (error) {
        invalid(eventType);
        throw error;
      }
      return entry.write(parsed);
    },
    enabled: true,
  };
}

function validating(
  { validateEvents, validator: given }: ResolvedOptions,
  invalid: (eventType: string) => void,
): ((...event: Parameters<Encode>) => void) | undefined {
  const validator =
    validateEvents === false ? undefined : (given ?? (validateEvents ? new EventValidator() : undefined));
  if (validator === undefined) return undefined;
  return (eventType, payload, source) => {
    if (!isPlainObject(payload)) return;
    const { ok, errors } = validator.validate({ eventType, payload, source });
    if (ok) return;
    invalid(eventType);
    if (validator.strict !== false) throw new ValidationError(eventType, errors);
  };
}
