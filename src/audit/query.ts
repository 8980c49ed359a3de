import { isDate } from 'node:util/types';
import { BUS_SOURCE, SEAL_TYPE } from '../audit-format.ts';
import { ConfigError } from '../errors.ts';
import type { BusEvent } from '../event.ts';
import { Check } from '../options/check.ts';
import { resolvePatterns } from '../options/subscribe.ts';
import { compilePattern } from '../pattern.ts';

export interface AuditQuery {
  /** Exact or a pattern. @default every event but seals */
  eventType?: string;
  /** Milliseconds since the epoch or a Date; events of that moment are included. */
  since?: number | Date;
  /** Only events of this flow. @default all */
  correlationId?: string;
  /** @default 100 */
  limit?: number;
}

const QUERY_KEYS: readonly (keyof AuditQuery)[] = ['eventType', 'since', 'correlationId', 'limit'];
const DEFAULT_LIMIT = 100;

/** A query whose values have been checked. */
export interface EventFilter {
  readonly limit: number;
  readonly sinceMs: number;
  readonly correlationId: string | undefined;
  /** `source` is only asked for where the type alone does not decide. */
  matches(eventType: string, source: () => string | null): boolean;
}

/** Throws ConfigError, InvalidPatternError. */
export function resolveQuery(query: AuditQuery): EventFilter {
  const check = new Check();
  const given = check.options('query', query, 'getEvents', QUERY_KEYS);
  const { eventType, since = Number.NEGATIVE_INFINITY, correlationId, limit = DEFAULT_LIMIT } = given;
  if (typeof limit !== 'number' || !(limit >= 0)) check.fail('limit', limit, 'a number from 0');
  const sinceMs = isDate(since) ? since.getTime() : since;
  if (typeof sinceMs !== 'number' || Number.isNaN(sinceMs)) {
    check.fail('since', since, 'milliseconds since the epoch or a Date');
  }
  if (correlationId !== undefined && typeof correlationId !== 'string') {
    check.fail('correlationId', correlationId, 'a string');
  }
  if (check.problems.length > 0) throw new ConfigError(check.problems);
  return {
    limit: limit as number,
    sinceMs: sinceMs as number,
    correlationId: correlationId as string | undefined,
    matches: resolveType(eventType),
  };
}

function resolveType(eventType: unknown): EventFilter['matches'] {
  if (eventType === undefined) return (type) => type !== SEAL_TYPE;
  const [text] = resolvePatterns([eventType]) as [string];
  const pattern = compilePattern(text);
  if (pattern.kind === 'exact') return (type) => type === text;
  if (pattern.kind === 'glob') return pattern.matches;
  // As for a subscriber, * is everything but what the bus itself raises.
  return (type, source) => !(type.startsWith('system.') && source() === BUS_SOURCE);
}

export function isWanted(event: BusEvent, { sinceMs, correlationId, matches }: EventFilter): boolean {
  if (correlationId !== undefined && event.correlationId !== correlationId) return false;
  return event.timestamp >= sinceMs && matches(event.eventType, () => event.source);
}

/** What a query wants of events that come from elsewhere than `readEvents`; `limit` is up to the caller. Throws as `resolveQuery`. */
export function auditFilter(query: AuditQuery): (event: BusEvent) => boolean {
  const filter = resolveQuery(query);
  return (event) => isWanted(event, filter);
}
