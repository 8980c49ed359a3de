import type { EmitOptions, IngestOptions } from '../types.ts';
import { Check } from './check.ts';

/** A line becomes a string, which Node bounds at half a gigabyte. */
const MAX_LINE_BYTES = 1 << 28;

export interface ResolvedIngestOptions {
  /** Undefined: lines are events' own. */
  readonly eventType: string | undefined;
  readonly ndjson: boolean;
  readonly emit: EmitOptions;
  readonly onMalformed: IngestOptions['onMalformed'];
  readonly maxLineBytes: number;
  readonly maxPendingBytes: number;
  readonly whenFull: 'wait' | 'policy';
  readonly signal: AbortSignal | undefined;
  readonly stopSignal: AbortSignal | undefined;
}

const INGEST_OPTIONS: readonly (keyof IngestOptions)[] = [
  'eventType',
  'ndjson',
  'source',
  'correlationId',
  'orderingKey',
  'onMalformed',
  'maxLineBytes',
  'maxPendingBytes',
  'whenFull',
  'signal',
  'stopSignal',
];

/** Throws one ConfigError that names every fault. */
export function resolveIngestOptions(options: IngestOptions): ResolvedIngestOptions {
  const check = new Check();
  const given = check.options('options', options, 'ingest', INGEST_OPTIONS);
  const { eventType, onMalformed, whenFull = 'wait' } = given;
  const emit: Record<string, unknown> = {};
  for (const name of ['eventType', 'source', 'correlationId', 'orderingKey'] as const) {
    const value = given[name];
    if (value === undefined && (name !== 'eventType' || given.ndjson === true)) continue;
    if (value === undefined)
      check.problems.push(
        'ingest needs eventType, the type of the events that it makes of the payloads; or ndjson: true, for lines that each have their own',
      );
    else if (typeof value !== 'string' || value.trim() === '') check.fail(name, value, 'a non-blank string');
    else if (name !== 'eventType') emit[name] = value;
  }
  check.func('onMalformed', onMalformed);
  const signal = check.signal('signal', given.signal);
  const stopSignal = check.signal('stopSignal', given.stopSignal);
  if (whenFull !== 'wait' && whenFull !== 'policy') check.fail('whenFull', whenFull, "'wait' or 'policy'");
  const ndjson = check.boolean('ndjson', given.ndjson, false);
  const maxLineBytes = check.integer('maxLineBytes', given.maxLineBytes, 16 << 20, 1, MAX_LINE_BYTES);
  const maxPendingBytes = check.integer('maxPendingBytes', given.maxPendingBytes, 64 << 20, 1, Number.MAX_SAFE_INTEGER);
  check.done();
  return {
    eventType: eventType as string | undefined,
    ndjson,
    emit: emit as EmitOptions,
    onMalformed: onMalformed as IngestOptions['onMalformed'],
    maxLineBytes,
    maxPendingBytes,
    whenFull: whenFull as ResolvedIngestOptions['whenFull'],
    signal,
    stopSignal,
  };
}
