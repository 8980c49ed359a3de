import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type FastJson from 'fast-json-stringify';
import { encodePayload, messageOf } from './codec.ts';
import { ConfigError, SerializationError } from './errors.ts';

/** The first payloads of a type are all compared, later ones now and then. */
const FIRST = 64;
const EVERY = 1024;

/**
 * A writer of JSON that is compiled from the schema, where the schema offers JSON Schema; undefined where it offers none,
 * or where fast-json-stringify is not there: in a bundle of the whole program.
 *
 * fast-json-stringify leaves out keys that are not declared and turns null into "" or 0 without a word. So what it writes
 * is compared with JSON.stringify on a sample, and a difference throws SerializationError: the event is not emitted.
 * Throws ConfigError when the schema can't be compiled.
 */
export function compileSerializer(
  eventType: string,
  schema: StandardSchemaV1,
): ((payload: unknown) => string) | undefined {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  if (typeof jsonSchema?.output !== 'function') return undefined;
  const fastJson = compiler();
  if (fastJson === undefined) return undefined;
  let write: (payload: unknown) => string;
  try {
    const { $schema: _, ...definition } = jsonSchema.output({ target: 'draft-07' });
    write = fastJson(definition as unknown as FastJson.Schema) as (payload: unknown) => string;
  } catch (error) {
    throw new ConfigError(`the schema of ${eventType} can't be compiled: ${messageOf(error)}`, { cause: error });
  }
  let count = 0;
  return (payload) => {
    if (count++ < FIRST || count % EVERY === 0) {
      // Also what tells payloads apart that are no objects.
      const plain = encodePayload(payload);
      compare(eventType, plain, attempt(eventType, write, payload));
      return plain;
    }
    return attempt(eventType, write, payload);
  };
}

let loaded: typeof FastJson | null | undefined;

/** Loaded by the first schema, since that takes longer than the rest of the library; at once, since a constructor waits. */
function compiler(): typeof FastJson | undefined {
  if (loaded === undefined) {
    try {
      loaded = createRequire(import.meta.url)('fast-json-stringify') as typeof FastJson;
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}

function attempt(eventType: string, write: (payload: unknown) => string, payload: unknown): string {
  try {
    return write(payload);
  } catch (error) {
    throw new SerializationError(`${eventType}: its compiled schema can't write the payload: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function compare(eventType: string, plain: string, compiled: string): void {
  if (plain === compiled) return;
  let same = false;
  try {
    same = isDeepStrictEqual(JSON.parse(plain), JSON.parse(compiled));
  } catch {
    // What was compiled writes no JSON.
  }
  if (!same) {
    throw new SerializationError(
      `${eventType}: its compiled schema writes ${compiled.slice(0, 200)} where JSON.stringify writes ${plain.slice(0, 200)}`,
    );
  }
}
