import { generateCorrelationId, getCorrelationId } from './correlation.ts';

/** The header that carries a correlation id between services. */
export const CORRELATION_ID_HEADER = 'X-Correlation-ID';

/** What node:http, fetch and most frameworks call headers. */
export type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

const MAX_LENGTH = 128;
const READ_HEADERS = ['x-correlation-id', 'x-request-id'] as const;
/** W3C Trace Context: version, trace id, parent id, flags; later versions may add fields. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/**
 * The correlation id of a request: X-Correlation-ID, else X-Request-ID, else the trace id of traceparent, else a new one.
 * Names are compared without case. A value that is empty, longer than 128 characters or holds control characters is
 * passed over: it would be written into every log line. Never throws.
 */
export function extractCorrelationIdFromHeaders(headers: HeadersLike): string {
  try {
    return find(headers) ?? generateCorrelationId();
  } catch {
    // Headers whose getters or traps throw.
    return generateCorrelationId();
  }
}

function find(headers: HeadersLike): string | undefined {
  for (const name of READ_HEADERS) {
    for (const value of valuesOf(headers, name)) if (acceptable(value)) return value.trim();
  }
  for (const value of valuesOf(headers, 'traceparent')) {
    const match = TRACEPARENT.exec(value.trim());
    // Version ff is invalid, version 00 has no further fields, and a trace id of zeros is none.
    if (match === null || match[1] === 'ff' || (match[1] === '00' && match[3] !== undefined)) continue;
    if (!/^0+$/.test(match[2]!)) return match[2]!;
  }
  return undefined;
}

/**
 * Headers for an outgoing request: a copy of `headers` with the correlation id of this scope as X-Correlation-ID, unless
 * they carry one already. Outside of a scope a plain copy; an id that a header can't hold is left out.
 */
export function getHeadersWithCorrelation(headers?: HeadersLike): Record<string, string | string[]> {
  const copy: Record<string, string | string[]> = {};
  let present = false;
  for (const [name, value] of entriesOf(headers ?? {})) {
    if (value === undefined) continue;
    // Numbers are headers to node:http, and Headers gives each cookie that is set by itself.
    const text = Array.isArray(value) ? value.map(String) : String(value);
    // Not by assignment: a header that is called __proto__ would set the prototype.
    Object.defineProperty(copy, name, {
      value: Object.hasOwn(copy, name) ? [copy[name]!, text].flat() : text,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    if (name.toLowerCase() === READ_HEADERS[0]) present = true;
  }
  const id = getCorrelationId();
  // fetch refuses a header outside of Latin-1, and other software much within it.
  if (!present && id !== undefined && acceptable(id) && /^[\x20-\x7e]+$/.test(id)) copy[CORRELATION_ID_HEADER] = id;
  return copy;
}

/** Fit for a log line: C0, DEL, C1 and the Unicode line separators can forge lines and steer terminals. */
function acceptable(value: string): boolean {
  const text = value.trim();
  return text !== '' && text.length <= MAX_LENGTH && !/[\p{Cc}\u2028\u2029]/u.test(value);
}

function entriesOf(headers: HeadersLike): Iterable<[string, string | readonly string[] | undefined]> {
  return isHeaders(headers) ? headers.entries() : Object.entries(headers);
}

function* valuesOf(headers: HeadersLike, name: string): Generator<string, void, undefined> {
  if (typeof headers !== 'object' || headers === null) return;
  if (isHeaders(headers)) {
    const value = headers.get(name);
    if (value !== null) yield value;
    return;
  }
  for (const key of Object.keys(headers)) {
    if (key.toLowerCase() !== name) continue;
    const value: unknown = headers[key];
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) if (typeof one === 'string') yield one;
  }
}

/** Also one of another realm or library. */
function isHeaders(headers: HeadersLike): headers is Headers {
  return typeof (headers as Headers).get === 'function' && typeof (headers as Headers).entries === 'function';
}
