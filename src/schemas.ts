import type { StandardSchemaV1 } from '@standard-schema/spec';
import { messageOf } from './codec.ts';
import { ValidationError } from './errors.ts';
import { isThenable } from './handler-result.ts';

/** So many faults of one payload are written out; a list of a million wrong items must not become a million sentences. */
const MAX_PROBLEMS = 20;

/**
 * What the schema makes of a payload: its output, which is what is emitted. Throws ValidationError, which names every
 * fault with its path.
 */
export function parsePayload(schema: StandardSchemaV1, eventType: string, payload: object): object {
  let result: ReturnType<StandardSchemaV1['~standard']['validate']>;
  let problems: string[] | undefined;
  try {
    result = schema['~standard'].validate(payload);
    problems = isThenable(result) ? undefined : problemsOf(result);
  } catch (error) {
    throw new ValidationError(eventType, [`its schema threw: ${messageOf(error)}`], { cause: error });
  }
  if (isThenable(result)) {
    // Nobody waits for it, so nobody must hear of its rejection either.
    Promise.resolve(result).catch(() => {});
    throw new ValidationError(eventType, [
      'its schema is asynchronous, and emit does not wait: make its checks synchronous',
    ]);
  }
  if (problems !== undefined) throw new ValidationError(eventType, problems);
  return (result as StandardSchemaV1.SuccessResult<object>).value;
}

/** Undefined: the schema found none. */
function problemsOf({ issues }: StandardSchemaV1.Result<unknown>): string[] | undefined {
  if (issues === undefined) return undefined;
  const problems = issues.slice(0, MAX_PROBLEMS).map((issue) => `${pathOf(issue)}: ${issue.message}`);
  if (issues.length > MAX_PROBLEMS) problems.push(`and ${issues.length - MAX_PROBLEMS} more`);
  if (problems.length === 0) problems.push('refused by its schema without a reason');
  return problems;
}

function pathOf({ path = [] }: StandardSchemaV1.Issue): string {
  let text = 'payload';
  for (const segment of path) {
    const key = typeof segment === 'object' ? segment.key : segment;
    text += typeof key === 'number' ? `[${key}]` : `.${String(key)}`;
  }
  return text;
}
