import { UsageError } from './command.ts';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const PART = /(\d+(?:\.\d+)?)(ms|[smhdw])/y;

/** `90s`, `1h30m`, `7d` in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  let sum = 0;
  PART.lastIndex = 0;
  for (let at = 0; at < text.length; at = PART.lastIndex) {
    const part = PART.exec(text);
    if (part === null) return undefined;
    sum += Number(part[1]) * UNITS[part[2]!]!;
  }
  return text === '' ? undefined : sum;
}

/** Throws UsageError. */
export function durationOption(name: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new UsageError(`--${name} must be a duration such as 10m, 2h or 7d, got ${quote(text)}`);
  return ms;
}

/** A moment: so long ago, or a date as in ISO 8601. In milliseconds since the epoch. Throws UsageError. */
export function momentOption(name: string, text: string, nowMs: number): number {
  const ago = parseDuration(text);
  if (ago !== undefined) return nowMs - ago;
  const moment = /^\d{4}-\d\d(-\d\d([T ][\d:.]+(Z|[+-]\d\d:?\d\d)?)?)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) {
    throw new UsageError(
      `--${name} must be a date such as 2026-01-31T12:00Z, or how long ago: 10m, 2h; got ${quote(text)}`,
    );
  }
  return moment;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
