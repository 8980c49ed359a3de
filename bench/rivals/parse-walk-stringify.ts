import { redactionSide } from '../redaction.ts';
import type { OpenSide } from '../scenario.ts';

const TOKEN = '[REDACTED]';
const PATTERNS: readonly RegExp[] = [
  /[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/g,
  /\b(?:\d[ -]?){13,19}\b/g,
  /\b\d{3}-\d{2}-\d{4}\b/g,
  /\b(?:\d{1,3}\.){3}\d{1,3}\b/g,
  /\+?\b\d{3}[-. ]\d{3}[-. ]\d{4}\b/g,
  /\bAKIA[A-Z0-9]{16}\b/g,
  /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g,
  /\bgh[pousr]_[A-Za-z0-9]{36}\b/g,
  /\bBearer\s+[\w.~+/-]+=*/gi,
  /\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/g,
  /\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b/g,
];
const KEYS = new Set([
  'password',
  'secret',
  'token',
  'api_key',
  'email',
  'ssn',
  'credit_card',
  'phone',
  'authorization',
]);

function walk(value: unknown): unknown {
  if (typeof value === 'string') {
    let text = value;
    for (const pattern of PATTERNS) text = text.replace(pattern, TOKEN);
    return text;
  }
  if (Array.isArray(value)) return value.map(walk);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    copy[key] = KEYS.has(key.toLowerCase()) ? TOKEN : walk((value as Record<string, unknown>)[key]);
  }
  return copy;
}

/** What most programs do: each line parsed, every string in it searched by twelve patterns, and written anew. */
export const open: OpenSide = async ({ quick }) =>
  redactionSide(quick, (line) => {
    const event = JSON.parse(line) as Record<string, unknown>;
    event.payload = walk(event.payload);
    event.source = walk(event.source);
    event.correlation_id = walk(event.correlation_id);
    return JSON.stringify(event);
  });
