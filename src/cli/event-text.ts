import type { BusEvent } from '../event.ts';
import { clip, printable, type Style } from './terminal.ts';

const MAX_PAYLOAD = 1_000;

const ERRORS: ReadonlySet<string> = new Set([
  'system.handler_error',
  'system.handler_late_error',
  'system.handler_quarantined',
  'system.audit_error',
  'system.audit_gap',
]);

export function tellsOfError(eventType: string): boolean {
  return ERRORS.has(eventType);
}

/** `2026-01-31 12:00:00.000` in UTC, as logs of several machines need it. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'at no time' : date.toISOString().slice(0, -1).replace('T', ' ');
}

/** One event on one line, with nothing in it that a terminal would obey. */
export function eventText(event: BusEvent, paint: (style: Style, text: string) => string): string {
  const { eventType, timestamp, source, correlationId } = event;
  const type = printable(eventType);
  const payload = clip(printable(jsonText(event.payload)), MAX_PAYLOAD);
  const tags = [
    source !== null && `from ${printable(source)}`,
    correlationId !== null && `in ${printable(correlationId)}`,
  ];
  const told = tags.filter((tag) => tag !== false).join(' ');
  const style: Style = tellsOfError(eventType) ? 'red' : eventType.startsWith('system.') ? 'dim' : 'cyan';
  return `${paint('dim', timeText(timestamp))}  ${paint(style, type)}  ${payload}${told === '' ? '' : `  ${paint('dim', told)}`}`;
}

/** What nests too deeply can be parsed and not be written. */
function jsonText(payload: unknown): string {
  try {
    return JSON.stringify(payload);
  } catch {
    return '(nested too deeply to be shown)';
  }
}
